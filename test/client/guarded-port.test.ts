// A clock, random numbers or a network status of the program that throw: the client says so, once for each method, and goes on.

import { expect, it } from 'vitest';

import type { Network } from '../../src/connection/network.ts';
import { id, init } from '../../src/index.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { type Random, systemRandom } from '../../src/lib/random.ts';
import { createServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

function fail(): never {
  throw new Error('broken');
}

const broken: Record<string, { clock?: Clock; random?: Random; network?: Network }> = {
  'a clock': { clock: { now: fail, monotonicNow: fail, setTimeout: fail, clearTimeout: fail } },
  'a clock that cannot stop a timer': { clock: { ...systemClock, clearTimeout: fail } },
  'random numbers': { random: { next: fail, uuid: fail, eventId: fail } },
  'ids of messages': { random: { ...systemRandom, eventId: fail } },
  'a network': { network: { isOnline: fail, subscribe: fail, onHidden: fail } },
  'a network that cannot be left': { network: { isOnline: () => true, subscribe: () => fail, onHidden: () => fail } },
};

it.each(Object.entries(broken))('%s', async (_name, ports) => {
  const server = await createServer();
  const errors: string[] = [];
  const { appId, apiURI } = server;
  const db = init({ appId, apiURI, storage: memoryStore(), onError: ({ message }) => errors.push(message), ...ports });
  await expect(db.transact(db.tx['notes']![id()]!.create({ text: 'a' })).settled).resolves.toMatchObject({ status: 'synced' });
  expect((await db.queryOnce({ notes: {} })).data['notes']).toHaveLength(1);
  await expect(db.close()).resolves.toBeUndefined();
  await server.close();
  expect(errors.length).toBeGreaterThan(0);
  expect(errors).toEqual([...new Set(errors)]);
  for (const error of errors) expect(error).toContain('threw: Error: broken');
});
