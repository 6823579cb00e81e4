// Dates in queries: every format that can be stored, and a few keywords. PROTOCOL.md#dates

import { coerceToDate } from '../lib/dates.ts';
import { hasOwn } from '../lib/own.ts';

const dayMs = 86_400_000;

/** Keywords for instants relative to the time of the query; days begin at midnight UTC. */
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

/** The instant of a keyword; undefined for any other value. */
export function namedInstant(value: unknown): number | undefined {
  return typeof value === 'string' && hasOwn(words, value) ? words[value]?.(Date.now()) : undefined;
}

/** Whether a condition may name it; `isBound`: of a comparison. An instant that passes while one looks is no value to be equal to. */
export function isQueryDate(value: unknown, isBound: boolean): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const named = namedInstant(value);
  if (named !== undefined) return isBound || !Number.isFinite(named);
  return isDate(value);
}

const yearFirst = /^\s*"?\d{4,}[./-](\d\d?)[./-](\d\d?)/;

/** Stored values may have a month 13, which means January of the next year; in a query it is an error. */
function isDate(value: string | number): boolean {
  if (typeof value === 'number') return true;
  const [, month = 1, day = 1] = yearFirst.exec(value) ?? [];
  if (Number(month) > 12 || Number(day) > 31) return false;
  try {
    return !Number.isNaN(coerceToDate(value)?.getTime() ?? NaN);
  } catch {
    return false;
  }
}
