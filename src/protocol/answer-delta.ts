// The difference between two answers to one query, for clients that asked for differences. PROTOCOL.md#deltas

import type { Maybe } from './envelope.ts';
import type { Triple } from './triple.ts';
import type { WireQuery } from './wire-query.ts';

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
