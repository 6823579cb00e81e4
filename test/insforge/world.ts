// A double, the clients on it, and an end for all of them after each test.

import { afterEach, beforeEach, expect } from 'vitest';

import { createInsforgeClient, type InsforgeClient, type InsforgeOptions } from '../../src/insforge/index.ts';
import { anonKey, InsforgeDouble, userToken } from './double.ts';

export interface World {
  readonly double: InsforgeDouble;
  client(options?: Partial<InsforgeOptions>): InsforgeClient;
  /** A client that is signed in. */
  user(sub: string, options?: Partial<InsforgeOptions>): InsforgeClient;
}

export function insforgeWorld(): World {
  let double: InsforgeDouble;
  let clients: InsforgeClient[] = [];
  beforeEach(async () => {
    double = new InsforgeDouble();
    await double.listen();
    double.define('chat:%');
    double.define('board:%');
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await double.close();
    clients = [];
  });
  const client = (options: Partial<InsforgeOptions> = {}): InsforgeClient => {
    const made = createInsforgeClient({ baseUrl: double.url, anonKey, reconnect: { delayMs: 10, maxDelayMs: 20 }, ...options });
    clients.push(made);
    return made;
  };
  return {
    get double() {
      return double;
    },
    client,
    user: (sub, options) => client({ getToken: () => userToken(sub), ...options }),
  };
}

/** Waits until it is so. */
export const until = (read: () => unknown, value: unknown = true): Promise<void> => expect.poll(read).toEqual(value);
