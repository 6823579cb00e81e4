// A query that cannot be compiled or evaluated here has an error of its own. The other queries, writes and rooms of the same frame go on.

import type { TriplaneError } from '../../errors.ts';
import type { QueryResult } from '../../query/query.ts';
import { asError } from '../client-errors.ts';
import type { Effect } from '../effect.ts';
import type { LiveQuery } from './live-query.ts';

/** What listeners of a query receive: its error, its result, or nothing yet. */
export function outcomeOf(live: LiveQuery): { readonly error?: TriplaneError; readonly result?: QueryResult | undefined } {
  const known = live.view.error ?? live.error;
  if (known) return { error: known };
  try {
    return { result: live.view.read() };
  } catch (cause) {
    return { error: (live.error = asError(cause, 'query-invalid')) };
  }
}

/** Runs an operation on one query. If it throws, the query gets the error and the caller continues with the next. */
export function isolated(live: LiveQuery, run: () => readonly Effect[]): readonly Effect[] {
  try {
    return run();
  } catch (cause) {
    return [failed(live, cause)];
  }
}

/** Sets the query's error. */
export function failed(live: LiveQuery, cause: unknown): Effect {
  live.error = asError(cause, 'query-invalid');
  return { do: 'show', key: live.key };
}
