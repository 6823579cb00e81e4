// Where an answer is from, and how a subscriber is told.

import type { QueryResult } from '../query/query.ts';

/** The server; what was kept of an earlier start; or what other queries hold. What is not from the server may be old, or incomplete. */
export type AnswerSource = 'server' | 'cache' | 'local';

/** What a subscriber sees. */
export interface SeenResult extends QueryResult {
  /** The server has not answered yet: this may be old, and if it is `local`, incomplete. */
  readonly isStale?: true;
  readonly source?: 'cache' | 'local';
}

/** The same object for the same result and source. */
export class Marked {
  #of: QueryResult | undefined;
  #source: AnswerSource = 'server';
  #seen: SeenResult | undefined;

  mark(result: QueryResult, source: AnswerSource): SeenResult {
    if (source === 'server') return result;
    if (this.#of === result && this.#source === source && this.#seen) return this.#seen;
    this.#of = result;
    this.#source = source;
    this.#seen = { ...result, isStale: true, source };
    return this.#seen;
  }
}
