// What hooks take and give, in the terms of a schema.

// The database below the hooks, whatever its schema; and whether there is a page to draw.

/* eslint-disable @typescript-eslint/no-explicit-any -- hooks work on databases of every schema */

import type { InstaQLLifecycleState, InstaQLResponse, RuleParams, ValidQuery, InstantCoreDatabase, InstantSchemaDef } from 'triplane';

/** A list that is loaded page by page, as far as it has been loaded. */
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

/** The answer to a query of which only a part is drawn. */
export type SelectedState<Part> =
  | { isLoading: true; data: undefined; pageInfo: undefined; error: undefined }
  | { isLoading: false; data: undefined; pageInfo: undefined; error: { message: string; traceId?: string } }
  | { isLoading: false; data: Part; pageInfo: undefined; error: undefined };

export type SelectOptions<Data, Part> = {
  ruleParams?: RuleParams;
  /** What of the answer is drawn. The component is drawn again when this changed, and not before. */
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

export const isServer = typeof window === 'undefined';
