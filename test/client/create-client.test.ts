// A client on this platform, with the default store: who is signed in is known first, and what was written outlives an immediate close.

import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createReactor } from '../../src/client/create-client.ts';
import { type Ports, resolveConfig } from '../../src/client/config.ts';
import { silent } from '../../src/lib/log.ts';
import type { Reactor } from '../../src/reactor/reactor.ts';
import { indexedDbStore } from '../../src/storage/indexed-db.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { appId } from '../support/client.ts';
import { VirtualClock, settled } from '../../src/testing/virtual/clock.ts';
import { chunk, goalId } from '../support/goals.ts';

const ana = { id: 'ana', refresh_token: 't', isGuest: false };
let errors: Error[];
let warnings: unknown[];
let reactor: Reactor;

/** Never opens, and closes when it is told to. */
class EndedSocket {
  onclose: ((event: object) => void) | undefined;
  readonly send = (): void => {};
  readonly close = (): void => this.onclose?.({});
}

function open(ports: Ports & { readonly Store?: unknown } = {}): Reactor {
  const { Store, ...rest } = ports;
  const config = resolveConfig({
    appId,
    apiURI: 'http://127.0.0.1:1',
    clock: new VirtualClock(),
    log: { ...silent, warn: (...all) => void warnings.push(all) },
    onError: (error) => void errors.push(error),
    webSocket: () => new EndedSocket() as never,
    ...rest,
  });
  return createReactor(Store ? { ...config, Store: Store as never } : config, undefined);
}

const write = () => reactor.writes.transact(chunk('create', goalId(1), { title: 'Swim' }));
const onDisk = async (prefix: string): Promise<unknown[]> => {
  const store = indexedDbStore(`triplane/${appId}`);
  const found = await store.list(prefix);
  await store.close();
  return found;
};

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
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

test('a write made at once is stored for the user who is signed in', async () => {
  reactor = open();
  const one = write();
  expect(reactor.account.user).toBeUndefined();
  await one.queued;
  expect(await onDisk('write/ana/')).toHaveLength(1);
  expect(reactor.account.user).toMatchObject({ id: 'ana' });
  expect([errors, warnings]).toEqual([[], []]);
});

test('a client that is closed at once stores its writes', async () => {
  reactor = open();
  void write();
  await reactor.close();
  expect(await onDisk('write/ana/')).toHaveLength(1);
});

test('a client that is closed at once without writes reports nothing, and its database can be deleted', async () => {
  reactor = open();
  await reactor.close();
  await new Promise((resolve, reject) => {
    const deletion = indexedDB.deleteDatabase(`triplane/${appId}`);
    deletion.onsuccess = resolve;
    deletion.onblocked = reject;
  });
  expect([errors, warnings]).toEqual([[], []]);
});

test("a program's own store is used in place of the default one", async () => {
  const storage = memoryStore();
  await storage.write([{ put: 'user', value: ana }]);
  reactor = open({ storage });
  await write().queued;
  expect(await storage.list('write/ana/')).toHaveLength(1);
  expect(await onDisk('write/')).toEqual([]);
});

test('the client opens the channel to other tabs before it reads a shared store', async () => {
  const order: string[] = [];
  class Channel {
    onmessage = null;
    constructor(name: string) {
      order.push(`channel ${name}`);
    }
    postMessage(): void {}
    close(): void {}
  }
  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('navigator', { locks: { request: (_name: string, { signal }: { readonly signal: AbortSignal }) => new Promise((_, reject) => (signal.onabort = reject)) } }); // prettier-ignore
  const kept = memoryStore();
  const storage: KeyValue = { ...kept, sharedAs: 'mine', get: (key) => (order.push(`get ${key}`), kept.get(key)) };
  reactor = open({ storage });
  await settled();
  expect(order.slice(0, 2)).toEqual([`channel triplane/${appId}/mine`, 'get user']);
});

test('a store class whose constructor throws is reported, and the client continues from memory', async () => {
  class Broken {
    constructor() {
      throw new Error('no room');
    }
  }
  reactor = open({ Store: Broken });
  await write().queued;
  expect(errors).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'storage-failed' })]));
});
