// Usage of an app's rate limits. It is shared by all processes of a database and survives restarts: usage is written to records of the
// app's log, in batches and with a delay, and other processes' usage is read from there.
//
// Full buckets are dropped. If there are too many, the fullest are dropped first, so to have one dropped, an attacker must spend as much
// from each of all the others.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Records } from '../storage/storage.ts';
import { type RateLimit, TokenBucket } from '../token-bucket.ts';

export type LimitClock = Pick<Clock, 'now' | 'monotonicNow'>;

/** Writes records durably. Rejects on failure. */
type Save = (records: Records) => Promise<unknown>;

export interface LimitStoreConfig {
  readonly clock: Clock;
  readonly save: Save;
}

/** Per limit: the remaining tokens, and the wall-clock time they were counted at. */
type Left = readonly (readonly [tokens: number, at: number])[];

const prefix = 'limit ';
const saveAfterMs = 100;
/** Retry delay after a failure. */
const saveAgainAfterMs = 2000;
const maxKeys = 100_000;

export class LimitStore {
  readonly clock: LimitClock;
  readonly #config: LimitStoreConfig | undefined;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, readonly TokenBucket[]>();
  /** Loaded from the log and not used yet. */
  readonly #stored = new Map<string, Left>();
  readonly #unsaved = new Set<string>();
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(clock: LimitClock, config?: LimitStoreConfig, most = maxKeys) {
    this.clock = clock;
    this.#config = config;
    this.#maxKeys = most;
  }

  /** Replaces everything known. */
  load(records: ReadonlyMap<string, unknown>): void {
    this.#stored.clear();
    for (const [name, left] of records) this.#take(name, left);
  }

  /** Applies records written by this or another process. */
  committed(records: Records): void {
    for (const [name, left] of Object.entries(records)) this.#take(name, left);
  }

  /** One bucket per limit. */
  buckets(name: string, key: string, limits: readonly RateLimit[]): readonly TokenBucket[] {
    const record = recordName(name, key);
    const known = this.#buckets.get(record);
    if (known) return known;
    const now = this.clock.monotonicNow();
    const left = this.#stored.get(record);
    this.#stored.delete(record);
    const buckets = limits.map((limit, at) => this.#restored(limit, left?.[at], now));
    this.#buckets.set(record, buckets);
    if (this.#buckets.size > this.#maxKeys) this.#makeRoom(now);
    return buckets;
  }

  spent(name: string, key: string): void {
    if (!this.#config) return;
    this.#unsaved.add(recordName(name, key));
    this.#timer ??= this.#config.clock.setTimeout(() => void this.save(), saveAfterMs);
  }

  /** Resolves when all usage is durable or writing it has failed. */
  save(): Promise<void> {
    this.#config?.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#saving = this.#saving.then(() => this.#save()));
  }

  /** Stops writing. */
  stop(): void {
    this.#config?.clock.clearTimeout(this.#timer);
    this.#unsaved.clear();
  }

  async #save(): Promise<void> {
    if (!this.#config || this.#unsaved.size === 0) return;
    const names = [...this.#unsaved];
    this.#unsaved.clear();
    const now = this.clock.monotonicNow();
    this.#forgetFull(now);
    try {
      await this.#config.save(Object.fromEntries(names.map((name) => [name, this.#leftOf(name, now)])));
    } catch {
      for (const name of names) this.#unsaved.add(name);
      this.#timer ??= this.#config.clock.setTimeout(() => void this.save(), saveAgainAfterMs);
    }
  }

  #leftOf(record: string, now: number): Left | null {
    const buckets = this.#buckets.get(record);
    if (!buckets || buckets.every((bucket) => bucket.isFull(now))) return null;
    return buckets.map((bucket) => [bucket.tokens, Math.round(this.clock.now() - (now - bucket.refilledAt))]);
  }

  #take(name: string, value: unknown): void {
    if (!name.startsWith(prefix)) return;
    const known = this.#buckets.get(name);
    if (!known) {
      if (Array.isArray(value)) this.#stored.set(name, value);
      else this.#stored.delete(name);
      return;
    }
    if (!Array.isArray(value)) return;
    const now = this.clock.monotonicNow();
    known.forEach((bucket, at) => {
      const theirs = this.#restored(bucket.limit, (value as unknown as Left)[at], now);
      // Both are advanced to the same time before they are compared.
      bucket.has(0, now);
      theirs.has(0, now);
      bucket.lower(theirs.tokens);
    });
  }

  /** If the wall clock was set back, the bucket refills later; it never becomes full. */
  #restored(limit: RateLimit, left: Left[number] | undefined, now: number): TokenBucket {
    if (!left) return new TokenBucket(limit, now);
    const age = Math.max(0, this.clock.now() - left[1]);
    return new TokenBucket(limit, now - age, left[0]);
  }

  #forgetFull(now: number): void {
    for (const [name, buckets] of this.#buckets) {
      if (this.#unsaved.has(name) || !buckets.every((bucket) => bucket.isFull(now))) continue;
      this.#buckets.delete(name);
    }
  }

  #makeRoom(now: number): void {
    this.#forgetFull(now);
    if (this.#buckets.size <= this.#maxKeys) return;
    const share = (buckets: readonly TokenBucket[]): number => Math.min(1, ...buckets.map(({ tokens, limit }) => tokens / limit.capacity));
    const fullest = [...this.#buckets].map(([name, buckets]) => [name, share(buckets)] as const).sort(([, a], [, b]) => b - a);
    for (const [name] of fullest.slice(0, Math.ceil(this.#maxKeys / 10))) this.#buckets.delete(name);
  }
}

/** The key is an IP or e-mail address: only its hash is stored. */
function recordName(name: string, key: string): string {
  return prefix + createHash('sha256').update(`${name}\n${key}`).digest('hex').slice(0, 32);
}
