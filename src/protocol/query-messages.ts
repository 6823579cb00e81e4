// Live queries: asked once, answered once, answered again whenever the answer changes.
// PROTOCOL.md#add-query, #remove-query, #add-query-ok, #add-query-exists, #remove-query-ok, #refresh-ok

import type { WireAttr } from './attr.ts';
import type { Echo, Maybe, Said, Traced } from './envelope.ts';
import type { AnswerDelta } from './answer-delta.ts';
import type { WireAnswer } from './query-answer.ts';
import type { WireQuery } from './wire-query.ts';

export type { AnswerDelta, Removed } from './answer-delta.ts';
export type { WireQuery } from './wire-query.ts';

/** `tree` is for servers that only want to hand the answer on: nested objects. */
export type ReturnType = 'join-rows' | 'tree';

export interface AddQuery extends Said {
  readonly op: 'add-query';
  readonly q: WireQuery;
  readonly 'return-type'?: Maybe<ReturnType>;
}

export interface RemoveQuery extends Said {
  readonly op: 'remove-query';
  readonly q: WireQuery;
}

/** How much of the log of changes an answer takes in. */
export interface Processed {
  readonly 'processed-tx-id'?: Maybe<number>;
  /** A place in the log, `<slot>/<high>/<low>` in hexadecimal. PROTOCOL.md#isn */
  readonly 'processed-isn'?: Maybe<string>;
}

export interface AddQueryOk extends Echo, Processed {
  readonly op: 'add-query-ok';
  readonly q: WireQuery;
  readonly result: WireAnswer;
  /** With `return-type: 'tree'`: page info and aggregates. */
  readonly 'result-meta'?: unknown;
}

/** The session has this query already; no answer follows. */
export interface AddQueryExists extends Echo {
  readonly op: 'add-query-exists';
  readonly q: WireQuery;
}

export interface RemoveQueryOk extends Echo {
  readonly op: 'remove-query-ok';
  readonly q: WireQuery;
}

/** Queries that are not listed are as they were. */
export interface RefreshOk extends Traced, Processed {
  readonly op: 'refresh-ok';
  readonly computations: readonly Computation[];
  /** All attrs, if any changed. To be taken up before the computations. */
  readonly attrs?: Maybe<readonly WireAttr[]>;
  /** In place of computations, for clients that asked for them in `init`. */
  readonly deltas?: Maybe<readonly AnswerDelta[]>;
}

export interface Computation {
  readonly 'instaql-query': WireQuery;
  readonly 'instaql-result': WireAnswer;
  readonly 'result-meta'?: unknown;
}
