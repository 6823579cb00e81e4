// One app while it is served: its ledger, its live queries, rooms and namespaces kept in step, and the sessions that are in it.
// What the parts say goes out from here, and nowhere else.

import type { Attrs } from '../db/attrs.ts';
import { encode } from '../protocol/codec.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { WireAttr } from '../protocol/attr.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { type Commit, Ledger } from './ledger.ts';
import type { Limits } from './limits.ts';
import type { Letter, Listener } from './listener.ts';
import { Rooms } from './rooms.ts';
import type { Place } from './news.ts';
import type { AppLog } from './storage.ts';
import { SyncTables } from './sync-tables.ts';
import { Watchers } from './watchers.ts';

export interface AppConfig {
  readonly id: string;
  readonly log: AppLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Log;
  readonly limits: Limits;
}

type Say = (frame: string) => void;

export class App {
  readonly id: string;
  readonly ledger: Ledger;
  readonly watchers = new Watchers();
  readonly rooms = new Rooms();
  readonly syncTables: SyncTables;
  readonly limits: Limits;
  readonly #sessions = new Map<Listener, Say>();
  /** Who wrote in this turn; and of them, whose attrs have other ids here. */
  readonly #writers = new Set<Listener>();
  readonly #mended = new Set<Listener>();
  #isFlushing = false;
  #sent: { readonly of: Attrs; readonly attrs: readonly WireAttr[] } | undefined;

  private constructor(config: AppConfig, ledger: Ledger) {
    this.id = config.id;
    this.limits = config.limits;
    this.ledger = ledger;
    this.syncTables = new SyncTables(() => config.random.uuid(), config.limits.history, ledger.txId);
  }

  static async open(config: AppConfig): Promise<App> {
    const { log, clock, random, report, limits } = config;
    const committed = (commit: Commit): void => app.committed(commit);
    const ledger = await Ledger.open({ log, clock, random, report, rememberMs: limits.rememberMs, committed });
    const app = new App(config, ledger);
    return app;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** All attrs as they are sent, by id. */
  get attrs(): readonly WireAttr[] {
    const { attrs } = this.ledger.db;
    if (this.#sent?.of !== attrs) {
      const list = attrs.list.map(({ wire }) => wire).sort((a, b) => (a.id < b.id ? -1 : 1));
      this.#sent = { of: attrs, attrs: list };
    }
    return this.#sent.attrs;
  }

  get place(): Place {
    return placeOf(this.ledger.txId);
  }

  enter(listener: Listener, say: Say): void {
    this.#sessions.set(listener, say);
  }

  leave(listener: Listener): void {
    this.#sessions.delete(listener);
    this.#writers.delete(listener);
    this.#mended.delete(listener);
    this.watchers.forget(listener);
    this.syncTables.forget(listener);
    this.rooms.leaveAll(listener);
    this.tellRooms();
  }

  /** It gets a `refresh-ok` at the end of this turn, whether or not one of its answers changed. */
  wrote(listener: Listener, isMended: boolean): void {
    if (!this.#sessions.has(listener)) return;
    this.#writers.add(listener);
    if (isMended) this.#mended.add(listener);
  }

  committed({ report, attrsChanged, entries, isReload }: Commit): void {
    const { db } = this.ledger;
    if (isReload) this.syncTables.reloaded(this.ledger.txId);
    const audience = { all: this.#sessions.keys(), writers: this.#writers, mended: this.#mended };
    const letters = this.watchers.refresh({ report, attrsChanged, isReload }, db, this.place, this.attrs, audience);
    this.#writers.clear();
    this.#mended.clear();
    this.post([...letters, ...this.syncTables.committed(entries, db.attrs)]);
  }

  /** Soon: changes of the same moment go out together. */
  tellRooms(): void {
    if (this.#isFlushing || !this.rooms.hasChanged) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.post(this.rooms.flush());
    });
  }

  /** A message that goes to many is written once. */
  post(letters: readonly Letter[]): void {
    const frames = new Map<ServerMessage, string>();
    for (const { to, message } of letters) {
      const say = this.#sessions.get(to);
      if (!say) continue;
      let frame = frames.get(message);
      if (frame === undefined) frames.set(message, (frame = encode(message)));
      say(frame);
    }
  }

  close(): Promise<void> {
    return this.ledger.close();
  }
}

export function placeOf(txId: number): Place {
  return { txId, isn: `1/0/${txId.toString(16).toUpperCase()}` };
}
