// A time limit for operations on a storage that may hang.

import type { Timer } from '../../lib/clock.ts';
import type { HubConfig } from './hub-config.ts';

const closeWithin = 10_000;

/** Resolves when `run` does, or when the time is over. Writes the storage has not confirmed have not been acknowledged. */
export async function inTime(config: HubConfig, what: string, run: () => Promise<void>): Promise<void> {
  const { clock, log, closeWithinMs = closeWithin } = config;
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = clock.setTimeout(() => {
      log.error(`the storage has not confirmed ${what} in ${closeWithinMs} ms: the server closes without it`);
      resolve();
    }, closeWithinMs);
  });
  await Promise.race([run(), late]).finally(() => clock.clearTimeout(timer));
}
