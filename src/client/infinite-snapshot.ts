// The initial snapshot of an infinite list, for bindings that render before they subscribe.

import type { InstantCoreDatabase } from './database.ts';
import { firstPage, readListRequest } from './infinite-list.ts';
import { toWireQuery } from './wire-query.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { InfiniteQueryCallbackResponse } from '../types/database.ts';
import type { InstaQLOptions } from '../types/query.ts';
import type { ValidQuery } from '../types/valid-query.ts';

type EmptySnapshot = { canLoadNextPage: false; data: undefined; error: undefined };

/**
 * Returns the first page if a live query with an equal query has a result.
 *
 * @throws QueryValidationError unless the query has exactly one namespace
 * @example
 * const { data } = getInfiniteQueryInitialSnapshot(db, { posts: { $: { limit: 20 } } });
 */
export function getInfiniteQueryInitialSnapshot<
  Schema extends AnySchemaDef,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean = false,
>(
  db: InstantCoreDatabase<Schema, UseDates>,
  fullQuery: Q | null,
  opts?: InstaQLOptions,
): InfiniteQueryCallbackResponse<Schema, Q, UseDates> | EmptySnapshot {
  const empty: EmptySnapshot = { canLoadNextPage: false, data: undefined, error: undefined };
  if (!fullQuery) return empty;
  const request = readListRequest(fullQuery);
  const query = toWireQuery({ [request.etype]: firstPage(request) }, { disableValidation: true }, opts);
  const current = db._reactor.queries.peek(query);
  return current ? ({ ...empty, data: current.data } as never) : empty;
}
