// One app while it is served: its ledger, its live queries, rooms and namespaces kept in step, and the sessions that are in it.
// What the parts say goes out from here, and nowhere else.

import type { Attrs } from '../db/attrs.ts';
import { encode } from '../protocol/codec.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { WireAttr } from '../protocol/attr.ts';
import type { AppStatus, Broadcast, ServerMessage } from '../protocol/server-message.ts';
import type { Triple } from '../protocol/triple.ts';
import { type Commit, type Derive, Ledger } from './ledger.ts';
import type { Limits } from './limits.ts';
import type { Letter, Listener } from './listener.ts';
import { heard, type Note, resumed } from './neighbours.ts';
import type { Relay } from './relay.ts';
import { Rooms } from './rooms.ts';
import type { Place } from './news.ts';
import type { Permit } from './touched.ts';
import { endedTokens, hasToken } from './auth/tokens.ts';
import { userRow } from './auth/users.ts';
import { Rulebook } from './rules/rulebook.ts';
import type { AppLog, LogEntry } from './storage.ts';
import { statusOf, statusRecord } from './status.ts';
import { Files } from './files/files.ts';
import { forgottenLocations, withUrl } from './files/file-entities.ts';
import type { FileStore } from './files/file-store.ts';
import { forgetStreams, storePart } from './stream-store.ts';
import { Streams } from './streams.ts';
import { submit } from './submit.ts';
import { SyncTables } from './sync-tables.ts';
import { Watchers } from './watchers.ts';

export interface AppConfig {
  readonly id: string;
  readonly log: AppLog;
  /** Where other servers of the app can be reached. */
  readonly relay?: Relay | undefined;
  /** Where files are kept; missing = they are refused. */
  readonly fileStore?: FileStore | undefined;
  /** Where clients reach the server. */
  readonly origin?: (() => string) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Log;
  readonly limits: Limits;
}

type Say = (frame: string) => void;

/** What a session hangs on: when it ends, so does the session. */
export interface Tie {
  readonly tokenHash: string | undefined;
  readonly userId: string | undefined;
  readonly cut: () => void;
}

export class App {
  readonly id: string;
  readonly ledger: Ledger;
  readonly rulebook: Rulebook;
  readonly watchers: Watchers;
  readonly rooms = new Rooms();
  readonly syncTables: SyncTables;
  readonly streams: Streams;
  readonly files: Files;
  readonly limits: Limits;
  readonly #sessions = new Map<Listener, Say>();
  readonly #ties = new Map<Listener, Tie>();
  /** Who wrote in this turn; and of them, whose attrs have other ids here. */
  readonly #writers = new Set<Listener>();
  readonly #mended = new Set<Listener>();
  readonly #origin: (() => string) | undefined;
  #status: AppStatus;
  readonly #relay: Relay | undefined;
  #leaveRelay: () => void = () => {};
  #isFlushing = false;
  #sent: { readonly of: Attrs; readonly attrs: readonly WireAttr[] } | undefined;

  private constructor(config: AppConfig, ledger: Ledger, rulebook: Rulebook, files: Files) {
    this.id = config.id;
    this.limits = config.limits;
    this.#relay = config.relay;
    this.ledger = ledger;
    this.rulebook = rulebook;
    this.files = files;
    this.#origin = config.origin;
    this.watchers = new Watchers(rulebook.guard);
    this.#status = statusOf(ledger.records);
    this.streams = new Streams({ store: (part) => storePart(ledger, part), post: (letters) => this.post(letters) });
    this.streams.load(ledger.records);
    const present = (triple: Triple): Triple => withUrl(triple, rulebook.guard.fileUrl);
    this.syncTables = new SyncTables(() => config.random.uuid(), config.limits.history, ledger.txId, present);
  }

