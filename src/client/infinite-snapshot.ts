// What a list without end can show before it has asked: for bindings that draw first and subscribe after.

import type { InstantCoreDatabase } from './database.ts';
import { firstPage, readListRequest } from './infinite-list.ts';
import { toWireQuery } from './wire-query.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { InfiniteQueryCallbackResponse } from '../types/database.ts';
import type { InstaQLOptions } from '../types/query.ts';
import type { ValidQuery } from '../types/valid-query.ts';

type EmptySnapshot = { canLoadNextPage: false; data: undefined; error: undefined };

/**
 * The first page, if an equal query has been answered.
 *
 * @throws QueryValidationError unless exactly one namespace is asked for
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
