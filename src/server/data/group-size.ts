// How many waiting writes one group commit takes. A group is applied in one go, so it is bounded in steps as well: between two groups the
// process serves other requests.

import type { Write } from './write.ts';

const maxWrites = 1000;
/** At least one write is taken, also if it has more. */
const maxSteps = 2000;

export function groupSize(waiting: readonly Write[]): number {
  let [count, steps] = [0, 0];
  for (const write of waiting) {
    steps += stepsOf(write);
    if (count > 0 && (steps > maxSteps || count === maxWrites)) break;
    count++;
  }
  return count;
}

/** Whether so much was applied that others must be served before the next group. */
export function isLargeGroup(writes: readonly Write[]): boolean {
  return writes.reduce((sum, write) => sum + stepsOf(write), 0) >= maxSteps / 2;
}

const stepsOf = ({ steps, size = 1 }: Write): number => (typeof steps === 'function' ? size : steps.length);

/** Resolves when the process has served what came in meanwhile. */
export function othersServed(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
