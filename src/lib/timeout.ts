// A limit on how long a promise is waited for.

import type { Clock, Timer } from './clock.ts';

/** Timers are run before what else came while a page stood still (a dialog, sleep): that counts for one slice of the time at most. */
const slices = 10;

/**
 * @param error made when `ms` milliseconds have passed; what the promise does later is ignored
 * @returns the promise's value, if it comes in time
 */
export async function withTimeout<T>(promise: Promise<T>, clock: Clock, ms: number, error: () => Error): Promise<T> {
  let timer: Timer | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    const wait = (left: number): void => (left > 0 ? void (timer = clock.setTimeout(() => wait(left - 1), ms / slices)) : reject(error()));
    wait(slices);
  });
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clock.clearTimeout(timer);
  }
}
