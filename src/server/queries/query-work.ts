// The cost of a query, counted in visited entities, links and conditions rather than time, so that it is the same on every machine; and its
// interruption, so that others are served in between.

import { isDue, type Pass, spend, within, WorkExceeded } from '../../query/pass.ts';
import { overLimit } from '../errors.ts';

/** Work between two interruptions; takes a few milliseconds: most of it takes 0.3 µs each. */
export const sliceWork = 10_000;

export class QueryWork {
  readonly #maxWork: number;
  readonly #known: Pass['known'] = new Map();
  #used = 0;
  #sliceEnd = 0;

  constructor(maxWork: number) {
    this.#maxWork = maxWork;
  }

  get used(): number {
    return this.#used;
  }

  /** Counts one slice of work. @throws InstantAPIError 'validation-failed' once the query exceeds its limit */
  slice<T>(run: () => T): T {
    this.#sliceEnd = this.#used + sliceWork;
    return within({ known: this.#known, spend: this.#spend, isDue: () => this.#used > this.#sliceEnd }, run);
  }

  readonly #spend = (work: number): void => {
    this.#used += work;
    if (this.#used > this.#maxWork) throw tooMuchWork(this.#maxWork);
  };
}

/** Of comparing a few thousand triples. */
const workOfComparing = 4000;

/** Runs steps that yield after some thousand triples and count no work. */
export function* paced<T>(steps: Generator<void, T>): Generator<void, T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    spend(workOfComparing);
    if (isDue()) yield;
  }
}

const tooMuchWork = (maxWork: number): Error => overLimit('queryWork', maxWork, 'entities, links and conditions that a query looks at');

/** Thrown by `withAllowance`. */
export class AllowanceExceeded extends WorkExceeded {
  override readonly name = 'AllowanceExceeded';
}

/** Runs work that is completed within the allowance or not at all. `allowance.left` is what remains. */
export function withAllowance<T>(allowance: { left: number }, run: () => T): T {
  const spend = (work: number): void => {
    allowance.left -= work;
    if (allowance.left < 0) throw new AllowanceExceeded();
  };
  return within({ known: new Map(), spend }, run);
}
