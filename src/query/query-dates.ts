// Dates in queries: every form in which stored dates are read, and a few keywords. PROTOCOL.md#dates

import { coerceToDate } from '../lib/dates.ts';
import { hasOwn } from '../lib/own.ts';
import { readStoredDate } from '../lib/stored-dates.ts';

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
  if (typeof value === 'number') return Math.abs(value) < numbersEnd;
  return !Number.isNaN(readStoredDate(value)) || isDayForClients(value);
}

/** Whole numbers of 64 bits. One beyond the years that can be stored is an instant before or after all of them. */
const numbersEnd = 2 ** 63;
const day = /^\d+-(\d\d?)-(\d\d?)$/;

/** Clients read a day beyond the end of its month, and a year at the end. A month 13 is an error. */
function isDayForClients(text: string): boolean {
  const [, month, monthDay] = day.exec(text) ?? [];
  if (month === undefined || Number(month) > 12 || Number(monthDay) > 31) return false;
  try {
    return coerceToDate(text) instanceof Date;
  } catch {
    return false;
  }
}
