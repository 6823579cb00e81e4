// One live query: the request, its listeners, the server's last result, and the view on top of it.

import type { TriplaneError } from '../../errors.ts';
import type { Processed, WireQuery } from '../../protocol/query-messages.ts';
import type { QueryResult } from '../../query/query.ts';
import type { ResultSource } from './view-input.ts';
import type { View } from './view.ts';

export interface Progress {
  readonly query: WireQuery;
  /** `done` of `total`; neither means anything by itself. */
  readonly done: number;
  readonly total: number;
}

export interface Listener {
  readonly onResult: (result: QueryResult) => void;
  readonly onError: (error: TriplaneError) => void;
  /** What was told holds no longer, and there is nothing else yet: somebody else signed in. */
  readonly onReset?: () => void;
  /** A big answer is on its way to it: how far it has come. */
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Only an answer of the session that is open now will do. */
  readonly wantsFresh?: boolean;
}

/** What is fixed when a query is opened. */
export interface QueryRequest {
  readonly key: string;
  readonly query: WireQuery;
  readonly eventId: string;
  /** Answered from what other queries hold, until the server speaks. */
  readonly isLocal: boolean;
}

export interface LiveQuery extends QueryRequest {
  /** Each with its last notification, so that none is repeated. */
  readonly listeners: Map<Listener, QueryResult | TriplaneError | undefined>;
  view: View;
  /** Where the answer held is from: the server, what was kept of an earlier start, or what other queries hold. */
  source: ResultSource | undefined;
  /** How far the answer held reaches. */
  processed: Processed | undefined;
  /** The answer held is of this session. */
  isFresh: boolean;
  error: TriplaneError | undefined;
  /** How often in a row it has failed, and when it is asked again. */
  failures: number;
  refetchAtMs: number | undefined;
  /** When to look whether confirmed writes are still not in its answer. */
  recheckAtMs: number | undefined;
  /** How often in a row that was in vain. */
  rechecks: number;
}
