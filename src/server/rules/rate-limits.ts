// Buckets of tokens that rules, and those who sign people in, spend from. They are in this process only, and full again when
// it starts.

import { type Fault, rejection } from '../errors.ts';

export interface RateLimit {
  readonly capacity: number;
  readonly amount: number;
  readonly periodMs: number;
  /** Little by little, rather than all at once when the period is over. */
  readonly isGreedy: boolean;
}

interface Level {
  tokens: number;
  at: number;
}

/** Keys remembered; the least recently used are forgotten first, and so are full again. */
const mostKeys = 10_000;

/** All limits of one name, by key. */
export class Bucket {
  readonly #limits: readonly RateLimit[];
  readonly #now: () => number;
  readonly #levels = new Map<string, Level[]>();

  constructor(limits: readonly RateLimit[], now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Spends tokens, if every limit has them.
   *
   * @throws InstantAPIError 'rate-limited'
   */
  limit(key: string, tokens: number): true {
    const now = this.#now();
    const levels = this.#limits.map((limit, at) => refilled(limit, this.#levels.get(key)?.[at], now));
    for (const [at, limit] of this.#limits.entries()) {
      const level = levels[at];
      if (level && level.tokens < tokens) throw limited(limit, level, tokens, now);
    }
    for (const level of levels) level.tokens -= Math.max(0, tokens);
    this.#levels.delete(key);
    this.#levels.set(key, levels);
    if (this.#levels.size > mostKeys) for (const oldest of [...this.#levels.keys()].slice(0, mostKeys / 10)) this.#levels.delete(oldest);
    return true;
  }
}

function refilled({ capacity, amount, periodMs, isGreedy }: RateLimit, level: Level | undefined, now: number): Level {
  if (!level) return { tokens: capacity, at: now };
  const passed = Math.max(0, now - level.at) / periodMs;
  const periods = isGreedy ? passed : Math.floor(passed);
  return { tokens: Math.min(capacity, level.tokens + periods * amount), at: isGreedy ? now : level.at + periods * periodMs };
}

function limited({ amount, periodMs, isGreedy }: RateLimit, level: Level, tokens: number, now: number): Error {
  const needed = (tokens - level.tokens) / amount;
  const at = level.at + (isGreedy ? needed : Math.ceil(needed)) * periodMs;
  return rejection('rate-limited', 'Your request exceeded the rate limit.', {
    'retry-at': new Date(at).toISOString(),
    'retry-after': Math.max(0, Math.ceil((at - now) / 1000)),
    'remaining-tokens': Math.floor(level.tokens),
  });
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
