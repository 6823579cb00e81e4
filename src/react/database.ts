// The database as components have it: the core below, and a hook for each thing it can be asked. What the hooks do stands in files of
// their own; here they get the types of the schema.

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

import { type QueryStore, queryStore, type RuleOptions } from './query-stores.ts';
import { type AnySchemaDef, isServer } from './types.ts';
import { InstantReactRoom, rooms } from './room.ts';
import type { InfiniteQueryResult, UseQuery } from './types.ts';
import { authOf } from './database-hooks.ts';
import { useInfiniteQuery } from './use-infinite-query.ts';
import { useLocalId } from './database-hooks.ts';
import { outboxOf, type OutboxView } from './database-hooks.ts';
import { useQuery } from './use-query.ts';
import { useExternalStore } from './use-external-store.ts';
import { appStatusOf, connectionStatusOf } from './database-hooks.ts';
import { useSuspenseQuery } from './use-suspense-query.ts';

type ConditionalRender = FC<{ children: ReactNode }>;

export abstract class InstantReactAbstractDatabase<
  Schema extends AnySchemaDef,
  UseDates extends boolean = false,
  _Config extends InstantConfig<Schema, boolean> = InstantConfig<Schema, UseDates>,
  Rooms extends RoomSchemaShape = RoomsOf<Schema>,
> implements IInstantDatabase<Schema> {
  /** Where chunks of a transaction begin. */
  tx: TxChunk<Schema>;
  auth: Auth;
  storage: Storage;
  streams: InstantCoreDatabase<Schema, UseDates>['streams'];
  /** The writes that wait, and those that were refused. */
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
   * Writes: all of it, or nothing. It shows at once, is kept on the device until the server has it, and goes out in order.
   *
   * @example
   * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
   */
  transact = (chunks: TransactionChunk<any, any> | TransactionChunk<any, any>[], opts?: Abortable): WritePromise =>
    this.core.transact(chunks, opts);

  /**
   * The answer to a query, live. Rows that did not change are the same objects as before. With `null` nothing is asked.
   *
   * @example
   * const { isLoading, error, data } = db.useQuery({ goals: { todos: {} } });
   * // Drawn again only when the number changes:
   * const { data: count } = db.useQuery({ goals: {} }, { select: ({ goals }) => goals.length });
   */
  useQuery = ((query: object | null, opts?: object) => useQuery(this.core, query, opts)) as UseQuery<Schema, UseDates>;

  /**
   * The answer to a query, for components that are drawn when it is there: until then React shows the nearest `Suspense`.
   *
   * @example
   * const { data } = db.useSuspenseQuery({ goals: {} });
   */
  useSuspenseQuery = <Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts?: { ruleParams: RuleParams },
  ): { data: InstaQLResponse<Schema, Q, UseDates>; pageInfo?: PageInfoResponse<Q> } => useSuspenseQuery(this.core, query, opts) as never;

  /** What `useSuspenseQuery` is made of. */
  protected _queryStore(query: object, opts?: RuleOptions): QueryStore {
    return queryStore(this.core, query, opts);
  }

  /**
   * A list that is loaded page by page and stays live as a whole.
   *
   * @example
   * const { data, canLoadNextPage, loadNextPage } = db.useInfiniteQuery({ posts: { $: { limit: 20 } } });
   */
  useInfiniteQuery = <Q extends ValidQuery<Q, Schema>>(query: Q, opts?: InstaQLOptions): InfiniteQueryResult<Schema, Q, UseDates> =>
    useInfiniteQuery(this.core, query, opts) as never;

  /**
   * Who is signed in.
   *
   * @example
   * const { isLoading, user } = db.useAuth();
   */
  useAuth = (): AuthState => this._useAuth();

  /** What `useAuth` is made of. */
  protected _useAuth: () => AuthState;

  /**
   * The one who is signed in, below `db.SignedIn`.
   *
   * @throws TriplaneError if nobody is
   * @example
   * const { email } = db.useUser();
   */
  useUser = (): User => {
    const { user } = this.useAuth();
    if (!user) throw new TriplaneError('refused', 'Nobody is signed in: call db.useUser below <db.SignedIn>');
    return user;
  };

  /** How the line to the server is. */
  useConnectionStatus: () => ConnectionStatus;

  /** Whether the app is open for writing. */
  useAppStatus: () => AppStatusState;

  /**
   * The writes the server does not have yet, and those it refused, with what can be done about them.
   *
   * @example
   * const { pending, refused, retry, discard } = db.useOutbox();
   */
  useOutbox: () => OutboxView;

  /**
   * An id that stays the same on this device, by name; null until it is read.
   *
   * @example
   * const guestId = db.useLocalId('guest');
   */
  useLocalId = (name: string): string | null => useLocalId(this.core, name);

  getLocalId = (name: string, opts?: Abortable): Promise<string> => this.core.getLocalId(name, opts);

  /** Who is signed in, once. */
  getAuth(opts?: Abortable): Promise<User | null> {
    return this.core.getAuth(opts);
  }

  /** Asks once. Only the server answers: what is on the device may be old. */
  queryOnce = <Q extends ValidQuery<Q, Schema>>(
    query: Q,
    opts?: Partial<InstaQLOptions> & Abortable,
  ): Promise<{ data: InstaQLResponse<Schema, Q, UseDates>; pageInfo: PageInfoResponse<Q> }> => this.core.queryOnce(query, opts);

  /**
   * Names a room, for the hooks in `db.rooms`.
   *
   * @example
   * const room = db.room('chat', roomId);
   * const { peers } = db.rooms.usePresence(room);
   */
  room<RoomType extends string & keyof Rooms>(
    type: RoomType = '_defaultRoomType' as RoomType,
    id = '_defaultRoomId',
  ): InstantReactRoom<Schema, Rooms, RoomType> {
    return new InstantReactRoom<Schema, Rooms, RoomType>(this.core, type, this.core._reactor.rooms.idOf(type, id));
  }

  rooms = rooms;

  /** Draws its children for those who are signed in. */
  SignedIn: ConditionalRender = ({ children }) => (this.useAuth().user ? children : null);

  /** Draws its children for those who are not signed in. */
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
