// What the servers of one database know of each other: who is there, where the logs end, and what they say. Everything that is
// heard, by whatever way, comes together here and goes to those who follow.

import type { Log } from '../../lib/log.ts';
import { Followers } from '../followers.ts';
import type { Relay, RelayEvents } from '../relay.ts';
import type { Heard, LogEntry } from '../storage.ts';
import type { Database } from './database.ts';
import type { News } from './log.ts';
import { Line } from './line.ts';
import { Members } from './members.ts';
import { type Payload, Post } from './post.ts';
import { WalReader } from './wal.ts';

export interface CircleConfig {
  readonly database: Database;
  readonly schemaName: string;
  /** This server among them. */
  readonly id: string;
  readonly beatMs: number;
  readonly report: Log;
}

export class Circle implements News, Relay {
  readonly #config: CircleConfig;
  readonly #channel: string;
  readonly #members = new Members();
  readonly #followers = new Map<string, Followers>();
  readonly #listeners = new Map<string, Set<RelayEvents>>();
  readonly #post: Post;
  readonly #line: Line;
  readonly #wal: WalReader;
  /** Letters are taken in order, and some have to be fetched. */
  #reading: Promise<void> = Promise.resolve();
  /** Begins when the line comes up, ends when the others are lost: what was heard in another than this is of no use. */
  #era: object | undefined;

  constructor(config: CircleConfig) {
    const { database, id, schemaName } = config;
    this.#config = config;
    this.#channel = `${schemaName}_news`;
    this.#post = new Post(database, this.#channel, id);
    this.#wal = new WalReader({ ...config, appended: (app, txId, entries) => this.#tell(app, txId, entries) });
    this.#line = new Line(
      { ...config, channel: this.#channel, apps: () => [...this.#followers.keys()], readsWal: () => this.#wal.isReading },
      {
        up: () => {
          this.#era ??= {};
          this.#each((on) => on.resumed());
        },
        lost: () => this.#lost(),
        beat: (members, heads) => this.#beat(members, heads),
        heard: (payload) => this.#heard(payload),
      },
    );
  }

  async open(): Promise<void> {
    await this.#wal.open();
    await this.#line.open();
  }

  async close(): Promise<void> {
    await this.#post.close();
    await this.#line.close();
    await this.#wal.close();
    await this.#reading;
  }

  follow(app: string, heard: Heard): () => void {
    const followers = this.#followers.get(app) ?? new Followers();
    this.#followers.set(app, followers);
    const stop = followers.add(heard);
    return () => {
      stop();
      if (followers.isEmpty) this.#followers.delete(app);
    };
  }

  notice(app: string, txId: number): { readonly channel: string; readonly payload: string } | undefined {
    if (!this.#members.needNotices) return undefined;
    const payload: Payload = ['append', this.#config.id, app, txId];
    return { channel: this.#channel, payload: JSON.stringify(payload) };
  }

  appended(app: string, txId: number, entries: readonly LogEntry[]): void {
    this.#tell(app, txId, entries);
  }

  send(appId: string, letter: unknown): void {
    this.#post.send(appId, letter);
  }

  listen(appId: string, on: RelayEvents): () => void {
    const listeners = this.#listeners.get(appId) ?? new Set<RelayEvents>();
    this.#listeners.set(appId, listeners.add(on));
    on.resumed();
    return () => {
      listeners.delete(on);
      if (listeners.size === 0) this.#listeners.delete(appId);
    };
  }

  #beat(members: Parameters<Members['replace']>[0], heads: ReadonlyMap<string, number>): void {
    const { gone, hasNewcomer } = this.#members.replace(members);
    this.#gone(gone);
    for (const [app, txId] of heads) this.#tell(app, txId);
    // One that was slow, and taken to be gone, does not know that it was: it has to be asked who is with it.
    if (this.#post.takeLoss() || hasNewcomer) this.#each((on) => on.resumed());
  }

  #heard(payload: Payload): void {
    if (payload[1] === this.#config.id) return;
    if (payload[0] === 'append') this.#tell(payload[2], payload[3]);
    else {
      const era = this.#era;
      this.#reading = this.#reading.then(() => this.#read(payload, era));
    }
  }

  async #read(payload: Payload, era: object | undefined): Promise<void> {
    if (!era || era !== this.#era) return;
    const [is, from] = payload;
    if (is === 'bye') {
      this.#members.remove(from);
      return this.#gone([from]);
    }
    this.#members.hear(from);
    if (is === 'letter') for (const on of this.#listeners.get(payload[2]) ?? []) on.heard(from, payload[3]);
    if (is !== 'long') return;
    try {
      const { database } = this.#config;
      const rows = await database.query<{ body: string }>(`SELECT body FROM ${database.schema}.letters WHERE id = $1`, [payload[2]]);
      for (const { body } of rows) await this.#read(JSON.parse(body) as Payload, era);
    } catch (error) {
      this.#config.report.warn('a letter could not be read', error);
      this.#each((on) => on.resumed());
    }
  }

  #tell(app: string, txId: number, entries?: readonly LogEntry[]): void {
    this.#followers.get(app)?.tell(txId, entries);
  }

  /** Once the line is up again, all are asked for what they have. */
  #lost(): void {
    this.#era = undefined;
    // What is still fetched must not hold up what comes after.
    this.#reading = Promise.resolve();
    this.#gone(this.#members.clear());
  }

  #gone(servers: readonly string[]): void {
    for (const server of servers) this.#each((on) => on.left(server));
  }

  #each(call: (on: RelayEvents) => void): void {
    for (const listeners of this.#listeners.values()) for (const on of listeners) call(on);
  }
}
