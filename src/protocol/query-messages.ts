// Live queries: asked once, answered once, answered again whenever the answer changes.
// PROTOCOL.md#add-query, #remove-query, #add-query-ok, #add-query-exists, #remove-query-ok, #refresh-ok

import type { WireAttr } from './attr.ts';
import type { Echo, Maybe, Said, Traced } from './envelope.ts';
import type { WireAnswer } from './query-answer.ts';
import type { Triple } from './triple.ts';

/** A query as asked. Sent back as an equal value, perhaps with its keys in another order. */
export type WireQuery = Readonly<Record<string, unknown>>;

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

/** `v` only where an attr may have several. */
export type Removed = readonly [e: string, a: string, v?: string];

/** What came and went in an answer. To be taken up by whoever holds it as of `base-tx-id` or later. */
export interface AnswerDelta {
  readonly 'instaql-query': WireQuery;
  /** The transaction after which the answer was what this is a difference to. */
  readonly 'base-tx-id': number;
  readonly removed: readonly Removed[];
  /** A value takes the place of the one before it. */
  readonly added: readonly Triple[];
  /** Of all namespaces, if any changed; as on the first node of an answer. */
  readonly 'page-info'?: Maybe<Readonly<Record<string, unknown>>>;
  readonly aggregate?: Maybe<Readonly<Record<string, unknown>>>;
}
