// Chance in the tests: from one seed, so that every run of them is the same, and so many cases of each property.
// `TRIPLANE_SEED=7` takes another seed, `TRIPLANE_SEED=random` a new one; `TRIPLANE_RUNS=10x` tries ten times as many cases, and
// `TRIPLANE_RUNS=100000` that many of each. `npm run explore` goes on with new seeds for as long as it is told.

import fc from 'fast-check';
import type { WireAttr } from '../../src/protocol/attr.ts';

const { TRIPLANE_SEED: givenSeed, TRIPLANE_RUNS: givenRuns } = process.env;

export const seed: number = givenSeed === 'random' ? Math.floor(Math.random() * 2 ** 31) : numberOf(givenSeed, 20_261_121);

function numberOf(text: string | undefined, otherwise: number): number {
  if (!text) return otherwise;
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`TRIPLANE_SEED is a whole number or "random", and is "${text}"`);
  return number;
}

/** How often to do what is done `count` times: as often, or as asked for; `most` times at most. */
export function runs(count: number, most = Infinity): number {
  if (!givenRuns) return count;
  const requested = givenRuns.endsWith('x') ? count * Number(givenRuns.slice(0, -1)) : Number(givenRuns);
  if (!(requested > 0)) throw new Error(`TRIPLANE_RUNS is a number, or a number and an x, and is "${givenRuns}"`);
  return Math.min(Math.ceil(requested), most);
}

/** Checks a property for `count` cases; a failure tells the seed and the smallest case found. */
export function check<Args>(property: fc.IProperty<Args>, count = 100, most = Infinity): void {
  print(fc.check(property, { numRuns: runs(count, most), seed }));
}

export async function checkAsync<Args>(property: fc.IAsyncProperty<Args>, count = 100, most = Infinity): Promise<void> {
  print(await fc.check(property, { numRuns: runs(count, most), seed }));
}

function print<Args>({ failed, numRuns, numShrinks, counterexample, errorInstance }: fc.RunDetails<Args>): void {
  if (!failed) return;
  const args = counterexample as readonly unknown[] | null;
  const smallest = args?.length === 1 ? shown(args[0]) : shown(args);
  const why = errorInstance instanceof Error ? errorInstance.stack?.slice(0, 2_000) : String(errorInstance);
  throw new Error(`seed ${seed}, run ${numRuns}, ${numShrinks} shrinks\n${smallest}\n${why}`);
}

/** A list line by line, for it may be a story; anything else with what is deep inside on one line. */
function shown(found: unknown): string {
  if (Array.isArray(found)) return found.map((each) => JSON.stringify(each, brief)).join('\n');
  return String(JSON.stringify(found, brief, 1)).replaceAll(/\n {4,}/g, ' ');
}

/** An attr on one line. */
function brief(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('value-type' in value)) return value;
  const { id, 'forward-identity': forward, 'reverse-identity': reverse, ...rest } = value as WireAttr;
  if (!Array.isArray(forward)) return value;
  const flags = Object.entries(rest).flatMap(([key, flag]) => (typeof flag === 'string' ? [flag] : flag ? [key] : []));
  return `${id}: ${[forward, reverse].map((end) => end?.slice(1).join('.')).join(' ')} ${flags.join(' ')}`;
}

/** Numbers from 0 to below 1, always the same ones: for tests whose cases no property draws. */
export function chance(from: number = seed): () => number {
  let at = from | 0;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random tests may take this long, in milliseconds. */
export const patience = givenRuns ? 3_600_000 : 120_000;