  static async open(config: AppConfig): Promise<App> {
    const { log, clock, random, report, limits } = config;
    // Others may write before it is there, and there is nobody yet who would have to hear of it.
    let app: App | undefined = undefined;
    const committed = (commit: Commit): void => app?.committed(commit);
    const fileUrl = (location: string): string => files.url(location) ?? '';
    const rulebook = new Rulebook({ now: () => clock.now(), db: () => ledger.db, fileUrl });
    const permit: Permit = (touched) => rulebook.guard.permit(touched);
    const derive: Derive = (report, { db }) => forgottenLocations(report, db);
    const ledger = await Ledger.open({ log, clock, random, report, rememberMs: limits.rememberMs, permit, derive, committed });
    const origin = config.origin ?? ((): string => '');
    const files = new Files({ appId: config.id, ledger, guard: () => rulebook.guard, store: config.fileStore, origin, clock, report });
    await rulebook.open(ledger);
    files.load();
    app = new App(config, ledger, rulebook, files);
    app.#meetNeighbours();
    void files.sweep();
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

  get status(): AppStatus {
    return this.#status;
  }

  /** For good, and for every server of the app. Resolves when it is in force here. */
  async setStatus(status: AppStatus): Promise<void> {
    const planned = { steps: [], records: statusRecord(status) };
    await submit(this.ledger, { steps: () => planned, event: undefined, actor: { userId: undefined, isAdmin: true, isServer: true } });
  }

  /** Where clients reach the server. */
  get origin(): string {
    return this.#origin?.() ?? '';
  }

  get place(): Place {
    return placeOf(this.ledger.txId);
  }

  enter(listener: Listener, say: Say, tie?: Tie): void {
    this.#sessions.set(listener, say);
    if (tie) this.#ties.set(listener, tie);
  }

  /** Whether the token with this hash still signs somebody in. */
  isGood(tokenHash: string): boolean {
    return hasToken(this.ledger.records, tokenHash);
  }

  leave(listener: Listener): void {
    this.#sessions.delete(listener);
    this.#ties.delete(listener);
    this.#writers.delete(listener);
    this.#mended.delete(listener);
    this.watchers.forget(listener);
    this.syncTables.forget(listener);
    this.streams.forget(listener);
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
    this.#lookAtStatus();
    if (isReload) this.syncTables.reloaded(this.ledger.txId);
    if (isReload) this.streams.load(this.ledger.records);
    if (isReload) this.files.load();
    else this.files.committed(entries);
    const audience = { all: this.#sessions.keys(), writers: this.#writers, mended: this.#mended };
    const letters = this.watchers.refresh({ report, attrsChanged, isReload }, db, this.place, this.attrs, audience);
    this.#writers.clear();
    this.#mended.clear();
    this.post([...letters, ...this.syncTables.committed(entries, db.attrs), ...this.streams.committed(entries)]);
    forgetStreams(this.streams, this.ledger, report);
    this.rulebook.noticed(this.ledger, () => this.post(this.watchers.guardBy(this.rulebook.guard, this.ledger.db, this.place)));
    if (isReload || report.has('$users') || entries.some(({ records }) => records)) this.#cutTies(entries);
  }

  #lookAtStatus(): void {
    const status = statusOf(this.ledger.records);
    if (status === this.#status) return;
    this.#status = status;
    const message: ServerMessage = { op: 'app-status-changed', status };
    this.post([...this.#sessions.keys()].map((to) => ({ to, message })));
    // Nobody is told any more; whoever comes back asks again.
    if (status === 'disabled') for (const listener of this.#sessions.keys()) this.watchers.forget(listener);
  }

  /** Sessions whose token has ended, or whose user is gone, end. */
  #cutTies(entries: readonly LogEntry[]): void {
    const { db, records } = this.ledger;
    const ended = new Set(entries.flatMap((entry) => endedTokens(entry.records ?? {})));
    for (const { tokenHash, userId, cut } of [...this.#ties.values()]) {
      if (tokenHash === undefined) continue;
      if (ended.has(tokenHash) || !hasToken(records, tokenHash) || (userId !== undefined && !userRow(db, userId))) cut();
    }
  }

  /** Soon: changes of the same moment go out together. */
  tellRooms(): void {
    if (this.#isFlushing || !this.rooms.hasChanged) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.post(this.rooms.flush());
      this.#tellNeighbours();
    });
  }

  /** A broadcast, to those who are here and to those who are elsewhere. */
  said(roomId: string, topic: string, { said, letters }: { readonly said: Broadcast; readonly letters: readonly Letter[] }): void {
    this.post(letters);
    this.#tellNeighbours();
    this.#send({ is: 'said', roomId, topic, said });
  }

  #meetNeighbours(): void {
    if (!this.#relay) return;
    this.#leaveRelay = this.#relay.listen(this.id, {
      resumed: () => resumed(this.rooms).forEach((note) => this.#send(note)),
      heard: (from, note) => {
        const { letters, answer } = heard(from, note as Note, this.rooms);
        this.post(letters);
        if (answer) this.#send(answer);
        this.tellRooms();
      },
      left: (server) => {
        this.rooms.forget(server);
        this.tellRooms();
      },
    });
  }

  #tellNeighbours(): void {
    const peers = this.rooms.takeNews();
    if (peers.length > 0) this.#send({ is: 'changed', peers });
  }

  #send(note: Note): void {
    this.#relay?.send(this.id, note);
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
    this.#leaveRelay();
    return this.ledger.close();
  }
}

export function placeOf(txId: number): Place {
  return { txId, isn: `1/0/${txId.toString(16).toUpperCase()}` };
}
