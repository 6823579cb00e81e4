// The database with a hook for each kind of data, typed by the schema. The hooks are implemented in files of their own.

/* eslint-disable @typescript-eslint/no-explicit-any -- a transaction may mix chunks of every namespace */

import type { FC, ReactNode } from 'react';
import {
  type Abortable,
  type AppStatusState,
  type Auth,
  type AuthState,
  type ConnectionStatus,
  type IInstantDatabase,
  init as openCore,
  type InitConfig,
  type InstantConfig,
  type InstantCoreDatabase,
  type InstaQLOptions,
  type InstaQLResponse,
  type PageInfoResponse,
  type RoomSchemaShape,
  type RoomsOf,
  type RuleParams,
  type Storage,
  type StoreInterfaceClass,
  type TransactionChunk,
  TriplaneError,
  type TxChunk,
  type User,
  type ValidQuery,
  type WritePromise,
} from 'triplane';
import { appStatusOf, authOf, connectionStatusOf, outboxOf, type OutboxView, useLocalId } from './database-hooks.ts';
import { type QueryStore, queryStore, type RuleOptions } from './query-stores.ts';
import { InstantReactRoom, rooms } from './room.ts';
import { isServer } from '../lib/is-server.ts';
import { internals } from '../lib/internals.ts';
import type { AnySchemaDef, InfiniteQueryResult, UseQuery } from './types.ts';
import { useExternalStore } from './use-external-store.ts';
import { useInfiniteQuery } from './use-infinite-query.ts';
import { useQuery } from './use-query.ts';
import { useSuspenseQuery } from './use-suspense-query.ts';

type ConditionalRender = FC<{ children: ReactNode }>;

export abstract class InstantReactAbstractDatabase<
  Schema extends AnySchemaDef,
  UseDates extends boolean = false,
  _Config extends InstantConfig<Schema, boolean> = InstantConfig<Schema, UseDates>,
  Rooms extends RoomSchemaShape = RoomsOf<Schema>,
