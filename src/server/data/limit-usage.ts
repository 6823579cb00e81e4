// Usage of one key of a rate limit: the balance in the app's log, and what this process has spent that is not in the log yet. What each
// process spends is subtracted from the balance in the log exactly once, so that processes that spend at the same time add up.

import { isObject } from '../../lib/json.ts';
import { type RateLimit, TokenBucket } from '../token-bucket.ts';

/** The balance at a time. Processes' clocks may differ, so all other times are relative to it. */
export interface UsageRecord {
  /** The time of the transaction. */
  readonly at: number;
  /** Per limit. */
  readonly left: readonly (readonly [tokens: number, sinceRefillMs: number])[];
  /** How long until all limits are full. */
  readonly fullAfterMs: number;
  /** The process that wrote it, and which of its saves it was. */
  readonly by: string;
  readonly save: number;
}

/** The last record that was made and is not in the log yet. */
interface Writing {
  readonly save: number;
  readonly logged: readonly TokenBucket[];
  /** Spent by this process, and part of the record. */
  readonly tokens: number;
}

const dayMs = 86_400_000;

/** Undefined if there is none. */
export function readUsage(value: unknown): UsageRecord | undefined {
  if (isObject(value)) return value as unknown as UsageRecord;
  if (!Array.isArray(value)) return undefined;
  // As earlier versions wrote it: the tokens and the time of the last refill.
  const left = value as readonly (readonly [number, number])[];
  const at = Math.max(...left.map(([, refilledAt]) => refilledAt));
  return { at, left: left.map(([tokens, refilledAt]) => [tokens, at - refilledAt]), fullAfterMs: dayMs, by: '', save: 0 };
}

export class LimitUsage {
  /** What this process may spend: the balance in the log, less what is not in the log yet. */
  readonly buckets: readonly TokenBucket[];
  #logged: readonly TokenBucket[];
  #hasRecord: boolean;
  #unlogged = 0;
  #writing: Writing | undefined;

  /** `elapsedMs`: since the record was written. */
  constructor(limits: readonly RateLimit[], record: UsageRecord | undefined, elapsedMs: number, now: number) {
    this.#logged = restored(limits, record, elapsedMs, now);
    this.#hasRecord = record !== undefined;
    this.buckets = this.#logged.map((bucket) => bucket.copy());
  }

  get isLogged(): boolean {
    return this.#unlogged === 0;
  }

  /** Whether there is a balance in the log. */
  get hasRecord(): boolean {
    return this.#hasRecord;
  }

  isFull(now: number): boolean {
    return this.buckets.every((bucket) => bucket.isFull(now));
  }

  spend(tokens: number, now: number): void {
    this.#forgetRefilled(now);
    for (const bucket of this.buckets) bucket.spend(tokens);
    this.#unlogged += tokens;
  }

  giveBack(tokens: number): void {
    for (const bucket of this.buckets) bucket.add(tokens);
    this.#unlogged -= tokens;
  }

  /** The balance in the log, less all that this process spent; null if it is full. */
  record(now: number, about: Pick<UsageRecord, 'at' | 'by' | 'save'>): UsageRecord | null {
    this.#forgetRefilled(now);
    const drafts = this.#logged.map((logged, at) => {
      const draft = logged.copy();
      draft.refill(now);
      draft.add(-this.#owed(this.buckets[at]));
      return draft;
    });
    if (drafts.every((draft) => draft.isFull(now))) {
      this.#unlogged = 0;
      return null;
    }
    this.#writing = { save: about.save, logged: drafts, tokens: this.#unlogged };
    const left = drafts.map((draft) => [draft.tokens, Math.round(now - draft.refilledAt)] as const);
    return { ...about, left, fullAfterMs: Math.ceil(Math.max(...drafts.map((draft) => draft.waitMs(draft.limit.capacity, now)))) };
  }

  /** A record of this process is in the log. One that was made again since does not count. */
  written({ save }: UsageRecord, now: number): void {
    if (this.#writing?.save !== save) return;
    this.#logged = this.#writing.logged;
    this.#hasRecord = true;
    this.#unlogged -= this.#writing.tokens;
    this.#writing = undefined;
    this.#lower(now);
  }

  /** The record of another process, or none. */
  replaced(record: UsageRecord | undefined, elapsedMs: number, now: number): void {
    const limits = this.buckets.map(({ limit }) => limit);
    this.#logged = restored(limits, record, elapsedMs, now);
    this.#hasRecord = record !== undefined;
    this.#writing = undefined;
    this.#lower(now);
  }

  /** The balance is never raised by what others write. */
  #lower(now: number): void {
    this.#forgetRefilled(now);
    for (const [at, bucket] of this.buckets.entries()) {
      const owed = this.#owed(bucket);
      const logged = this.#logged[at];
      logged?.refill(now);
      if (logged) bucket.lower(logged.tokens - owed);
    }
  }

  /** What a bucket lacks is the most that can still be owed of it: the rest was refilled since it was spent. */
  #owed(bucket: TokenBucket | undefined): number {
    return Math.min(this.#unlogged, bucket ? bucket.limit.capacity - bucket.tokens : 0);
  }

  #forgetRefilled(now: number): void {
    for (const bucket of this.buckets) bucket.refill(now);
    this.#unlogged = Math.max(...this.buckets.map((bucket) => this.#owed(bucket)), Math.min(0, this.#unlogged));
  }
}

function restored(limits: readonly RateLimit[], record: UsageRecord | undefined, elapsedMs: number, now: number): TokenBucket[] {
  return limits.map((limit, at) => {
    const [tokens, sinceRefillMs] = record?.left[at] ?? [limit.capacity, 0];
    return new TokenBucket(limit, now - elapsedMs - sinceRefillMs, tokens);
  });
}
