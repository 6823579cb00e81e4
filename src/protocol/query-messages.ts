// Live queries: the client subscribes once; the server responds with the result and sends it again when it changes. PROTOCOL.md#add-query,
// #remove-query, #add-query-ok, #add-query-exists, #remove-query-ok, #refresh-ok

import type { WireAttr } from './attr.ts';
import type { ClientEnvelope, Maybe, ReplyEnvelope, ServerEnvelope } from './envelope.ts';
import type { ResultDelta, WireQuery, WireResult } from './query-result.ts';

export type { ResultDelta, Removed } from './query-result.ts';
export type { WireQuery } from './query-result.ts';

/** `tree` returns nested objects, for servers that only pass the result on. */
export type ReturnType = 'join-rows' | 'tree';

export interface AddQuery extends ClientEnvelope {
  readonly op: 'add-query';
  readonly q: WireQuery;
  readonly 'return-type'?: Maybe<ReturnType>;
}

export interface RemoveQuery extends ClientEnvelope {
  readonly op: 'remove-query';
  readonly q: WireQuery;
}

/** The position in the transaction log that a result includes. */
export interface Processed {
  readonly 'processed-tx-id'?: Maybe<number>;
  /** Log position in the form `<slot>/<high>/<low>`, hexadecimal. PROTOCOL.md#isn */
  readonly 'processed-isn'?: Maybe<string>;
}

export interface AddQueryOk extends ReplyEnvelope, Processed {
  readonly op: 'add-query-ok';
  readonly q: WireQuery;
  readonly result: WireResult;
  /** With `return-type: 'tree'`: page info and aggregates. */
  readonly 'result-meta'?: unknown;
}

/** The session is subscribed to this query already; no result follows. */
export interface AddQueryExists extends ReplyEnvelope {
  readonly op: 'add-query-exists';
  readonly q: WireQuery;
}

export interface RemoveQueryOk extends ReplyEnvelope {
  readonly op: 'remove-query-ok';
  readonly q: WireQuery;
}

/** Queries that are not listed are unchanged. */
export interface RefreshOk extends ServerEnvelope, Processed {
  readonly op: 'refresh-ok';
  readonly computations: readonly Computation[];
  /** All attrs, if any changed. Clients apply them before the computations. */
  readonly attrs?: Maybe<readonly WireAttr[]>;
  /** Replaces the computations for clients that requested deltas in `init`. */
  readonly deltas?: Maybe<readonly ResultDelta[]>;
}

export interface Computation {
  readonly 'instaql-query': WireQuery;
  readonly 'instaql-result': WireResult;
  readonly 'result-meta'?: unknown;
  readonly 'result-changed?'?: Maybe<boolean>;
}
