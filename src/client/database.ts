// `init`, and the methods of the database it returns. The Reactor does the work.

/* eslint-disable @typescript-eslint/no-explicit-any -- a transaction may mix chunks of every namespace */

import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import type { EventSourceConstructor, StoreInterfaceClass } from '../types/ports.ts';
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
import { assertCallback } from '../reactor/client-errors.ts';
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

/** One per configuration, so that a module that is evaluated again, as in hot reloading, gets the same database. */
const openDatabases = new Map<string, InstantCoreDatabase<any, any>>();

export class InstantCoreDatabase<Schema extends AnySchemaDef, UseDates extends boolean = false>
  extends DatabaseState
  implements IInstantDatabase<Schema>, AsyncDisposable
{
  readonly auth: Auth;
  readonly storage: Storage;
  /** Text streams that others can read while they are written. */
  readonly streams: Streams;
  /** Pending and rejected writes. */
  readonly outbox: OutboxApi;
  /** Builder for transaction chunks. */
  readonly tx: TxChunk<Schema> = txInit<Schema>();
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;
  readonly #tables: SyncTable;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    super({ reactor, app, watch: (query, opts) => reactor.queries.externalStore(toWireQuery(query, app, opts)) });
    this.#reactor = reactor;
    this.#app = app;
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
   * Executes a transaction: all chunks or none. Live queries show it at once. The device keeps it until the server has confirmed or rejected
   * it, and sends transactions in order.
   *
   * Aborting `signal` before the write is being stored cancels it, unless a later write depends on it; `queued` then rejects. Aborting
   * later ends only the waiting, and the write stays in the outbox.
   *
   * @returns a promise that rejects with an `InstantAPIError` if the server rejects the write; `queued` resolves once the write is stored on
   * the device, `settled` once the server has confirmed it
   * @throws TransactionValidationError if the transaction does not fit the schema
   * @throws TriplaneError 'closed' after `close`
   * @example
   * const goalId = id();
   * await db.transact([
   *   db.tx.goals[goalId].create({ title: 'Learn to swim' }),
   *   db.tx.todos[id()].create({ text: 'Buy goggles' }).link({ goal: goalId }),
   * ]);
   */
  transact(chunks: TransactionChunk<any, any> | TransactionChunk<any, any>[], opts?: Abortable): WritePromise {
    return this.#reactor.writes.transact(chunks, opts?.signal);
  }

  /**
   * Subscribes to a query: calls back with its result, and again with every change. Unchanged rows keep their identity (`===`).
   *
   * A result that is cached on the device comes first, with `isStale`. With `local: true`, a query without a cached result is first evaluated
   * on the results of other queries.
   *
   * @returns an unsubscribe function
   * @throws QueryValidationError if the query does not fit the schema
   * @throws TriplaneError 'closed' after `close`
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
    assertCallback('subscribeQuery', cb);
    const listener = {
      onResult: (result: object) => cb(result as never),
      onError: (error: Error) => cb({ error, data: undefined, pageInfo: undefined }),
      // Another user signed in: rows of the previous user must disappear before there are new ones.
      onReset: () => cb(emptyResult(query) as never),
      progress: opts?.progress,
    };
    const stop = this.#reactor.queries.subscribe(toWireQuery(query, this.#app, opts), listener, { local: opts?.local });
    return endWithSignal(opts?.signal, stop);
  }

  /**
   * Requests the result of a query once, always from the server.
   *
   * @returns a promise of the result; it rejects with a TriplaneError 'unreachable' while offline, 'timeout' after 30 seconds
   * @throws QueryValidationError if the query does not fit the schema
   * @example
   * const { data } = await db.queryOnce({ goals: { $: { where: { done: false } } } }, { signal: AbortSignal.timeout(2_000) });
   */
  queryOnce<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts?: Partial<InstaQLOptions> & Abortable,
  ): Promise<{ data: InstaQLResponse<Schema, Q, UseDates>; pageInfo: PageInfoResponse<Q> }> {
    return this.#reactor.queries.once(toWireQuery(query, this.#app, opts), opts?.signal) as never;
  }

  /**
   * Subscribes to a list that loads page by page and stays live as a whole. The query has one namespace; `limit` is the page size.
   *
   * @returns `loadNextPage` and `unsubscribe`
   * @throws QueryValidationError unless the query has exactly one namespace
   * @example
   * const list = db.subscribeInfiniteQuery({ posts: { $: { limit: 20 } } }, ({ data }) => show(data?.posts));
   * list.loadNextPage();
   */
  subscribeInfiniteQuery<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    cb: (resp: InfiniteQueryCallbackResponse<Schema, Q, UseDates>) => void,
    opts?: Partial<InstaQLOptions> & Abortable,
  ): InfiniteQuerySubscription {
    assertCallback('subscribeInfiniteQuery', cb);
    return subscribeInfiniteList(this.#reactor, this.#app, query, (update) => cb(update as never), opts);
  }

  /**
   * Synchronizes a whole namespace: loads it once, then only changes. On InstantDB's server for sessions with an admin token only.
   *
   * @returns an unsubscribe function; with `keepSubscription` the data stays on the device, and the next call continues from it
   * @throws QueryValidationError if the query has anything but one namespace and its order
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
    assertCallback('subscribeTable', cb);
    return this.#tables.subscribe(toWireQuery(query, this.#app), (event) => cb(event as never), opts?.signal);
  }

  /** @deprecated Use `subscribeTable`. */
  _syncTableExperimental<Q extends ValidQuery<Q, Schema>>(query: ExactlyOne<Q>, cb: SyncTableCallback<Schema, Q, UseDates>): StopTable {
    return this.subscribeTable(query, cb);
  }

  /**
   * Returns the id with this name on this device, creating it on the first call.
   *
   * @example
   * const guestId = await db.getLocalId('guest');
   */
  getLocalId(name: string, opts?: Abortable): Promise<string> {
    return this.#reactor.call(() => this.#reactor.localIds.get(name), opts?.signal);
  }

  /**
   * Joins a room: presence of its members, and messages that are not stored. Aborting `signal` leaves it.
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
    return openRoom(this.#reactor, roomType, roomId, opts?.initialPresence, opts?.signal);
  }

  /** Alias of `joinRoom`. */
  room<RoomType extends string & keyof RoomsOf<Schema>>(
    roomType?: RoomType,
    roomId?: string,
    opts?: { initialPresence?: Partial<PresenceOf<Schema, RoomType>> } & Abortable,
  ): RoomHandle<PresenceOf<Schema, RoomType>, TopicsOf<Schema, RoomType>> {
    return this.joinRoom(roomType, roomId, opts);
  }

  /**
   * Closes the database permanently. Listeners are not called any more, except that the connection status becomes 'closed'. Pending and later
   * calls reject with 'closed'. When the promise resolves, pending writes are stored for the next `init`, and no socket, timer, listener, lock
   * or store is open. Storage in memory, the default on Node, does not outlive the process: wait for `settled` first. May be called again.
   *
   * @example
   * await using db = init({ appId }); // closed at the end of the block; or: await db.close();
   */
  close(): Promise<void> {
    if (this.#app.key !== undefined && openDatabases.get(this.#app.key) === this) openDatabases.delete(this.#app.key);
    return this.#reactor.close();
  }

  /** Calls `close` without waiting for it. */
  shutdown(): void {
    void this.close();
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens the database of an app. Calls with an equal configuration return the same database.
 *
 * @throws TriplaneError 'config-invalid' if an option is invalid; the message says how to fix it
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
  const reactor = createReactor(network ? { ...app, network: networkOf(network) } : app, versions, EventSource);
  const db = new InstantCoreDatabase<Schema, UseDates>(reactor, app);
  if (app.key !== undefined) openDatabases.set(app.key, db);
  if (config.debug) observe(reactor, '*');
  return db;
}

/** The result of a query until the first one for a new user arrives. */
function emptyResult(query: object): object {
  const namespaces = Object.keys(query).filter((key) => key !== '$$ruleParams');
  return {
    data: Object.fromEntries(namespaces.map((name) => [name, []])),
    pageInfo: undefined,
    error: undefined,
    isStale: true,
    source: 'local',
  };
}
