import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Log, silent } from '../../src/lib/log.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';

let warn: ReturnType<typeof vi.fn<Log['warn']>>;
let log: Log;
beforeEach(() => {
  warn = vi.fn<Log['warn']>();
  log = { ...silent, warn };
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function expectMemory(opening: ReturnType<typeof openStore>): Promise<void> {
  const store = opening;
  await store.write([{ put: 'k', value: 1 }]);
  expect(await store.get('k')).toBe(1);
  expect(warn).toHaveBeenCalledTimes(1);
}

test('with IndexedDB, data outlives the store, and nothing is logged', async () => {
  const clock = new VirtualClock();
  const store = openStore('s', log, clock);
  await store.write([{ put: 'k', value: 1 }]);
  void store.close();
  expect(await openStore('s', log, clock).get('k')).toBe(1);
  expect(warn).not.toHaveBeenCalled();
  expect(clock.timers).toBe(0);
});

test('without IndexedDB, the data is kept in memory, with one warning', async () => {
  vi.stubGlobal('indexedDB', undefined);
  await expectMemory(openStore('s', log));
});

test('where access to IndexedDB is forbidden, the data is kept in memory, with one warning', async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB');
  Object.defineProperty(globalThis, 'indexedDB', {
    configurable: true,
    get() {
      throw new DOMException('sandboxed', 'SecurityError');
    },
  });
  await expectMemory(openStore('s', log));
  if (before) Object.defineProperty(globalThis, 'indexedDB', before);
});

test('where IndexedDB refuses to open, the data is kept in memory, with one warning', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('A mutation operation was attempted on a database that did not allow mutations', 'InvalidStateError');
  });
  await expectMemory(openStore('s', log));
});

test('where IndexedDB never responds, the data is kept in memory, with one warning', async () => {
  const clock = new VirtualClock();
  vi.spyOn(indexedDB, 'open').mockImplementation(() => new EventTarget() as IDBOpenDBRequest);
  const opening = openStore('s', log, clock);
  await clock.advance(5_000);
  await expectMemory(opening);
  expect(clock.timers).toBe(0);
});
