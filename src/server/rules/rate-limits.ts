// Rate limits as rules and sign-in use them: one bucket per key. They live in this process only, and are full when it starts.

import type { Clock } from '../../lib/clock.ts';
import { Kind } from './cel/values.ts';
import { type Fault, rejection } from '../errors.ts';
import { type RateLimit, TokenBucket } from '../token-bucket.ts';

export type { RateLimit } from '../token-bucket.ts';

type LimitClock = Pick<Clock, 'now' | 'monotonicNow'>;

/** Keys remembered; the least recently used are forgotten first, and so are full again. */
const maxKeys = 10_000;

/** All limits of one name, by key. */
export class Bucket {
  readonly kind = Kind.rateLimit;
  readonly #limits: readonly RateLimit[];
  readonly #clock: LimitClock;
  readonly #byKey = new Map<string, readonly TokenBucket[]>();

  constructor(limits: readonly RateLimit[], clock: LimitClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Spends tokens, if every limit has them.
   *
   * @throws InstantAPIError 'rate-limited'
   */
  limit(key: string, tokens: number): true {
    const now = this.#clock.monotonicNow();
    const buckets = this.#byKey.get(key) ?? this.#limits.map((limit) => new TokenBucket(limit, now));
    for (const bucket of buckets) if (!bucket.has(tokens, now)) throw this.#limited(bucket, tokens, now);
    for (const bucket of buckets) bucket.spend(tokens);
    this.#byKey.delete(key);
    this.#byKey.set(key, buckets);
    if (this.#byKey.size > maxKeys) for (const oldest of [...this.#byKey.keys()].slice(0, maxKeys / 10)) this.#byKey.delete(oldest);
    return true;
  }

  #limited(bucket: TokenBucket, tokens: number, now: number): Error {
    const waitMs = bucket.waitMs(tokens, now);
    return rejection('rate-limited', 'Your request exceeded the rate limit.', {
      'retry-at': new Date(this.#clock.now() + waitMs).toISOString(),
      'retry-after': Math.ceil(waitMs / 1000),
      'remaining-tokens': Math.floor(bucket.tokens),
    });
  }
}

const units: Readonly<Record<string, number>> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** `'30 minutes'` in milliseconds; between a second and a day. */
function periodOf(text: unknown): number | undefined {
  const [, count, unit = ''] = /^\s*(\d+)\s*([a-z]+?)s?\s*$/i.exec(typeof text === 'string' ? text : '') ?? [];
  const ms = Number(count) * (units[unit.toLowerCase()] ?? Number.NaN);
  return ms >= 1000 && ms <= 86_400_000 ? ms : undefined;
}

/** One limit as it stands in the rules; a fault for what it is not. */
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
