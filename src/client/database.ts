// The database a program holds: `init`, and the calls on what it returns. A thin face: what happens is in the Reactor.

/* eslint-disable @typescript-eslint/no-explicit-any -- a transaction may mix chunks of every namespace */

import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import type { EventSourceConstructor, StoreInterfaceClass } from '../types/ports.ts';
import type { ExternalQueryStore } from '../reactor/queries/query-api.ts';
import type {
  Freshness,
  IInstantDatabase,
  InfiniteQueryCallbackResponse,
  InfiniteQuerySubscription,
  InstaQLSubscriptionState,
} from '../types/database.ts';
import type { InstaQLResponse, PageInfoResponse } from '../types/result.ts';
import type { OutboxApi } from '../reactor/mutations/outbox-api.ts';
import type { PresenceOf, RoomHandle, RoomsOf, TopicsOf } from '../types/rooms.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { SubscribeOptions, InstaQLOptions } from '../types/query.ts';
import type { SyncTableCallback } from '../types/sync-table.ts';
import type { TransactionChunk, TxChunk } from '../types/transaction.ts';
import type { ValidQuery } from '../types/valid-query.ts';
import type { WritePromise } from '../reactor/mutations/write-promise.ts';
import { Auth } from './auth.ts';
import { DatabaseState } from './database-state.ts';
import { Storage } from './files.ts';
import { Streams } from './streams.ts';
import { createReactor } from './create-client.ts';
import { endWithSignal, type Abortable } from '../lib/abort.ts';
import { loadHttp } from './lazy-features.ts';
import { observe } from '../reactor/debug/observe.ts';
import { openRoom } from './room.ts';
import { subscribeInfiniteList } from './infinite-list.ts';
import { toWireQuery } from './wire-query.ts';
import { asyncDispose } from '../lib/dispose.ts';
import { txInit } from '../transact/chunk.ts';
import { type InitConfig, type ResolvedConfig, resolveConfig } from './config.ts';
import { type NetworkListener, networkOf } from '../connection/network.ts';
import { type StopTable, SyncTable } from './sync-table.ts';

/** An object with exactly one of the keys. */
type ExactlyOne<T> = { [K in keyof T]: Pick<T, K> & Partial<Record<Exclude<keyof T, K>, never>> }[keyof T];

/** One per configuration: modules that are evaluated again find the one that is there. */
const openDatabases = new Map<string, InstantCoreDatabase<any, any>>();

