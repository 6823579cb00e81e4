// A loaded app: ledger, subscriptions, rooms, sync tables and the sessions in it. Sends all outgoing messages of these parts.

import type { Attrs } from '../../db/attrs.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { AppStatus, Broadcast } from '../../protocol/server-message.ts';
import { type Commit, Ledger } from '../data/ledger.ts';
import { LimitStore, type LimitStoreConfig } from '../data/limit-store.ts';
import type { Limits } from '../limits.ts';
import { MemoryBudget } from '../memory-budget.ts';
import type { Outgoing, Subscriber } from './subscriber.ts';
import { Rooms } from '../rooms/rooms.ts';
import { RoomNews } from '../rooms/room-news.ts';
import { positionOf, type TxPosition } from '../queries/refresh.ts';
import type { AuthorizeWrite } from '../data/touched.ts';
import { endedSignIns } from '../auth/deleted-users.ts';
import { endedTokens, hasToken, hasTokens } from '../auth/tokens.ts';
import { Rulebook } from '../rules/rulebook.ts';
import type { AppConfig, SessionAuth } from './app-config.ts';
import type { LogEntry } from '../storage/storage.ts';
import { appRecordOf } from './app-record.ts';
import { statusOf, statusRecord } from './app-status.ts';
import { forgottenLocations, withUrl } from '../files/file-entities.ts';
import { Files } from '../files/files.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import { forgetStreams, storePart } from '../streams/stream-store.ts';
import { AppCluster } from './app-cluster.ts';
import { AppSessions, type Send } from './app-sessions.ts';
import type { Push } from './push-relay.ts';
import { Streams } from '../streams/streams.ts';
import { StoredSize } from '../data/stored-size.ts';
import { submit } from '../data/submit.ts';
import { type Derive, withDerived } from '../data/write.ts';
import { serverActor } from '../data/system-rules.ts';
import { guard } from '../guarded.ts';
import { DataReader, type QuerySource } from '../queries/query-source.ts';
import { SyncTables } from '../queries/sync-tables.ts';
import { Subscriptions } from '../queries/subscriptions.ts';

interface Parts {
  readonly ledger: Ledger;
  readonly rulebook: Rulebook;
  readonly files: Files;
  readonly spending: LimitStore;
  readonly webhooks: Webhooks;
}

export class App {
  readonly id: string;
  readonly ledger: Ledger;
  readonly rulebook: Rulebook;
  readonly subscriptions: Subscriptions;
  readonly rooms = new Rooms();
  readonly syncTables: SyncTables;
  readonly streams: Streams;
  readonly files: Files;
  readonly webhooks: Webhooks;
  /** Usage of rate limits. */
  readonly spending: LimitStore;
  readonly limits: Limits;
  readonly reader: DataReader;
  /** Memory occupied by this app's sessions. */
  readonly memory: MemoryBudget;
  readonly #sessions = new AppSessions();
  /** Sessions that wrote in the current group commit. */
  readonly #writers = new Set<Subscriber>();
  readonly #origin: (() => string) | undefined;
  readonly #tokensEnded: AppConfig['tokensEnded'];
  #status: AppStatus;
  readonly #cluster: AppCluster;
  readonly #roomNews: RoomNews;
  #sent: { readonly of: Attrs; readonly attrs: readonly WireAttr[] } | undefined;

