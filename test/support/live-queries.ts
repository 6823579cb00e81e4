// Queries that are asked of the organ itself, with nobody listening.

import type { WireQuery } from '../../src/protocol/query-messages.ts';
import { queryKey } from '../../src/query/key.ts';
import type { LiveQueries } from '../../src/reactor/queries/live-queries.ts';
import type { LiveQuery } from '../../src/reactor/queries/live-query.ts';

/** The one that is there, or a new one. */
export function openQuery(queries: LiveQueries, query: WireQuery, eventId: string): LiveQuery {
  const key = queryKey(query);
  return queries.get(key) ?? queries.open({ key, query, eventId, isLocal: false });
}