> implements IInstantDatabase<Schema> {
  /** The transaction builder. */
  tx: TxChunk<Schema>;
  auth: Auth;
  storage: Storage;
  streams: InstantCoreDatabase<Schema, UseDates>['streams'];
  /** The writes that are pending or were rejected. */
  outbox: InstantCoreDatabase<Schema, UseDates>['outbox'];
  core: InstantCoreDatabase<Schema, UseDates>;
  /** @deprecated Use `core`. */
  _core: InstantCoreDatabase<Schema, UseDates>;
  static Store?: any;
  static NetworkListener?: any;
  static EventSourceImpl?: any;

  constructor(config: InitConfig<Schema, UseDates>, versions?: Readonly<Record<string, string>>) {
    const { Store } = this.constructor as { readonly Store?: StoreInterfaceClass };
    const core = openCore<Schema, UseDates>({ startsWhenUsed: isServer, ...config }, config.Store ?? Store, undefined, versions);
    this.core = core;
    this._core = core;
    this.tx = core.tx;
    this.auth = core.auth;
    this.storage = core.storage;
    this.streams = core.streams;
    this.outbox = core.outbox;
    const [auth, status, appStatus, outbox] = [authOf(core), connectionStatusOf(core), appStatusOf(core), outboxOf(core)];
    this._useAuth = () => useExternalStore(auth);
    this.useConnectionStatus = () => useExternalStore(status);
    this.useAppStatus = () => useExternalStore(appStatus);
    this.useOutbox = () => useExternalStore(outbox);
  }

  /**
   * Applies a transaction: all of it or nothing. The effect is visible immediately; the write is persisted on the device until the server
   * has acknowledged it, and is sent in order.
   *
   * @returns a promise for the server's response
   * @throws TransactionValidationError if the transaction is invalid
   *
   * @example
   * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
   */
  transact = (chunks: TransactionChunk<any, any> | TransactionChunk<any, any>[], opts?: Abortable): WritePromise =>
    this.core.transact(chunks, opts);

  /**
   * Subscribes to a query. Unchanged rows keep their identity across results. With `null`, no query runs.
   *
   * @example
   * const { isLoading, error, data } = db.useQuery({ goals: { todos: {} } });
   * // Re-renders only when the number changes:
   * const { data: count } = db.useQuery({ goals: {} }, { select: ({ goals }) => goals.length });
   */
  useQuery = ((query: object | null, opts?: object) => useQuery(this.core, query, opts)) as UseQuery<Schema, UseDates>;

  /**
   * Subscribes to a query and suspends until its result arrives: React renders the nearest `Suspense` fallback meanwhile.
   *
   * @example
   * const { data } = db.useSuspenseQuery({ goals: {} });
   */
  useSuspenseQuery = <Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts?: { ruleParams: RuleParams },
  ): { data: InstaQLResponse<Schema, Q, UseDates>; pageInfo?: PageInfoResponse<Q> } => useSuspenseQuery(this.core, query, opts) as never;

  /** The store behind `useSuspenseQuery`, for subclasses. */
  protected _queryStore(query: object, opts?: RuleOptions): QueryStore {
    return queryStore(this.core, query, opts);
  }

  /**
   * Subscribes to a list that is loaded page by page and stays live as a whole.
   *
   * @example
   * const { data, canLoadNextPage, loadNextPage } = db.useInfiniteQuery({ posts: { $: { limit: 20 } } });
   */
  useInfiniteQuery = <Q extends ValidQuery<Q, Schema>>(query: Q, opts?: InstaQLOptions): InfiniteQueryResult<Schema, Q, UseDates> =>
    useInfiniteQuery(this.core, query, opts) as never;

  /**
   * Returns the signed-in user.
   *
   * @example
   * const { isLoading, user } = db.useAuth();
   */
  useAuth = (): AuthState => this._useAuth();

  /** The implementation of `useAuth`, for subclasses. */
  protected _useAuth: () => AuthState;

  /**
   * Returns the signed-in user; use it below `db.SignedIn`.
   *
   * @throws TriplaneError if no user is signed in
   *
   * @example
   * const { email } = db.useUser();
   */
  useUser = (): User => {
    const { user } = this.useAuth();
    if (!user) throw new TriplaneError('refused', 'No user is signed in: call db.useUser below <db.SignedIn>');
    return user;
  };

  /** Returns the status of the connection. */
  useConnectionStatus: () => ConnectionStatus;

  /** Returns whether the app is read-only. */
  useAppStatus: () => AppStatusState;

  /**
   * Returns the pending and the rejected writes, with functions to retry or discard them.
   *
   * @example
   * const { pending, rejected, retry, discard } = db.useOutbox();
   */
  useOutbox: () => OutboxView;

  /**
   * Returns an id that stays the same on this device, by name; null until it has been read.
   *
   * @example
   * const guestId = db.useLocalId('guest');
   */
  useLocalId = (name: string): string | null => useLocalId(this.core, name);

  getLocalId = (name: string, opts?: Abortable): Promise<string> => this.core.getLocalId(name, opts);

  /** Returns the signed-in user once. */
  getAuth(opts?: Abortable): Promise<User | null> {
    return this.core.getAuth(opts);
  }

  /** Runs a query once, against the server: persisted results may be outdated. */
  queryOnce = <Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts?: Partial<InstaQLOptions> & Abortable,
  ): Promise<{ data: InstaQLResponse<Schema, Q, UseDates>; pageInfo: PageInfoResponse<Q> }> => this.core.queryOnce(query, opts);

  /**
   * Names a room for the hooks in `db.rooms`.
   *
   * @example
   * const room = db.room('chat', roomId);
   * const { peers } = db.rooms.usePresence(room);
   */
  room<RoomType extends string & keyof Rooms>(
    type: RoomType = '_defaultRoomType' as RoomType,
    id = '_defaultRoomId',
  ): InstantReactRoom<Schema, Rooms, RoomType> {
    return new InstantReactRoom<Schema, Rooms, RoomType>(this.core, type, this.core[internals].reactor.rooms.idOf(type, id));
  }

  rooms = rooms;

  /** Renders its children if a user is signed in. */
  SignedIn: ConditionalRender = ({ children }) => (this.useAuth().user ? children : null);

  /** Renders its children if no user is signed in. */
  SignedOut: ConditionalRender = ({ children }) => {
    const { isLoading, error, user } = this.useAuth();
    return isLoading || error || user ? null : children;
  };
}

export class InstantReactWebDatabase<
  Schema extends AnySchemaDef,
  UseDates extends boolean = false,
  Config extends InstantConfig<Schema, boolean> = InstantConfig<Schema, UseDates>,
> extends InstantReactAbstractDatabase<Schema, UseDates, Config> {}
