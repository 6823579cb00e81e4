// The conformance suite, and what browsers do to a connection behind its back.

import { deleteDB, openDB } from 'idb';
import { IDBFactory, IDBObjectStore, IDBTransaction } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { indexedDbStore } from '../../src/storage/indexed-db.ts';
import { keyValueConformance, ownStore } from '../conformance/key-value.ts';

const open = async (name: string): Promise<ReturnType<typeof indexedDbStore>> => indexedDbStore(name);

keyValueConformance('IndexedDB', open, { isShared: true });
ownStore('IndexedDB', open);

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => {
  vi.restoreAllMocks();
});

test('closes for another tab that deletes the database, and continues with a new one', async () => {
  const store = indexedDbStore('s');
  await store.write([{ put: 'k', value: 1 }]);
  await deleteDB('s');
  expect(await store.get('k')).toBeUndefined();
  await store.write([{ put: 'k', value: 2 }]);
  expect(await store.get('k')).toBe(2);
});

test('closes for a later version of the database, and then reports that it cannot continue', async () => {
  const store = indexedDbStore('s');
  await store.write([{ put: 'k', value: 1 }]);
  const later = await openDB('s', 99);
  await expect(store.get('k')).rejects.toMatchObject({ code: 'storage-failed', cause: { name: 'VersionError' } });
  expect(await later.get('entries', 'k')).toBe(1);
});

test('reopens after a lost connection, and repeats the operation that failed', async () => {
  const store = indexedDbStore('s');
  await store.write([{ put: 'k', value: 1 }]);
  const lost = (): never => {
    throw new DOMException('Connection to Indexed Database server lost', 'UnknownError');
  };
  const open = vi.spyOn(indexedDB, 'open');
  vi.spyOn(IDBTransaction.prototype, 'objectStore').mockImplementationOnce(lost);
  await store.write([{ put: 'k', value: 2 }]);
  expect(open).toHaveBeenCalledTimes(1);
  expect(await store.get('k')).toBe(2);
});

test('a full disk is reported as such, and not retried', async () => {
  const store = indexedDbStore('s');
  await store.write([{ put: 'k', value: 1 }]);
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('The quota has been exceeded', 'QuotaExceededError');
  });
  await expect(store.write([{ put: 'k', value: 2 }])).rejects.toMatchObject({ code: 'storage-failed', message: /Quota/ });
  expect(put).toHaveBeenCalled();
  vi.restoreAllMocks();
  expect(await store.get('k')).toBe(1);
  await store.write([{ put: 'k', value: 3 }]);
  expect(await store.get('k')).toBe(3);
});

test('a failed open is retried by the next call', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
    throw new DOMException('Not now', 'SecurityError');
  });
  const store = indexedDbStore('s');
  await expect(store.get('k')).rejects.toMatchObject({ code: 'storage-failed' });
  expect(await store.get('k')).toBeUndefined();
});

test('pending writes share a transaction', async () => {
  const store = indexedDbStore('s');
  await store.get('k');
  const transactions = vi.spyOn(IDBTransaction.prototype, 'objectStore');
  await Promise.all(Array.from({ length: 100 }, (_, at) => store.write([{ put: `k${at}`, value: at }])));
  expect(transactions.mock.calls.length).toBeLessThan(10);
});

test('a write does not wait for the one before it, and takes effect after it', async () => {
  const store = indexedDbStore('s');
  await store.get('k');
  const begun = vi.spyOn(IDBTransaction.prototype, 'objectStore');
  const first = store.write([{ put: 'k', value: 1 }]);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  const second = store.write([{ put: 'k', value: 2 }]);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  expect(begun).toHaveBeenCalledTimes(2);
  await Promise.all([first, second]);
  expect(await store.get('k')).toBe(2);
});

test('a write that has to be repeated does not take effect after a later one', async () => {
  const store = indexedDbStore('s');
  await store.get('k');
  vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementationOnce(function (this: IDBTransaction) {
    this.abort();
  });
  const first = store.write([{ put: 'k', value: 1 }]);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  const second = store.write([{ put: 'k', value: 2 }]);
  await Promise.all([first, second]);
  expect(await store.get('k')).toBe(2);
});

test('closed while it reads: pending calls complete first, and nothing stays open or is reopened', async () => {
  const earlier = indexedDbStore('s');
  await earlier.write([{ put: 'k', value: 1 }]);
  await earlier.close();
  const opened = vi.spyOn(indexedDB, 'open');
  const store = indexedDbStore('s');
  const answers: unknown[] = [];
  void store.get('k').then((value) => answers.push(value));
  void store.list('').then((list) => answers.push(list));
  await store.close();
  expect([answers, opened.mock.calls.length]).toEqual([[1, [['k', 1]]], 1]);
  await deleteDB('s', { blocked: () => expect.unreachable() });
});
