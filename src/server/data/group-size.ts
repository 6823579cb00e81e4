// How many waiting writes one group commit takes. A group is applied in one go, so it is bounded in steps as well: between two groups the
// process serves other requests.

import type { Write } from './write.ts';

const maxWrites = 1000;
/** At least one write is taken, also if it has more. */
const maxSteps = 2000;

export interface GroupSize {
  readonly count: number;
  /** Whether it has so many steps that others must be served before the next group. */
  readonly isLarge: boolean;
}

export function groupSize(waiting: readonly Write[]): GroupSize {
  let [count, steps] = [0, 0];
  for (const write of waiting) {
    const more = stepsOf(write);
    if (count > 0 && (steps + more > maxSteps || count === maxWrites)) break;
    steps += more;
    count++;
  }
  return { count, isLarge: steps >= maxSteps / 2 };
}

const stepsOf = ({ steps, size = 1 }: Write): number => (typeof steps === 'function' ? size : steps.length);
