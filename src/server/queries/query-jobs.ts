// Long evaluations in slices: between two slices the process serves other requests. A job that is done within its first slice runs
// immediately if its owner has no other job. Networks take turns, and within each its owners, the one with the least cost so far first;
// jobs of one owner keep their order. Partial results take memory, so only a few jobs are under way at the same time: the others get one
// slice, and start again when there is room.

import { networkOf } from '../client-address.ts';
import { QueryWork, sliceWork } from './query-work.ts';

/** Work started immediately in one turn of the event loop, for all owners together. */
const maxTurnWork = 2 * sliceWork;
/** Jobs under way at the same time. */
const maxUnderWay = 4;
/** Of one network, so that others have their turn. */
const maxUnderWayOfNetwork = 2;

export type Steps<T> = () => Generator<void, T>;
export type JobOutcome<T> = { readonly is: 'done'; readonly value: T } | { readonly is: 'failed'; readonly error: unknown };

/** Who a job is for: a session or the sender of a request. Where it is, is part of it if it is known. */
export interface JobOwner {
  readonly ip?: string | undefined;
  readonly actor?: { readonly ip?: string | undefined };
}

/** Owners that share an address, or one whose address is not known. */
type Network = string | JobOwner;

const networkOfOwner = (owner: JobOwner): Network => networkOf(owner.actor?.ip ?? owner.ip ?? '') || owner;

interface OwnerJobs {
  readonly jobs: Set<Job>;
  /** Work so far; a new owner starts with that of the owner with the least. */
  used: number;
}

interface NetworkJobs {
  readonly owners: Map<JobOwner, OwnerJobs>;
  used: number;
}

/** Returns whether it has ended, after one slice. */
type Advance = (work: QueryWork) => boolean;

class Job {
  readonly network: Network;
  readonly #maxWork: number;
  readonly #begin: () => Advance;
  #advance: Advance | undefined;
  #work: QueryWork;
  /** It was tried, and has to be begun anew. */
  wasDropped = false;
  hasEnded = false;

  constructor(network: Network, maxWork: number, begin: () => Advance) {
    this.network = network;
    this.#maxWork = maxWork;
    this.#begin = begin;
    this.#work = new QueryWork(maxWork);
  }

  get used(): number {
    return this.#work.used;
  }

  advance(): void {
    // Ended, also if that throws which it tells of its end.
    this.hasEnded = true;
    this.hasEnded = (this.#advance ??= this.#begin())(this.#work);
  }

  drop(): void {
    this.wasDropped = true;
    this.#advance = undefined;
    this.#work = new QueryWork(this.#maxWork);
  }
}

export class QueryJobs {
  readonly #maxWork: number;
  readonly #failed: (error: unknown) => void;
  readonly #networks = new Map<Network, NetworkJobs>();
  readonly #underWay = new Set<Job>();
  #turnWork = 0;
  #isScheduled = false;

  /** `failed`: the exception of an `ended` callback. */
  constructor(maxWork: number, failed: (error: unknown) => void) {
    this.#maxWork = maxWork;
    this.#failed = failed;
  }

  /**
   * Calls `ended` when all steps are done, possibly before returning unless `isDeferred`; never after the returned function was called. The
   * steps may be started more than once. A job above the cost limit fails with InstantAPIError 'validation-failed'.
   */
  start<T>(owner: JobOwner, steps: Steps<T>, ended: (outcome: JobOutcome<T>) => void, isDeferred = false): () => void {
    const network = networkOfOwner(owner);
    const job = new Job(network, this.#maxWork, () => advanceOf(steps, ended));
    const mustWait = isDeferred || this.#networks.get(network)?.owners.has(owner) || this.#turnWork > maxTurnWork;
    if (!mustWait) this.#advance(job);
    if (!job.hasEnded) this.#enqueue(owner, job);
    return () => this.#remove(owner, job);
  }

  #enqueue(owner: JobOwner, job: Job): void {
    const network = entry(this.#networks, job.network, (used): NetworkJobs => ({ owners: new Map(), used }));
    entry(network.owners, owner, (used): OwnerJobs => ({ jobs: new Set(), used })).jobs.add(job);
    this.#schedule();
  }

  #remove(owner: JobOwner, job: Job): void {
    this.#underWay.delete(job);
    const network = this.#networks.get(job.network);
    const own = network?.owners.get(owner);
    own?.jobs.delete(job);
    if (own?.jobs.size === 0) network?.owners.delete(owner);
    if (network?.owners.size === 0) this.#networks.delete(job.network);
  }

  /** Returns what it cost. */
  #advance(job: Job): number {
    const isKept = this.#underWay.has(job) || this.#hasRoom(job.network);
    let cost = 1 - job.used;
    try {
      job.advance();
    } finally {
      cost += job.used;
      this.#turnWork += cost;
      this.#schedule();
      if (job.hasEnded) this.#underWay.delete(job);
    }
    if (!job.hasEnded && isKept) this.#underWay.add(job);
    else if (!job.hasEnded) job.drop();
    return cost;
  }

  #hasRoom(network: Network): boolean {
    const own = [...this.#underWay].filter((job) => job.network === network).length;
    return this.#underWay.size < maxUnderWay && own < maxUnderWayOfNetwork;
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
    for (let next = this.#next(); next && this.#turnWork < sliceWork; next = this.#next()) {
      const { owner, job, network, own } = next;
      try {
        const cost = this.#advance(job);
        network.used += cost;
        own.used += cost;
      } catch (error) {
        this.#failed(error);
      }
      if (job.hasEnded) this.#remove(owner, job);
    }
    if (this.#networks.size > 0) this.#schedule();
  }

  /** A job that can run, of the network and the owner with the least work so far. */
  #next(): NextJob | undefined {
    let next: NextJob | undefined;
    for (const [key, network] of this.#networks) {
      if (next === undefined || network.used < next.network.used) next = this.#nextOf(network, this.#hasRoom(key)) ?? next;
    }
    return next;
  }

  #nextOf(network: NetworkJobs, hasRoom: boolean): NextJob | undefined {
    let next: NextJob | undefined;
    for (const [owner, own] of network.owners) {
      const [job] = own.jobs;
      if (!job || (job.wasDropped && !hasRoom && !this.#underWay.has(job))) continue;
      if (next === undefined || own.used < next.own.used) next = { owner, job, network, own };
    }
    return next;
  }
}

interface NextJob {
  readonly owner: JobOwner;
  readonly job: Job;
  readonly network: NetworkJobs;
  readonly own: OwnerJobs;
}

function entry<Key, Value extends { readonly used: number }>(all: Map<Key, Value>, key: Key, make: (used: number) => Value): Value {
  const known = all.get(key);
  if (known) return known;
  let least = Infinity;
  for (const { used } of all.values()) least = Math.min(least, used);
  const made = make(all.size === 0 ? 0 : least);
  all.set(key, made);
  return made;
}

function advanceOf<T>(steps: Steps<T>, ended: (outcome: JobOutcome<T>) => void): Advance {
  let running: Generator<void, T> | undefined;
  return (work) => {
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
}
