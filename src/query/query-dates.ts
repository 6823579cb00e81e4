// The keywords for dates in queries. PROTOCOL.md#dates

import { hasOwn } from '../lib/own.ts';

const dayMs = 86_400_000;

/** Keywords for instants relative to the time of the query; days begin at midnight UTC. */
const words: Readonly<Record<string, (now: number) => number>> = {
  now: (now) => now,
  today: startOfDay,
  tomorrow: (now) => startOfDay(now) + dayMs,
  yesterday: (now) => startOfDay(now) - dayMs,
};

function startOfDay(now: number): number {
  return Math.floor(now / dayMs) * dayMs;
}

/** The instant of `infinity` and `-infinity`, which can be stored; undefined for any other value. */
export function infinite(value: unknown): number | undefined {
  return value === 'infinity' ? Infinity : value === '-infinity' ? -Infinity : undefined;
}

/** The instant of a keyword; undefined for any other value. */
export function namedInstant(value: unknown): number | undefined {
  return infinite(value) ?? (typeof value === 'string' && hasOwn(words, value) ? words[value]?.(Date.now()) : undefined);
}