  private constructor(config: AppConfig, { ledger, rulebook, files, spending, webhooks }: Parts) {
    this.id = config.id;
    this.limits = config.limits;
    this.ledger = ledger;
    this.rulebook = rulebook;
    this.files = files;
    this.webhooks = webhooks;
    this.spending = spending;
    this.#origin = config.origin;
    this.#tokensEnded = config.tokensEnded;
    this.#cluster = new AppCluster({
      ...{ appId: config.id, relay: config.relay, rooms: this.rooms, clock: config.clock, uuid: () => config.random.uuid() },
      takePush: (push) => config.takePush?.(push),
      deliver: (outgoing) => this.deliver(outgoing),
      roomsChanged: () => this.notifyRooms(),
    });
    this.#roomNews = new RoomNews({
      ...{ rooms: this.rooms, deliver: (outgoing) => this.deliver(outgoing) },
      ...{ told: () => this.#cluster.tellChanges(), sent: () => config.sendTurns.sent() },
      guarded: guard(config.logger, 'members of a room could not be told of a change'),
    });
    this.memory = new MemoryBudget('appBytes', config.limits, config.memory);
    const source = this.#querySource();
    this.reader = new DataReader(source, config.jobs);
    this.subscriptions = new Subscriptions(rulebook.guard, source, config.jobs, config.limits, config.keptResults);
    this.#status = statusOf(ledger.records);
    this.streams = new Streams({ store: (part) => storePart(ledger, part), deliver: (outgoing) => this.deliver(outgoing) });
    this.streams.load(ledger.records);
    const present = (triple: Triple): Triple => withUrl(triple, rulebook.guard.fileUrl);
    const { history, historyBytes } = config.limits;
    this.syncTables = new SyncTables({
      ...{ uuid: () => config.random.uuid(), history: { entries: history, bytes: historyBytes }, txId: ledger.txId, present },
      deliver: (outgoing) => this.deliver(outgoing),
      failed: (error) => config.logger.error('a change could not be delivered', error),
    });
  }

  static async open(config: AppConfig): Promise<App> {
    const { log, clock, random, logger, limits } = config;
    const { rememberMs, rememberBytes } = limits;
    // Other servers may write while the app loads; there are no sessions to notify yet.
    let app: App | undefined = undefined;
    const committed = (commit: Commit): void => app?.committed(commit);
    const fileUrl = (location: string): string => files.url(location) ?? '';
    const save: LimitStoreConfig['save'] = (make) =>
      submit(ledger, { steps: ({ at }) => ({ steps: [], records: make(at) }), event: undefined, actor: serverActor });
    const spending = new LimitStore(clock, { clock, save, id: random.uuid() });
    const rulebook = new Rulebook({ appId: config.id, logger, clock, db: () => ledger.db, fileUrl, limits: spending });
    const authorizeWrite: AuthorizeWrite = (access, write = access) => spending.once(write, rulebook.guard.authorizeSteps(access));
    const webhooks: Webhooks = new Webhooks({ appId: config.id, ledger: () => ledger, clock, logger, sender: config.webhookSender });
    const derive: Derive = function* (changeSet, about) {
      const spent = spending.recordsOfWrite(about.at);
      const events = yield* webhooks.derive(changeSet, about);
      const ended = yield* endedSignIns(changeSet, about.records);
      return [forgottenLocations(changeSet, about.before), ended, spent].reduce(withDerived, events);
    };
    const size = new StoredSize((records) => (appRecordOf(records)?.expiresAt === undefined ? undefined : limits.ephemeralAppBytes));
    const ledger = await Ledger.open({ log, clock, random, logger, rememberMs, rememberBytes, authorizeWrite, derive, size, committed });
    const origin = config.origin ?? ((): string => '');
    const files = new Files({
      appId: config.id,
      ledger,
      guard: () => rulebook.guard,
      store: config.fileStore,
      size,
      origin,
      clock,
      logger,
    });
    await rulebook.open(ledger);
    files.load();
    webhooks.load();
    spending.load(ledger.records);
    app = new App(config, { ledger, rulebook, files, spending, webhooks });
    app.#cluster.join();
    void files.sweep();
    return app;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** All attrs in wire form, by id. */
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

  /** Permanent, and for all servers of the app. Resolves when it is in force on this server. */
  async setStatus(status: AppStatus): Promise<void> {
    const planned = { steps: [], records: statusRecord(status) };
    await submit(this.ledger, { steps: () => planned, event: undefined, actor: serverActor });
  }

  /** Base URL for clients. */
  get origin(): string {
    return this.#origin?.() ?? '';
  }

  get position(): TxPosition {
    return positionOf(this.ledger.txId);
  }

  enter(subscriber: Subscriber, send: Send, auth?: SessionAuth): void {
    this.#sessions.add(subscriber, send, auth);
  }

  /** Whether the token with this hash is still valid. */
  isTokenValid(tokenHash: string): boolean {
    return hasToken(this.ledger.records, tokenHash);
  }

  leave(subscriber: Subscriber): void {
    this.#sessions.remove(subscriber);
    this.#writers.delete(subscriber);
    this.subscriptions.forget(subscriber);
    this.syncTables.forget(subscriber);
    this.streams.forget(subscriber);
    this.rooms.leaveAll(subscriber);
    this.notifyRooms();
  }

  /** Sends the session a `refresh-ok` at the end of the current group commit, whether or not a result changed. */
  addWriter(subscriber: Subscriber): void {
    if (this.#sessions.has(subscriber)) this.#writers.add(subscriber);
  }

  committed({ changeSet, attrsChanged, schemaChanged, entries, isReload, isRollback }: Commit): void {
    this.#updateStatus();
    if (isReload) this.streams.load(this.ledger.records);
    if (isReload) this.spending.load(this.ledger.records);
    else for (const { records } of entries) if (records) this.spending.committed(records);
    if (isReload) this.files.load();
    else this.files.committed(entries);
    if (isReload) this.webhooks.load();
    else this.webhooks.committed(entries);
    if (isRollback) this.#sessions.restart(this.#sessions.all());
    // The history of the data is unknown, so sync tables cannot be continued across it.
    if (isReload) this.#sessions.restart(this.syncTables.reloaded(this.ledger.txId));
    // A disabled app has no live results that a `refresh-ok` could be about.
    const recipients =
      this.#status === 'disabled' ? { all: [], writers: new Set<Subscriber>() } : { all: this.#sessions.all(), writers: this.#writers };
    this.subscriptions.refresh({ changeSet, attrsChanged, schemaChanged, isReload }, recipients);
    this.#writers.clear();
    this.syncTables.committed(entries, this.ledger.db.attrs);
    this.streams.committed(entries);
    forgetStreams(this.streams, this.ledger, changeSet);
    this.rulebook.noticed(this.ledger, () => this.subscriptions.applyGuard(this.rulebook.guard));
    if (isReload || changeSet.has('$users') || entries.some(({ records }) => records && hasTokens(records))) this.#revokeEnded(entries);
  }

  /** Asks every session to reconnect; the client chooses where. */
  disconnectAll(): void {
    this.#sessions.restart(this.#sessions.all());
  }

  #querySource(): QuerySource {
    const { ledger } = this;
    return {
      db: () => ledger.db,
      position: (txId = ledger.txId) => positionOf(txId),
      attrs: () => this.attrs,
      snapshot: () => ledger.snapshot(),
      release: (snapshot) => ledger.release(snapshot),
      whenClean: (run, failed) => ledger.read({ run, reject: failed }),
      deliver: (outgoing) => this.deliver(outgoing),
      restart: (subscriber) => this.#sessions.restart([subscriber]),
    };
  }

  #updateStatus(): void {
    const status = statusOf(this.ledger.records);
    if (status === this.#status) return;
    this.#status = status;
    this.#sessions.broadcast({ op: 'app-status-changed', status });
    // Sessions receive nothing further; clients that reconnect subscribe again.
    if (status === 'disabled') for (const subscriber of this.#sessions.all()) this.subscriptions.forget(subscriber);
  }

  /** Ends sessions whose token was revoked or now belongs to another user, or whose user was deleted. */
  #revokeEnded(entries: readonly LogEntry[]): void {
    const ended = new Set(entries.flatMap((entry) => endedTokens(entry.records ?? {})));
    if (ended.size > 0) this.#tokensEnded?.(this, [...ended]);
    this.#sessions.revoke(ended, this.ledger);
  }

  notifyRooms(): void {
    this.#roomNews.tell();
  }

  /** Sends a broadcast to local sessions and to other servers. */
  broadcast(
    roomId: string,
    topic: string,
    { broadcast, outgoing }: { readonly broadcast: Broadcast; readonly outgoing: readonly Outgoing[] },
  ): void {
    this.deliver(outgoing);
    this.#cluster.tellChanges();
    this.#cluster.send({ is: 'said', roomId, topic, broadcast });
  }

  /** Forwards to the process that keeps the event stream. Resolves to whether it accepted the message. */
  forwardPush(push: Push): Promise<boolean> {
    return this.#cluster.forwardPush(push);
  }

  deliver(outgoing: readonly Outgoing[]): void {
    this.#sessions.deliver(outgoing);
  }

  async close(): Promise<void> {
    this.#cluster.leave();
    this.webhooks.stop();
    await this.spending.save();
    this.spending.stop();
    return this.ledger.close();
  }
}
