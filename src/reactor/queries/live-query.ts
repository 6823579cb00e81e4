// One live query: the request, its listeners, the server's last result, and the view on top of it.

import type { TriplaneError } from '../../errors.ts';
import type { Processed, WireQuery } from '../../protocol/query-messages.ts';
import type { QueryResult } from '../../query/query.ts';
import type { ResultSource } from './view-input.ts';
import type { View } from './view.ts';

export interface Progress {
  readonly query: WireQuery;
  /** `done` of `total`, in arbitrary units. */
  readonly done: number;
  readonly total: number;
}

export interface Listener {
  readonly onResult: (result: QueryResult) => void;
  readonly onError: (error: TriplaneError) => void;
  /** The last notification no longer holds, and there is no new result yet: another user signed in. */
  readonly onReset?: () => void;
  /** Progress of a large result that is being received. */
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Only a result of the current session will do. */
  readonly wantsFresh?: boolean;
}

/** Fixed when a query is opened. */
export interface QueryRequest {
  readonly key: string;
  readonly query: WireQuery;
  readonly eventId: string;
  /** Evaluated on other queries' results until the server answers. */
  readonly isLocal: boolean;
}

export interface LiveQuery extends QueryRequest {
  /** Another one each time the query is removed and added again, so that late answers are not taken for the new one. */
  eventId: string;
  /** Each with its last notification, so that none is repeated. */
  readonly listeners: Map<Listener, QueryResult | TriplaneError | undefined>;
  view: View;
  /** Source of the current result: the server, the cache, or other queries' results. */
  source: ResultSource | undefined;
  /** The transaction the current result reflects. */
  processed: Processed | undefined;
  /** The current result is from this session. */
  isFresh: boolean;
  /** Sent to the server, which has not answered; also in an earlier session, as each asks again. Until it has, refreshes may leave it out. */
  isAsked: boolean;
  error: TriplaneError | undefined;
  /** Consecutive failures, and the time of the next request. */
  failures: number;
  refetchAtMs: number | undefined;
  /** When to check whether confirmed writes are still missing from the result. */
  recheckAtMs: number | undefined;
  /** Consecutive checks without success. */
  rechecks: number;
}
