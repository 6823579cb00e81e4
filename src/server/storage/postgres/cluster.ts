// What the servers of one database know about each other: which are alive, where the logs end, and their messages. Everything received, by
// whatever channel, is merged here and passed to subscribers.

import type { Log } from '../../../lib/log.ts';
import { SubscribersByApp } from '../log-subscribers.ts';
import type { Relay, RelayEvents } from '../storage.ts';
import type { LogListener, LogEntry } from '../storage.ts';
import type { Database } from './database.ts';
import type { LogNotifier } from './log.ts';
import { Heartbeat, type LogHead } from './heartbeat.ts';
import { LetterPoller } from './letter-poller.ts';
import { Membership } from './membership.ts';
import { type Payload, NotifyQueue } from './notify-queue.ts';
import { WalReader } from './wal.ts';

export interface ClusterConfig {
  readonly database: Database;
  readonly schemaName: string;
  /** Includes this server. */
  readonly id: string;
  readonly heartbeatMs: number;
  readonly logger: Log;
}

/** Poll interval for servers that do not receive notifications. */
const maxPollMs = 250;

export class Cluster implements LogNotifier, Relay {
  readonly #config: ClusterConfig;
  readonly #channel: string;
  readonly #membership = new Membership();
  readonly #logSubscribers = new SubscribersByApp();
  readonly #relaySubscribers = new Map<string, Set<RelayEvents>>();
  readonly #notifyQueue: NotifyQueue;
  readonly #heartbeat: Heartbeat;
  readonly #wal: WalReader;
  readonly #poller: LetterPoller;
  /** Messages are delivered in order, and some have to be fetched. */
  #reading: Promise<void> = Promise.resolve();
  /** From connecting until the other servers count as lost: messages from an earlier period are discarded. */
  #epoch: object | undefined;

  constructor(config: ClusterConfig) {
    const { database, id, schemaName } = config;
    this.#config = config;
    this.#channel = `${schemaName}_news`;
    this.#notifyQueue = new NotifyQueue(database, this.#channel, id, () => this.#membership.isPolled);
    this.#poller = new LetterPoller({
      ...{ database, logger: config.logger, everyMs: Math.min(maxPollMs, config.heartbeatMs) },
      received: (payload) => this.#receive(payload),
    });
    this.#wal = new WalReader({ ...config, appended: (app, txId, entries) => this.#notify(app, txId, entries) });
    this.#heartbeat = new Heartbeat(
      { ...config, channel: this.#channel, apps: () => [...this.#logSubscribers.apps()], readsWal: () => this.#wal.isReading },
      {
        up: () => {
          this.#epoch ??= {};
          this.#each((on) => on.resumed());
        },
        lost: () => this.#lost(),
        heartbeat: (members, heads) => this.#onHeartbeat(members, heads),
        received: (payload) => this.#receive(payload),
        deaf: () => this.#poller.start(),
        hears: () => void this.#poller.stop(),
      },
    );
  }

  async open(): Promise<void> {
    await this.#wal.open();
    await this.#heartbeat.open();
  }

  async close(): Promise<void> {
    await this.#notifyQueue.close();
    await this.#poller.stop();
    await this.#heartbeat.close();
    await this.#wal.close();
    await this.#reading;
  }

  subscribe(app: string, listener: LogListener): () => void {
    return this.#logSubscribers.add(app, listener);
  }

  notification(app: string, txId: number): { readonly channel: string; readonly payload: string } | undefined {
    if (!this.#membership.needNotifications) return undefined;
    const payload: Payload = ['append', this.#config.id, app, txId];
    return { channel: this.#channel, payload: JSON.stringify(payload) };
  }

  appended(app: string, txId: number, entries: readonly LogEntry[]): void {
    this.#notify(app, txId, entries);
  }

  send(appId: string, message: unknown): void {
    this.#notifyQueue.send(appId, message);
  }

  listen(appId: string, on: RelayEvents): () => void {
    const subscribers = this.#relaySubscribers.get(appId) ?? new Set<RelayEvents>();
    this.#relaySubscribers.set(appId, subscribers.add(on));
    on.resumed();
    return () => {
      subscribers.delete(on);
      if (subscribers.size === 0) this.#relaySubscribers.delete(appId);
    };
  }

  #onHeartbeat(members: Parameters<Membership['replace']>[0], heads: ReadonlyMap<string, LogHead>): void {
    const { gone, hasNewMember } = this.#membership.replace(members);
    this.#notifyLeft(gone);
    for (const [app, { txId, lastId }] of heads) this.#notify(app, txId, undefined, lastId);
    // A slow server that was taken for dead does not know it: it must be asked for its peers.
    if (this.#notifyQueue.resetLossy() || hasNewMember) this.#each((on) => on.resumed());
  }

  #receive(payload: Payload): void {
    if (payload[1] === this.#config.id) return;
    if (payload[0] === 'append') this.#notify(payload[2], payload[3]);
    else {
      const epoch = this.#epoch;
      const failed = (error: unknown): void => this.#config.logger.error('a message of another server could not be handled', error);
      this.#reading = this.#reading.then(() => this.#read(payload, epoch)).catch(failed);
    }
  }

  async #read(payload: Payload, epoch: object | undefined): Promise<void> {
    if (!epoch || epoch !== this.#epoch) return;
    const [is, from] = payload;
    if (is === 'bye') {
      this.#membership.remove(from);
      return this.#notifyLeft([from]);
    }
    this.#membership.markSeen(from);
    if (is === 'letter') for (const on of this.#relaySubscribers.get(payload[2]) ?? []) on.received(from, payload[3]);
    if (is !== 'long') return;
    try {
      const { database } = this.#config;
      const rows = await database.query<{ body: string }>(`SELECT body FROM ${database.schema}.letters WHERE id = $1`, [payload[2]]);
      for (const { body } of rows) await this.#read(JSON.parse(body) as Payload, epoch);
    } catch (error) {
      this.#config.logger.warn('a letter could not be read', error);
      this.#each((on) => on.resumed());
    }
  }

  #notify(app: string, txId: number, entries?: readonly LogEntry[], lastId?: string): void {
    this.#logSubscribers.notify(app, txId, entries, lastId);
  }

  /** After reconnecting, all servers are asked for their state. */
  #lost(): void {
    this.#epoch = undefined;
    // Pending fetches must not delay later messages.
    this.#reading = Promise.resolve();
    this.#notifyLeft(this.#membership.clear());
  }

  #notifyLeft(servers: readonly string[]): void {
    for (const server of servers) this.#each((on) => on.left(server));
  }

  #each(call: (on: RelayEvents) => void): void {
    for (const subscribers of this.#relaySubscribers.values()) for (const on of subscribers) call(on);
  }
}
