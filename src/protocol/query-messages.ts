// Live queries: asked once, answered once, answered again whenever the answer changes.
// PROTOCOL.md#add-query, #remove-query, #add-query-ok, #add-query-exists, #remove-query-ok, #refresh-ok

import type { WireAttr } from './attr.ts';
import type { ReplyEnvelope, Maybe, ClientEnvelope, ServerEnvelope } from './envelope.ts';
import type { ResultDelta } from './query-answer.ts';
import type { WireResult } from './query-answer.ts';
import type { WireQuery } from './query-answer.ts';

export type { ResultDelta, Removed } from './query-answer.ts';
export type { WireQuery } from './query-answer.ts';

/** `tree` is for servers that only want to hand the answer on: nested objects. */
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

/** How much of the log of changes an answer takes in. */
export interface Processed {
  readonly 'processed-tx-id'?: Maybe<number>;
  /** A place in the log, `<slot>/<high>/<low>` in hexadecimal. PROTOCOL.md#isn */
  readonly 'processed-isn'?: Maybe<string>;
}

export interface AddQueryOk extends ReplyEnvelope, Processed {
  readonly op: 'add-query-ok';
  readonly q: WireQuery;
  readonly result: WireResult;
  /** With `return-type: 'tree'`: page info and aggregates. */
  readonly 'result-meta'?: unknown;
}

/** The session has this query already; no answer follows. */
export interface AddQueryExists extends ReplyEnvelope {
  readonly op: 'add-query-exists';
  readonly q: WireQuery;
}

export interface RemoveQueryOk extends ReplyEnvelope {
  readonly op: 'remove-query-ok';
  readonly q: WireQuery;
}

/** Queries that are not listed are as they were. */
export interface RefreshOk extends ServerEnvelope, Processed {
  readonly op: 'refresh-ok';
  readonly computations: readonly Computation[];
  /** All attrs, if any changed. To be taken up before the computations. */
  readonly attrs?: Maybe<readonly WireAttr[]>;
  /** In place of computations, for clients that asked for them in `init`. */
  readonly deltas?: Maybe<readonly ResultDelta[]>;
}

export interface Computation {
  readonly 'instaql-query': WireQuery;
  readonly 'instaql-result': WireResult;
  readonly 'result-meta'?: unknown;
}
