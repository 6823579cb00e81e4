// When the start of a client looks for what the official client left, and what it does when that fails or hangs.

import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { adoptionOf } from '../../src/client/adoption.ts';
import { init, type InstantCoreDatabase } from '../../src/client/database.ts';
import { type InitConfig, resolveConfig } from '../../src/client/config.ts';
import type { AdoptionEvent } from '../../src/types/events.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { appId } from '../support/client.ts';
import { VirtualClock, settled } from '../../src/testing/virtual/clock.ts';
import { eventually } from '../support/eventually.ts';

const ann = { id: 'ann', email: 'ann@example.com', refresh_token: 'secret' };
const name = `instant_${appId}_6`;

let clock: VirtualClock;
let errors: Error[];
let db: InstantCoreDatabase<never> | undefined;
beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  clock = new VirtualClock();
  errors = [];
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    const kv = opening.result.createObjectStore('kv');
    kv.put(ann, 'currentUser');
    kv.put('local-1', 'localToken_guest');
  };
  await new Promise((resolve) => (opening.onsuccess = resolve));
  opening.result.close();
});
afterEach(async () => {
  await db?.close();
  vi.unstubAllGlobals();
});

function open(options: Partial<InitConfig<never>> = {}): InstantCoreDatabase<never> {
  const webSocket = (): never => ({ close: () => {}, send: () => {} }) as never;
  const onError = (error: Error): void => void errors.push(error);
  return (db = init<never>({ appId, apiURI: 'http://127.0.0.1:1', clock, webSocket, onError, startsWhenUsed: true, ...options }));
}

const userOf = async (database: InstantCoreDatabase<never>) => (await database.getAuth())?.email;

test('the user and local ids are adopted before any call resolves, and an adoption event is emitted', async () => {
  const database = open();
  const events: AdoptionEvent[] = [];
  database.on('adoption', (event) => void events.push(event));
  expect(await database.getLocalId('guest')).toBe('local-1');
  expect(await userOf(database)).toBe(ann.email);
  const summary = { userId: 'ann', writes: 0, localIds: 1, results: 0, skipped: [] };
  await eventually(() => expect(events).toEqual([{ type: 'adoption', atMs: clock.now(), ...summary }]));
});

test.each<[string, Partial<InitConfig<never>>, string | undefined]>([
  ['adopt: false', { adopt: false }, undefined],
  ['a custom storage', { storage: memoryStore() }, undefined],
  ['a custom storage, and adopt: true', { storage: memoryStore(), adopt: true }, ann.email],
])('with %s', async (_what, options, email) => {
  expect(await userOf(open(options))).toBe(email);
  expect(errors).toEqual([]);
});

test('on a platform that cannot list databases, the official database is opened and adopted', async () => {
  Object.assign(indexedDB, { databases: undefined });
  expect(await userOf(open())).toBe(ann.email);
});

test('a frame without an origin of its own does not ask for its databases: Chromium would reject a promise that nobody handles', async () => {
  const databases = vi.spyOn(indexedDB, 'databases');
  vi.stubGlobal('origin', 'null');
  expect(await userOf(open())).toBe(undefined);
  expect(databases).not.toHaveBeenCalled();
});

test('a page that may not use IndexedDB starts without an error', async () => {
  const forbidden = (): never => {
    throw new DOMException('blocked', 'SecurityError');
  };
  Object.assign(indexedDB, { databases: forbidden, open: forbidden });
  expect(await userOf(open())).toBeUndefined();
  expect(errors).toEqual([]);
});

test('a database that does not respond is reported, does not block the start, and is tried again at the next start', async () => {
  const { open: really } = indexedDB;
  const hanging = vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    return args[0] === name ? ({} as IDBOpenDBRequest) : really.apply(indexedDB, args);
  });
  const database = open();
  const user = userOf(database);
  const localId = database.getLocalId('guest');
  await eventually(() => expect(hanging).toHaveBeenCalledWith(name));
  await clock.advance(10_000);
  expect(await user).toBeUndefined();
  expect(await localId).not.toBe('local-1');
  expect(errors.map((error) => error.message)).toEqual([
    'What the official client left on the device was not read within 10 s; the next start tries again',
  ]);
  await database.close();
  hanging.mockRestore();
  expect(await userOf(open())).toBe(ann.email);
});

test('a month after the first adoption, later starts do not open the official database', async () => {
  const store = memoryStore();
  const app = resolveConfig({ appId, clock, storage: store, adopt: true });
  await adoptionOf(app, store)?.first();
  const opened = vi.spyOn(indexedDB, 'open');
  expect(await adoptionOf(app, store)?.later()).toBeUndefined();
  expect(opened).toHaveBeenCalledTimes(1);
  await clock.advance(31 * 86_400_000);
  expect(await adoptionOf(app, store)?.later()).toBeUndefined();
  expect(opened).toHaveBeenCalledTimes(1);
  await settled();
});

test('a store that fails while later writes are taken over is reported, and leaves no rejection without a handler', async () => {
  const kept = { ...memoryStore(), close: () => {} };
  await open({ storage: kept, adopt: true }).getAuth();
  await db?.close();
  const opening = indexedDB.open(name);
  await new Promise((resolve) => (opening.onsuccess = resolve));
  const tx = opening.result.transaction('kv', 'readwrite');
  const step = ['add-triple', ann.id, 'a0000000-0000-4000-8000-000000000001', 'Swim'];
  const mutation = { op: 'transact', 'tx-steps': [step], created: 1, order: 1 };
  tx.objectStore('kv').put([['e0000000-0000-4000-8000-000000000001', mutation]], 'pendingMutations');
  await new Promise((resolve) => (tx.oncomplete = resolve));
  opening.result.close();

  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  let lists = 0;
  const failing = { ...kept, list: (prefix: string) => (lists++ < 3 ? kept.list(prefix) : Promise.reject(new Error('disk'))) };
  const database = open({ storage: failing, adopt: true });
  const adopted: AdoptionEvent[] = [];
  database.on('adoption', (event) => void adopted.push(event));
  await eventually(() => expect(errors).toMatchObject([{ code: 'storage-failed' }]));
  await new Promise((resolve) => setTimeout(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect([adopted.length, unhandled]).toEqual([1, []]);
});

test('without IndexedDB, or without access to it, there is nothing to adopt', () => {
  const app = resolveConfig({ appId, clock });
  const store = memoryStore();
  expect(adoptionOf(app, store, {})).toBeUndefined();
  const blocked = Object.defineProperty({}, 'indexedDB', {
    get: () => {
      throw new DOMException('blocked', 'SecurityError');
    },
  });
  expect(adoptionOf(app, store, blocked)).toBeUndefined();
});
