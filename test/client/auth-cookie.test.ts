// @vitest-environment happy-dom
// The cookie of the program's own web server follows who is signed in.

import { afterEach, expect, test } from 'vitest';

import { systemClock } from '../../src/lib/clock.ts';
import { type InstantCoreDatabase, init } from '../../src/index.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { hubWorld, userOf } from '../support/hub-world.ts';
import { internals } from '../../src/lib/internals.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of no schema
let db: InstantCoreDatabase<any>;
afterEach(() => db.shutdown());

const ana = { ...userOf('ana'), isGuest: false };
const told: unknown[] = [];
const logged: unknown[] = [];
const { config } = hubWorld();
/** What is kept outlives the program. */
const device = { ...config, storage: { ...config.storage, close: () => {} } };
let isDown = false;

function open(config: object = {}) {
  told.length = 0;
  const send = (url: string, request: RequestInit): Promise<Response> => {
    if (isDown) return Promise.reject(new Error('down'));
    told.push([url, (JSON.parse(request.body as string) as { user: { email?: string } | null }).user?.email ?? null]);
    return Promise.resolve(new Response('{"ok":true}'));
  };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (...parts: unknown[]) => void logged.push(parts) };
  db = init({ ...device, firstPartyPath: '/api/instant/', fetch: send as typeof fetch, log, ...config });
  return db;
}

const done = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn += 1) await settled();
};

test('the client posts the user at the start and after every change, and not again within a day', async () => {
  open();
  await expect.poll(() => told).toEqual([['/api/instant/', null]]);
  await db[internals].reactor.account.setUser(ana);
  await expect.poll(() => told).toHaveLength(2);
  await db[internals].reactor.account.setUser(undefined);
  await db[internals].reactor.account.setUser(ana);
  await expect.poll(() => told.slice(1)).toEqual(['ana@example.com', null, 'ana@example.com'].map((email) => ['/api/instant/', email]));
  await done();
  db.shutdown();
  open();
  await db.getAuth();
  await done();
  expect(told).toEqual([]);
  db.shutdown();
  const clock = { ...systemClock, now: () => Date.now() + 86_400_000, setTimeout: () => 0 };
  open({ clock });
  await expect.poll(() => told).toEqual([['/api/instant/', 'ana@example.com']]);
});

test('a web server that is down does not keep getAuth from resolving', async () => {
  isDown = true;
  open();
  await db[internals].reactor.account.setUser(undefined);
  await expect.poll(() => logged.length).toBeGreaterThan(0);
  expect(await db.getAuth()).toBeNull();
  isDown = false;
});

test('a token stays nowhere on the device after signing out, even if the web server is down', async () => {
  open();
  await db[internals].reactor.account.setUser(ana);
  await expect.poll(() => told.at(-1)).toEqual(['/api/instant/', 'ana@example.com']);
  await done();
  isDown = true;
  await db[internals].reactor.account.setUser(undefined);
  await done();
  isDown = false;
  expect(await device.storage.list('first-party')).toEqual([]);
  expect(await device.storage.get('user')).toBeNull();
  db.shutdown();
  open();
  await expect.poll(() => told).toEqual([['/api/instant/', null]]);
});
