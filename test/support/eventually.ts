// What has to become true, however slow the machine is: the same patience as `expect.poll` has (vitest.config.ts).

import { vi } from 'vitest';

export const patienceMs = 15_000;

/** Repeats the check until it no longer throws. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: patienceMs, interval: 5 });
