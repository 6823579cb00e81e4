// Rate limits of rules and sign-in: one token bucket per key.

import { type LimitClock, LimitStore, type Want } from '../data/limit-store.ts';
import { Kind } from './cel/values.ts';
import { type Fault, rejection } from '../errors.ts';
import type { RateLimit, TokenBucket } from '../token-bucket.ts';

export type { RateLimit } from '../token-bucket.ts';

/** Buckets of one limit, by key. */
export class Bucket {
  readonly kind = Kind.rateLimit;
  readonly #name: string;
  readonly #limits: readonly RateLimit[];
  readonly #store: LimitStore;

  /** Without the app's store, usage is kept in this process only and starts at zero. */
  constructor(limits: readonly RateLimit[], clock: LimitClock, store = new LimitStore(clock), name = '') {
    this.#limits = limits;
    this.#store = store;
    this.#name = `${name} ${JSON.stringify(limits)}`;
  }

  /**
   * Spends tokens if every limit has enough.
   *
   * @throws InstantAPIError 'rate-limited'
   */
  limit(key: string, tokens: number): true {
    this.check(key, tokens);
    this.#store.spend(this.#want(key, tokens));
    return true;
  }

  /**
   * Spends a token of each key, or of none. Exact across all servers of the database, whose log it waits for.
   *
   * @throws InstantAPIError 'rate-limited'
   */
  static async take(wanted: readonly (readonly [bucket: Bucket, key: string])[]): Promise<void> {
    for (const [bucket, key] of wanted) bucket.check(key, 1);
    const wants = wanted.map(([bucket, key]) => bucket.#want(key, 1));
    const [[first] = []] = wanted;
    const refused = first && (await first.#store.take(wants));
    const [bucket, key] = (refused && wanted[wants.indexOf(refused)]) ?? [];
    if (bucket && key !== undefined) throw bucket.#limitedAt(key, 1);
  }

  /** Checks without spending. @throws InstantAPIError 'rate-limited' if `limit` would */
  check(key: string, tokens: number): void {
    const now = this.#store.clock.monotonicNow();
    if (!this.#bucketsOf(key).every((bucket) => bucket.has(tokens, now))) throw this.#limitedAt(key, tokens);
  }

  #want(key: string, tokens: number): Want {
    return { name: this.#name, key, limits: this.#limits, tokens: Math.max(0, tokens) };
  }

  #bucketsOf(key: string): readonly TokenBucket[] {
    return this.#store.buckets(this.#name, key, this.#limits);
  }

  #limitedAt(key: string, tokens: number): Error {
    const now = this.#store.clock.monotonicNow();
    const buckets = this.#bucketsOf(key);
    const bucket = buckets.find((each) => !each.has(tokens, now)) ?? buckets[0];
    const waitMs = bucket?.waitMs(tokens, now) ?? 0;
    return rejection('rate-limited', 'Your request exceeded the rate limit.', {
      'retry-at': new Date(this.#store.clock.now() + waitMs).toISOString(),
      'retry-after': Math.ceil(waitMs / 1000),
      'remaining-tokens': Math.max(0, Math.floor(bucket?.tokens ?? 0)),
    });
  }
}

const units: Readonly<Record<string, number>> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Parses `'30 minutes'` to milliseconds; between a second and a day. */
function periodOf(text: unknown): number | undefined {
  const [, count, unit = ''] = /^\s*(\d+)\s*([a-z]+?)s?\s*$/i.exec(typeof text === 'string' ? text : '') ?? [];
  const ms = Number(count) * (units[unit.toLowerCase()] ?? Number.NaN);
  return ms >= 1000 && ms <= 86_400_000 ? ms : undefined;
}

/** Parses one limit of the rules; throws for an invalid one. */
export function readRateLimit(given: unknown): RateLimit | Fault {
  const { capacity, refill } = Object(given) as Readonly<Record<string, unknown>>;
  if (!isCount(capacity)) return { in: ['capacity'], message: 'capacity must be a positive integer' };
  const { amount = capacity, period = '1 hour', type = 'greedy' } = Object(refill ?? {}) as Readonly<Record<string, unknown>>;
  if (!isCount(amount)) return { in: ['refill', 'amount'], message: 'amount must be a positive integer' };
  const periodMs = periodOf(period);
  if (periodMs === undefined) return { in: ['refill', 'period'], message: "period is a time from '1 second' to '24 hours'" };
  if (type !== 'greedy' && type !== 'interval') return { in: ['refill', 'type'], message: "type is 'greedy' or 'interval'" };
  return { capacity, amount, periodMs, isGreedy: type === 'greedy' };
}

const isCount = (given: unknown): given is number => Number.isSafeInteger(given) && Number(given) > 0;
