// The writes of one group commit, applied to memory one after the other, until one comes that takes long.

import type { Outcome, Write } from './write.ts';

export interface AppliedGroup {
  readonly outcomes: readonly (readonly [Write, Outcome])[];
  /** Left for the next group. */
  readonly rest: readonly Write[];
}

type Steps = Generator<void, Outcome>;

/**
 * Before the first write is applied, memory is what is durable: a long one can be checked while others read, in slices. A later one that
 * takes long is left for the next group, with all that follow it.
 */
export async function applyGroup(
  writes: readonly Write[],
  apply: (write: Write) => Steps,
  inSlices: (steps: Steps) => Promise<Outcome>,
): Promise<AppliedGroup> {
  const outcomes: (readonly [Write, Outcome])[] = [];
  for (const [at, write] of writes.entries()) {
    const steps = apply(write);
    const next = at === 0 ? { done: true as const, value: await inSlices(steps) } : steps.next();
    if (!next.done) return { outcomes, rest: writes.slice(at) };
    outcomes.push([write, next.value]);
  }
  return { outcomes, rest: [] };
}
