// Types of the hooks in terms of a schema, the schema-independent database type, and whether the code runs on a server.

/* eslint-disable @typescript-eslint/no-explicit-any -- hooks work on databases of every schema */

import type { InstantCoreDatabase, InstantSchemaDef, InstaQLLifecycleState, InstaQLResponse, RuleParams, ValidQuery } from 'triplane';

/** A list that is loaded page by page. */
export type InfiniteQueryResult<Schema extends AnySchemaDef, Q extends ValidQuery<Q, Schema>, UseDates extends boolean> =
  | { error: { message: string }; data: undefined; isLoading: false; canLoadNextPage: boolean; loadNextPage: () => void }
  | { error: undefined; data: undefined; isLoading: true; canLoadNextPage: boolean; loadNextPage: () => void }
  | {
      error: undefined;
      data: InstaQLResponse<Schema, Q, UseDates>;
      isLoading: false;
      canLoadNextPage: boolean;
      loadNextPage: () => void;
    };

/** The result of a query with `select`. */
export type SelectedState<Part> =
  | { isLoading: true; data: undefined; pageInfo: undefined; error: undefined }
  | { isLoading: false; data: undefined; pageInfo: undefined; error: { message: string; traceId?: string } }
  | { isLoading: false; data: Part; pageInfo: undefined; error: undefined };

export type SelectOptions<Data, Part> = {
  ruleParams?: RuleParams;
  /** Selects the part of the data to render. The component re-renders only when this part changes. */
  select: (data: Data) => Part;
};

export interface UseQuery<Schema extends AnySchemaDef, UseDates extends boolean> {
  <Q extends ValidQuery<Q, Schema>, Part>(
    query: null | Q,
    opts: SelectOptions<InstaQLResponse<Schema, Q, UseDates>, Part>,
  ): SelectedState<Part>;
  <Q extends ValidQuery<Q, Schema>>(query: null | Q, opts?: { ruleParams: RuleParams }): InstaQLLifecycleState<Schema, Q, UseDates>;
}

export type AnySchemaDef = InstantSchemaDef<any, any, any>;
export type AnyCore = InstantCoreDatabase<any, any>;
