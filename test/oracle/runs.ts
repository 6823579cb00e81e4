// How often the random tests run, and from which seed: `TRIPLANE_RUNS=100000 TRIPLANE_SEED=7 npx vitest run test/oracle`.

import fc from 'fast-check';
import type { WireAttr } from '../../src/protocol/attr.ts';

/** Checks a property, `most` times at most if asked for more than `count`; a failure tells the seed and the smallest case found. */
export function check<Case>(property: fc.IProperty<[Case]>, count: number, most = Infinity): void {
  const seed = process.env['TRIPLANE_SEED'];
  const asked = process.env['TRIPLANE_RUNS'];
  const details = fc.check(property, { numRuns: asked ? Math.min(Number(asked), most) : count, ...(seed && { seed: Number(seed) }) });
  if (!details.failed) return;
  const smallest = JSON.stringify(details.counterexample?.[0], brief, 1).replaceAll(/\n {4,}/g, ' ');
  throw new Error(
    `seed ${details.seed}, run ${details.numRuns}, ${details.numShrinks} shrinks\n${smallest}\n${String(details.errorInstance)}`,
  );
}

/** An attr on one line. */
function brief(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('value-type' in value)) return value;
  const { id, 'forward-identity': forward, 'reverse-identity': reverse, ...rest } = value as WireAttr;
  const flags = Object.entries(rest).flatMap(([key, flag]) => (typeof flag === 'string' ? [flag] : flag ? [key] : []));
  return `${id}: ${[forward, reverse].map((end) => end?.slice(1).join('.')).join(' ')} ${flags.join(' ')}`;
}

/** Random tests may take this long, in milliseconds. */
export const patience = process.env['TRIPLANE_RUNS'] ? 3_600_000 : 120_000;
