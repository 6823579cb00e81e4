// The states and results a database passes to its listeners, and the minimal database type that other types need.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `Record<string, any>` is the one that interfaces fit too */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` stands for a database without a schema */

import type { AnySchema, AnySchemaDef, RoomSchemaShape } from '../schema/schema.ts';
import type { InstaQLResponse, PageInfoResponse, QueryResponse } from './result.ts';
import type { TxChunk } from './transaction.ts';

export interface IInstantDatabase<Schema extends AnySchemaDef> {
  tx: TxChunk<Schema>;
}

/** A database with a schema, a graph, or neither. */
export interface IDatabase<
  Schema extends AnySchema | {} = {},
  _RoomSchema extends RoomSchemaShape = {},
  WithCardinalityInference extends boolean = false,
> {
  tx: TxChunk<Schema extends AnySchema ? Schema : AnySchemaDef>;
  withCardinalityInference?: WithCardinalityInference;
}

export type ConnectionStatus = 'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored';

/** What is known of a session beside its status. */
export interface ConnectionDetails {
  /**
   * Whether every write is applied exactly once: the server remembers event ids, or each write leaves a receipt. False where receipts are
   * turned off, or forbidden by the rules of the app. Undefined while there is no session.
   */
  readonly isExactlyOnce: boolean | undefined;
}

/** Whether the app is read-only. `status` tells a read-only app from a disabled one, which answers no queries either. */
export type AppStatusState =
  | { isLoading: true; isReadOnly: undefined; status?: undefined }
  | { isLoading: false; isReadOnly: boolean; status?: 'active' | 'read-only' | 'disabled' };

/** `synced`: the server has acknowledged the transaction. `enqueued`: it is in the outbox and is sent when there is a connection. */
export type TransactionResult = { status: 'synced' | 'enqueued'; clientId: string };

type QueryFailure = { error: { message: string; traceId?: string }; data: undefined; pageInfo: undefined };
type QuerySuccess<Data, Q> = { error: undefined; data: Data; pageInfo: PageInfoResponse<Q> };

/** Whether a result comes from the server in this session. */
export type Freshness = {
  /** The result comes from the persistent cache or from other queries; the server's result has not arrived. */
  isStale?: true;
  source?: 'cache' | 'local';
};

/** The state passed to a subscriber of a query. */
export type InstaQLSubscriptionState<Schema, Q, UseDates extends boolean> =
  QueryFailure | QuerySuccess<InstaQLResponse<Schema, Q, UseDates>, Q>;

/** The same, including the initial loading state. */
export type InstaQLLifecycleState<Schema, Q, UseDates extends boolean = false> =
  | (InstaQLSubscriptionState<Schema, Q, UseDates> & { isLoading: boolean })
  | { isLoading: true; data: undefined; pageInfo: undefined; error: undefined };

/** The state passed to a subscriber of a query over a graph. */
export type SubscriptionState<Q, Schema, WithCardinalityInference extends boolean> =
  QueryFailure | QuerySuccess<QueryResponse<Q, Schema, WithCardinalityInference>, Q>;

export type LifecycleSubscriptionState<Q, Schema, WithCardinalityInference extends boolean> = SubscriptionState<
  Q,
  Schema,
  WithCardinalityInference
> & { isLoading: boolean };

export interface InfiniteQuerySubscription {
  unsubscribe: () => void;
  loadNextPage: () => void;
}

/** The state passed to a subscriber of an infinite query. */
export type InfiniteQueryCallbackResponse<Schema extends AnySchemaDef, Query extends Record<string, any>, UseDatesLocal extends boolean> =
  | { error: { message: string }; data: undefined; canLoadNextPage: boolean }
  | { error: undefined; data: InstaQLResponse<Schema, Query, UseDatesLocal>; canLoadNextPage: boolean };
