// Dates as a query may name them: every form that can be stored, and a few words. PROTOCOL.md#dates

import { coerceToDate } from '../lib/dates.ts';

const dayMs = 86_400_000;

/** Words that stand for an instant at the time of the query; days begin at midnight UTC. */
const words: Readonly<Record<string, (now: number) => number>> = {
  now: (now) => now,
  today: startOfDay,
  tomorrow: (now) => startOfDay(now) + dayMs,
  yesterday: (now) => startOfDay(now) - dayMs,
  infinity: () => Number.POSITIVE_INFINITY,
  '-infinity': () => Number.NEGATIVE_INFINITY,
};

function startOfDay(now: number): number {
  return Math.floor(now / dayMs) * dayMs;
}

/** The instant that a word stands for; undefined for anything else. */
export function namedInstant(value: unknown): number | undefined {
  return typeof value === 'string' && Object.hasOwn(words, value) ? words[value]?.(Date.now()) : undefined;
}

/** Milliseconds since 1970; undefined for what is no date. */
export function readQueryDate(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const named = namedInstant(value);
  if (named !== undefined) return named;
  try {
    const at = coerceToDate(value)?.getTime();
    return at === undefined || Number.isNaN(at) ? undefined : at;
  } catch {
    return undefined;
  }
}
