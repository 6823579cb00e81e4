// A client on this platform, the code of whose store and way out does not come at once, or never: what is kept is not taken for nothing,
// and what is written is kept once it can be.

import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Ports, resolveConfig } from '../../src/client/config.ts';
import { silent } from '../../src/lib/log.ts';
import type { Reactor } from '../../src/reactor/reactor.ts';
import { createReactor } from '../../src/client/create-client.ts';
import { indexedDbStore } from '../../src/storage/indexed-db.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { appId } from '../support/client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { chunk, goalId } from '../support/goals.ts';

const network = vi.hoisted(() => ({ isDown: true }));

vi.mock('../../src/client/create-client.ts', async (original) => {
  const whole = await original<typeof import('../../src/client/create-client.ts')>();
  return {
    get outsideFor() {
      if (network.isDown) throw new TypeError('Failed to fetch');
      return whole.uplinkFor;
    },
  };
});

const ana = { id: 'ana', refresh_token: 't', isGuest: false };
let clock: FakeClock;
let errors: Error[];
let warnings: unknown[];
let reactor: Reactor;

function open(ports: Ports & { readonly Store?: unknown } = {}): Reactor {
  const { Store, ...rest } = ports;
  const socket = { close: () => {}, send: () => {}, addEventListener: () => {}, removeEventListener: () => {} };
  const config = resolveConfig({
    appId,
    apiURI: 'http://127.0.0.1:1',
    clock,
    log: { ...silent, warn: (...all) => void warnings.push(all) },
    onError: (error) => void errors.push(error),
    webSocket: () => socket as never,
    ...rest,
  });
  return createReactor(Store ? { ...config, Store: Store as never } : config, undefined);
}

const write = () => reactor.writes.transact(chunk('create', goalId(1), { title: 'Swim' }));
const failed = (): Promise<void> => vi.waitFor(() => expect(errors).toHaveLength(1), 9_000);
const onDisk = async (prefix: string): Promise<unknown[]> => {
  const store = indexedDbStore(`triplane/${appId}`);
  const found = await store.list(prefix);
  await store.close();
  return found;
};

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  network.isDown = true;
  clock = new FakeClock();
  errors = [];
  warnings = [];
  const store = indexedDbStore(`triplane/${appId}`);
  await store.write([{ put: 'user', value: ana }]);
  await store.close();
});
afterEach(async () => {
  await reactor.close();
  vi.unstubAllGlobals();
});

test('code that comes late: who is signed in is known then, and the write is theirs', async () => {
  reactor = open();
  const one = write();
  await failed();
  expect(reactor.account.user).toBeUndefined();
  network.isDown = false;
  await clock.advance(5_000);
  await one.queued;
  expect(await onDisk('write/ana/')).toHaveLength(1);
  expect(reactor.account.user).toMatchObject({ id: 'ana' });
  expect(errors).toEqual([expect.objectContaining({ code: 'unreachable' })]);
});

test('code that never comes: closing ends what waits, and says that writes could not be kept', async () => {
  reactor = open();
  const named = expect(reactor.localIds.get('guest')).rejects.toMatchObject({ code: 'closed' });
  const one = write();
  one.catch(() => {});
  await failed();
  await reactor.close();
  await named;
  expect(errors.map((error) => (error as { code?: string }).code)).toEqual(['unreachable', 'storage-failed']);
  expect(clock.timers).toBe(0);
});

test('closed at once, with nothing written: no store is opened, and nothing is said', async () => {
  network.isDown = false;
  reactor = open();
  const opened = vi.spyOn(indexedDB, 'open');
  await reactor.close();
  expect([opened.mock.calls, errors, warnings]).toEqual([[], [], []]);
});

test('closed at once: what was written is kept', async () => {
  network.isDown = false;
  reactor = open();
  void write();
  await reactor.close();
  expect(await onDisk('write/ana/')).toHaveLength(1);
});

test('a store of the program is used without it', async () => {
  const storage = memoryStore();
  await storage.write([{ put: 'user', value: ana }]);
  reactor = open({ storage });
  await write().queued;
  expect(await storage.list('write/ana/')).toHaveLength(1);
});

test('one that other tabs share is read once they are heard', async () => {
  const storage: KeyValue = { ...memoryStore(), sharedAs: 'mine', close: () => {} };
  await storage.write([{ put: 'user', value: ana }]);
  reactor = open({ storage });
  await failed();
  expect(reactor.account.isLoaded).toBe(false);
  // Another tab signs her out.
  await storage.write([{ remove: 'user' }]);
  network.isDown = false;
  await clock.advance(5_000);
  expect(await reactor.account.getUser()).toBeNull();
});

test('a store class that fails is told, and the session goes on from memory', async () => {
  network.isDown = false;
  class Broken {
    constructor() {
      throw new Error('no room');
    }
  }
  reactor = open({ Store: Broken });
  await write().queued;
  expect(errors).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'storage-failed' })]));
});
