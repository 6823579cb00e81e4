// The initial snapshot of an infinite list, for bindings that render before they subscribe.

import type { InstantCoreDatabase } from './database.ts';
import { firstPageQuery, readListRequest, shownList } from './infinite-list.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { InfiniteQueryCallbackResponse } from '../types/database.ts';
import type { InstaQLOptions } from '../types/query.ts';
import type { ValidQuery } from '../types/valid-query.ts';
import { internals } from '../lib/internals.ts';

type EmptySnapshot = { canLoadNextPage: false; data: undefined; error: undefined };

/**
 * Returns the list as the subscriber of an equal query sees it; without one, the first page if a live query has its result.
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
  const query = firstPageQuery(request, opts);
  const { reactor } = db[internals];
  const shown = shownList(reactor, query);
  if (shown) return { ...shown, data: { [request.etype]: [...(shown.data[request.etype] ?? [])] } } as never;
  const current = reactor.queries.peek(query);
  if (!current) return empty;
  return { ...empty, data: current.data, canLoadNextPage: current.pageInfo?.[request.etype]?.hasNextPage ?? false } as never;
}
