// Long evaluations in slices: between two slices the process serves other requests. A job that is done within its first slice runs
// immediately if its owner has no other job. Owners take turns, the one with the least cost so far first; jobs of one owner keep their
// order.

import { QueryWork, sliceWork } from './query-work.ts';

/** Work started immediately in one turn of the event loop, for all owners together. */
const maxTurnWork = 2 * sliceWork;

export type Steps<T> = () => Generator<void, T>;
export type JobOutcome<T> = { readonly is: 'done'; readonly value: T } | { readonly is: 'failed'; readonly error: unknown };

interface Job {
  readonly work: QueryWork;
  /** Returns whether the job has ended. */
  readonly advance: () => boolean;
}

interface OwnerJobs {
  readonly jobs: Set<Job>;
  /** Work so far; a new owner starts with that of the owner with the least. */
  used: number;
}

export class QueryJobs {
  readonly #maxWork: number;
  readonly #failed: (error: unknown) => void;
  readonly #owners = new Map<object, OwnerJobs>();
  #turnWork = 0;
  #isScheduled = false;

  /** `failed`: the exception of an `ended` callback. */
  constructor(maxWork: number, failed: (error: unknown) => void) {
    this.#maxWork = maxWork;
    this.#failed = failed;
  }

  /**
   * Calls `ended` when all steps are done, possibly before returning unless `isDeferred`; never after the returned function was called. A
   * job above the cost limit fails with InstantAPIError 'validation-failed'.
   */
  start<T>(owner: object, steps: Steps<T>, ended: (outcome: JobOutcome<T>) => void, isDeferred = false): () => void {
    const job = jobOf(new QueryWork(this.#maxWork), steps, ended);
    if (isDeferred || this.#owners.has(owner) || this.#turnWork > maxTurnWork || !this.#advance(job)) this.#enqueue(owner, job);
    return () => this.#remove(owner, job);
  }

  #enqueue(owner: object, job: Job): void {
    let own = this.#owners.get(owner);
    if (!own) {
      const least = Math.min(...[...this.#owners.values()].map(({ used }) => used));
      this.#owners.set(owner, (own = { jobs: new Set(), used: Number.isFinite(least) ? least : 0 }));
    }
    own.jobs.add(job);
    this.#schedule();
  }

  #remove(owner: object, job: Job | undefined): void {
    const own = this.#owners.get(owner);
    if (job) own?.jobs.delete(job);
    if (own?.jobs.size === 0) this.#owners.delete(owner);
  }

  #isEnded(job: Job): boolean {
    try {
      return this.#advance(job);
    } catch (error) {
      this.#failed(error);
      return true;
    }
  }

  #advance(job: Job): boolean {
    const before = job.work.used;
    const isEnded = job.advance();
    this.#turnWork += 1 + job.work.used - before;
    this.#schedule();
    return isEnded;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turnWork = 0;
      this.#turn();
    });
  }

  /** Runs about one slice, of one or several jobs. */
  #turn(): void {
    while (this.#owners.size > 0 && this.#turnWork < sliceWork) {
      const [owner, own] = this.#next();
      const [job] = own.jobs;
      const before = job?.work.used ?? 0;
      if (!job || this.#isEnded(job)) this.#remove(owner, job);
      own.used += 1 + (job?.work.used ?? 0) - before;
    }
    if (this.#owners.size > 0) this.#schedule();
  }

  #next(): [object, OwnerJobs] {
    const [first, ...others] = this.#owners;
    return others.reduce((least, each) => (each[1].used < least[1].used ? each : least), first as [object, OwnerJobs]);
  }
}

function jobOf<T>(work: QueryWork, steps: Steps<T>, ended: (outcome: JobOutcome<T>) => void): Job {
  let running: Generator<void, T> | undefined;
  const advance = (): boolean => {
    let outcome: JobOutcome<T>;
    try {
      const next = work.slice(() => (running ??= steps()).next());
      if (next.done !== true) return false;
      outcome = { is: 'done', value: next.value };
    } catch (error) {
      outcome = { is: 'failed', error };
    }
    ended(outcome);
    return true;
  };
  return { work, advance };
}
