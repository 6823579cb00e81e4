// A storage that hangs keeps nobody from going.

import type { Timer } from '../../lib/clock.ts';
import type { HubConfig } from './hub-config.ts';

const closeWithin = 10_000;

/** Resolves when `run` does, or when its time is over. What the storage did not confirm was not acknowledged. */
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
