// A limit on how long a promise is waited for.

import type { Clock, Timer } from './clock.ts';

/**
 * @param error made when `ms` milliseconds have passed; what the promise does later is ignored
 * @returns the promise's value, if it comes in time
 */
export async function withTimeout<T>(promise: Promise<T>, clock: Clock, ms: number, error: () => Error): Promise<T> {
  let timer: Timer | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(error()), ms);
  });
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clock.clearTimeout(timer);
  }
}