export class InstantCoreDatabase<Schema extends AnySchemaDef, UseDates extends boolean = false>
  extends DatabaseState
  implements IInstantDatabase<Schema>, AsyncDisposable
{
  readonly auth: Auth;
  readonly storage: Storage;
  /** Text that others can read while it is written. */
  readonly streams: Streams;
  /** The writes that wait, and those that were refused. */
  readonly outbox: OutboxApi;
  /** Where chunks of a transaction begin. */
  readonly tx: TxChunk<Schema> = txInit<Schema>();
  /** What it was opened with. */
  readonly _app: ResolvedConfig;
  readonly #tables: SyncTable;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    super(reactor);
    this._app = app;
    this.auth = new Auth(reactor, app);
    this.storage = new Storage(reactor, app);
    this.streams = new Streams(reactor, app);
    this.#tables = new SyncTable(reactor);
    this.outbox = reactor.outbox;
    if (!app.firstPartyPath) return;
    loadHttp().then(
      ({ syncCookie }) => syncCookie(reactor, app),
      (error: Error) => reactor.report(error),
    );
  }

  /**
   * Writes: all of it, or nothing. It shows at once, is kept on the device until the server has it, and goes out in order.
   *
   * A signal that is aborted before the write is on its way to the disk takes it back: nothing is written, unless a later write builds on
   * it. After that it ends the waiting only; the write stays in the outbox. `queued` tells which: it rejects for what was taken back.
   *
   * @returns a promise that rejects with an `InstantAPIError` if the server refuses; `queued` and `settled` tell its two stages apart
   * @throws TransactionValidationError if it does not fit the schema
   * @example
   * const goalId = id();
   * await db.transact([
   *   db.tx.goals[goalId].create({ title: 'Learn to swim' }),
   *   db.tx.todos[id()].create({ text: 'Buy goggles' }).link({ goal: goalId }),
   * ]);
   */
  transact(chunks: TransactionChunk<any, any> | TransactionChunk<any, any>[], opts?: Abortable): WritePromise {
    return this._reactor.writes.transact(chunks, opts?.signal);
  }

  /**
   * Asks, and tells every change of the answer. Rows that did not change are the same objects as before.
   *
   * What was kept of the answer on the device is told first, with `isStale`; `local: true` also answers a query that was never asked
   * before from what other queries hold.
   *
   * @returns what ends it
   * @throws QueryValidationError if it does not fit the schema
   * @example
   * const stop = db.subscribeQuery({ goals: { todos: {} } }, ({ data, error }) => {
   *   if (data) console.log(data.goals);
   * });
   */
  subscribeQuery<Q extends ValidQuery<Q, Schema>, UseDatesLocal extends boolean = UseDates>(
    query: Q,
    cb: (resp: InstaQLSubscriptionState<Schema, Q, UseDatesLocal> & Freshness) => void,
    opts?: SubscribeOptions & Abortable,
  ): () => void {
    const listener = {
      onResult: (result: object) => cb(result as never),
      onError: (error: Error) => cb({ error, data: undefined, pageInfo: undefined }),
      progress: opts?.progress,
    };
    const stop = this._reactor.queries.subscribe(toWireQuery(query, this._app, opts), listener, { local: opts?.local });
    return endWithSignal(opts?.signal, stop);
  }

  /** For those who draw the answer: it can be read at any moment, and is the same object while nothing in it changed. */
  _watch(query: object, opts?: InstaQLOptions): ExternalQueryStore {
    return this._reactor.queries.externalStore(toWireQuery(query, this._app, opts));
  }

  /**
   * Asks once. Only the server answers: what is on the device may be old.
   *
   * @throws QueryValidationError if it does not fit the schema; TriplaneError 'unreachable' or 'timeout' without an answer
   * @example
   * const { data } = await db.queryOnce({ goals: { $: { where: { done: false } } } }, { signal: AbortSignal.timeout(2_000) });
   */
  queryOnce<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts?: Partial<InstaQLOptions> & Abortable,
  ): Promise<{ data: InstaQLResponse<Schema, Q, UseDates>; pageInfo: PageInfoResponse<Q> }> {
    return this._reactor.queries.once(toWireQuery(query, this._app, opts), opts?.signal) as never;
  }

  /**
   * A list that is loaded page by page and stays live as a whole. One namespace; `limit` is the size of a page.
   *
   * @example
   * const list = db.subscribeInfiniteQuery({ posts: { $: { limit: 20 } } }, ({ data }) => show(data?.posts));
   * list.loadNextPage();
   */
  subscribeInfiniteQuery<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    cb: (resp: InfiniteQueryCallbackResponse<Schema, Q, UseDates>) => void,
    opts?: Partial<InstaQLOptions> & Abortable,
  ): InfiniteQuerySubscription {
    return subscribeInfiniteList(this._reactor, this._app, query, (update) => cb(update as never), opts);
  }

  /**
   * Keeps a whole namespace on the device and in step: loaded once, then only what changed. For sessions with an admin token.
   *
   * @returns what ends it; with `keepSubscription` the next call goes on from what is on the device
   * @throws QueryValidationError for more than one namespace and its order
   * @example
   * const stop = db.subscribeTable({ goals: { $: { order: { serverCreatedAt: 'desc' } } } }, (event) => {
   *   if (event.type === 'SyncTransaction') console.log(event.added, event.removed, event.updated);
   * });
   */
  subscribeTable<Q extends ValidQuery<Q, Schema>>(
    query: ExactlyOne<Q>,
    cb: SyncTableCallback<Schema, Q, UseDates>,
    opts?: Abortable,
  ): StopTable {
    return this.#tables.subscribe(toWireQuery(query, this._app), (event) => cb(event as never), opts?.signal);
  }

  /** @deprecated Use `subscribeTable`. */
  _syncTableExperimental<Q extends ValidQuery<Q, Schema>>(query: ExactlyOne<Q>, cb: SyncTableCallback<Schema, Q, UseDates>): StopTable {
    return this.subscribeTable(query, cb);
  }

  /**
   * An id that stays the same on this device, by name.
   *
   * @example
   * const guestId = await db.getLocalId('guest');
   */
  getLocalId(name: string, opts?: Abortable): Promise<string> {
    return this._reactor.call(() => this._reactor.localIds.get(name), opts?.signal);
  }

  /**
   * Joins a room: who is here, what they show, and messages that nobody stores. A signal that is aborted leaves it.
   *
   * @example
   * const room = db.joinRoom('chat', 'lobby', { initialPresence: { name: 'Ana' } });
   * room.subscribePresence({}, ({ peers }) => console.log(Object.values(peers)));
   * room.publishTopic('wave', { emoji: '👋' });
   * room.leaveRoom();
   */
  joinRoom<RoomType extends string & keyof RoomsOf<Schema>>(
    roomType: RoomType = '_defaultRoomType' as RoomType,
    roomId = '_defaultRoomId',
    opts?: { initialPresence?: Partial<PresenceOf<Schema, RoomType>> } & Abortable,
  ): RoomHandle<PresenceOf<Schema, RoomType>, TopicsOf<Schema, RoomType>> {
    return openRoom(this._reactor, roomType, roomId, opts?.initialPresence, opts?.signal);
  }

  /** The same as `joinRoom`. */
  room<RoomType extends string & keyof RoomsOf<Schema>>(
    roomType?: RoomType,
    roomId?: string,
    opts?: { initialPresence?: Partial<PresenceOf<Schema, RoomType>> } & Abortable,
  ): RoomHandle<PresenceOf<Schema, RoomType>, TopicsOf<Schema, RoomType>> {
    return this.joinRoom(roomType, roomId, opts);
  }

  /**
   * For good. At once nobody is told anything more (of the line, that it is 'closed'), and what waits rejects as 'closed', as does every
   * later call. When it resolves, writes that wait are kept, to go out with the next `init`, and no socket, timer, listener, lock or store is
   * open. A store in memory, as on Node without `storage`, keeps them no longer: there wait for `settled` first. Again it does no harm.
   *
   * @example
   * await using db = init({ appId }); // closed at the end of the block; or: await db.close();
   */
  close(): Promise<void> {
    if (this._app.key !== undefined && openDatabases.get(this._app.key) === this) openDatabases.delete(this._app.key);
    return this._reactor.close();
  }

  /** `close`, without waiting for it. */
  shutdown(): void {
    void this.close();
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens the database of an app. The same configuration gives the same database.
 *
 * @throws TriplaneError 'config-invalid', with what to do about it
 * @example
 * const db = init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', schema, apiURI: 'http://127.0.0.1:4747' });
 */
export function init<Schema extends AnySchemaDef = InstantUnknownSchema, UseDates extends boolean = false>(
  config: InitConfig<Schema, UseDates>,
  Store?: StoreInterfaceClass,
  network?: NetworkListener,
  versions?: Readonly<Record<string, string>>,
  EventSource?: EventSourceConstructor,
): InstantCoreDatabase<Schema, UseDates> {
  const app = resolveConfig({ ...config, ...(Store && { Store }) });
  const known = app.key === undefined ? undefined : openDatabases.get(app.key);
  if (known) return known as InstantCoreDatabase<Schema, UseDates>;
  const db = new InstantCoreDatabase<Schema, UseDates>(
    createReactor(network ? { ...app, network: networkOf(network) } : app, versions, EventSource),
    app,
  );
  if (app.key !== undefined) openDatabases.set(app.key, db);
  if (config.debug) observe(db._reactor, '*');
  return db;
}
