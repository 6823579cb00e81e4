// What a database gives to those who listen to it, and the little of it that other types need to know.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `Record<string, any>` is the one that interfaces fit too */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` stands for a database without a schema */

import type { AnySchema, AnySchemaDef, RoomSchemaShape } from '../schema/schema.ts';
import type { InstaQLResponse, PageInfoResponse, QueryResponse } from './result.ts';
import type { TxChunk } from './transaction.ts';

export interface IInstantDatabase<Schema extends AnySchemaDef> {
  tx: TxChunk<Schema>;
}

/** A database that may have been given a schema, a graph, or nothing. */
export interface IDatabase<
  Schema extends AnySchema | {} = {},
  _RoomSchema extends RoomSchemaShape = {},
  WithCardinalityInference extends boolean = false,
> {
  tx: TxChunk<Schema extends AnySchema ? Schema : AnySchemaDef>;
  withCardinalityInference?: WithCardinalityInference;
}

export type ConnectionStatus = 'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored';

/** Whether the app is closed for writing. */
export type AppStatusState = { isLoading: true; isReadOnly: undefined } | { isLoading: false; isReadOnly: boolean };

/** `synced`: the server has it. `enqueued`: it is kept, and goes out when there is a line. */
export type TransactionResult = { status: 'synced' | 'enqueued'; clientId: string };

type QueryFailure = { error: { message: string; traceId?: string }; data: undefined; pageInfo: undefined };
type QuerySuccess<Data, Q> = { error: undefined; data: Data; pageInfo: PageInfoResponse<Q> };

/** Whether an answer is the server's, of this session. */
export type Freshness = {
  /** It was kept from before, or put together from other queries: the server has yet to speak. */
  isStale?: true;
  source?: 'cache' | 'local';
};

/** What a subscriber to a query is told. */
export type InstaQLSubscriptionState<Schema, Q, UseDates extends boolean> =
  QueryFailure | QuerySuccess<InstaQLResponse<Schema, Q, UseDates>, Q>;

/** The same, beginning with loading. */
export type InstaQLLifecycleState<Schema, Q, UseDates extends boolean = false> =
  | (InstaQLSubscriptionState<Schema, Q, UseDates> & { isLoading: boolean })
  | { isLoading: true; data: undefined; pageInfo: undefined; error: undefined };

/** What a subscriber to a query over a graph is told. */
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

/** What a subscriber to a list without end is told. */
export type InfiniteQueryCallbackResponse<Schema extends AnySchemaDef, Query extends Record<string, any>, UseDatesLocal extends boolean> =
  | { error: { message: string }; data: undefined; canLoadNextPage: boolean }
  | { error: undefined; data: InstaQLResponse<Schema, Query, UseDatesLocal>; canLoadNextPage: boolean };
