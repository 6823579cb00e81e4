// A time limit counts the time in which the page runs: when it stood still, what came meanwhile is still to be delivered.

import { expect, test } from 'vitest';

import type { Clock } from '../../src/lib/clock.ts';
import { withTimeout } from '../../src/lib/timeout.ts';

/** Timers that the test lets come due. */
function handClock(): { readonly clock: Clock; readonly runDue: () => number } {
  let due: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonicNow: () => 0,
    setTimeout: (run) => {
      due.push(run);
      return 0;
    },
    clearTimeout: () => {},
  };
  const runDue = (): number => {
    const now = due;
    due = [];
    for (const run of now) run();
    return now.length;
  };
  return { clock, runDue };
}

const tooLate = (): Error => new Error('too late');

test('an answer that came while the page stood still counts, although timers are run first', async () => {
  const { clock, runDue } = handClock();
  let answer = (_value: string): void => {};
  const result = withTimeout(new Promise<string>((resolve) => (answer = resolve)), clock, 15_000, tooLate);
  runDue();
  answer('stored');
  expect(await result).toBe('stored');
});

test('no answer is waited for without end', async () => {
  const { clock, runDue } = handClock();
  const result = withTimeout(new Promise<never>(() => {}), clock, 15_000, tooLate);
  const failed = expect(result).rejects.toThrow('too late');
  while (runDue() > 0);
  await failed;
});
