// A double, the clients on it, and an end for all of them after each test.

import { afterEach, beforeEach, expect } from 'vitest';

import { createRealtimePlatformClient, type PlatformClient, type PlatformOptions } from '../../src/realtime-platform/index.ts';
import { PlatformDouble, platformToken } from './double.ts';

export interface World {
  readonly double: PlatformDouble;
  client(options?: Partial<PlatformOptions>): PlatformClient;
}

export function platformWorld(): World {
  let double: PlatformDouble;
  let clients: PlatformClient[] = [];
  beforeEach(async () => {
    double = new PlatformDouble();
    await double.listen();
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
    await double.close();
  });
  return {
    get double() {
      return double;
    },
    client: (options = {}) => {
      const made = createRealtimePlatformClient({
        url: double.url,
        getToken: () => platformToken(),
        applicationId: 'app_demo',
        presencePollMs: 1_000,
        reconnect: { delayMs: 10, maxDelayMs: 20 },
        retryDelayMs: 1,
        ...options,
      });
      clients.push(made);
      return made;
    },
  };
}

/** Waits until it is so. */
export const until = (read: () => unknown, value: unknown = true): Promise<void> => expect.poll(read).toEqual(value);
