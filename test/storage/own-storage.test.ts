// A storage that somebody else wrote, which holds what JSON can hold and throws what it likes, is as good as ours.

import { afterEach, expect, test, vi } from 'vitest';
import { id, init, type KeyValue, memoryStore } from 'triplane';
import { isTriplaneError } from '../../src/errors.ts';
import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { i } from '../../src/schema/schema.ts';

let server: TriplaneServer | undefined;
afterEach(async () => {
  vi.unstubAllGlobals();
  await server?.close();
  server = undefined;
});

const appId = 'a9900000-0000-4000-8000-000000000001';
const nowhere = { appId, apiURI: 'http://127.0.0.1:9' };
const schema = i.schema({ entities: { goals: i.entity({ title: i.string(), due: i.date(), any: i.any() }) } });

/** Outlives those who use it, and keeps no more than JSON does. */
function jsonStore(): { open(): KeyValue } {
  const store = memoryStore();
  return {
    open: () => ({
      get: (key) => store.get(key),
      list: (prefix) => store.list(prefix),
      write: (ops) => store.write(JSON.parse(JSON.stringify(ops))),
      close: () => {},
    }),
  };
}

test('stored data survives JSON: offline writes with dates are shown and sent by the next start', async () => {
  const stored = jsonStore();
  const goal = id();
  const due = new Date('2027-01-02T03:04:05.678Z');
  const config = { schema, useDateObjects: true, onError: () => {} } as const;
  const before = init({ ...nowhere, ...config, storage: stored.open() });
  await before.transact(before.tx.goals[goal]!.create({ title: 'kept', due, any: { n: [null, 'x'] } })).queued;
  before.shutdown();
  server = await createServer({ port: 0, appId, storage: memory() });
  const after = init({ appId, apiURI: server.apiURI, ...config, storage: stored.open() });
  await expect.poll(() => after.outbox.list().map(({ state }) => state)).toEqual([]);
  const wanted = { goals: [{ id: goal, title: 'kept', due, any: { n: [null, 'x'] } }] };
  expect((await after.queryOnce({ goals: {} })).data).toEqual(wanted);
  const seen = vi.fn();
  after.subscribeQuery({ goals: {} }, ({ data }) => seen(data));
  await expect.poll(() => seen.mock.lastCall).toEqual([wanted]);
  after.shutdown();
});

test('an error that the storage throws is reported once as such, and the session continues', async () => {
  const errors: Error[] = [];
  const fails = async (): Promise<never> => {
    throw new Error('SQLITE_IOERR');
  };
  const storage: KeyValue = { get: fails, list: fails, write: fails, close: () => {} };
  server = await createServer({ port: 0, appId, storage: memory() });
  const db = init({ appId, apiURI: server.apiURI, storage, onError: (error) => errors.push(error) });
  await db.transact(db.tx.goals![id()]!.create({ title: 'x' })).settled;
  expect(errors.map((error) => isTriplaneError(error) && error.code)).toEqual(['storage-failed', 'storage-failed']);
  db.shutdown();
});

test('an error that the storage throws because it was closed is not reported', async () => {
  const onError = vi.fn();
  let fail = (_: Error): void => {};
  const reading = new Promise<never>((_, reject) => (fail = reject));
  const storage: KeyValue = { ...memoryStore(), get: () => reading, list: () => reading, close: () => fail(new Error('It was closed')) };
  const db = init({ ...nowhere, storage, onError });
  const auth = expect(db.getAuth()).rejects.toMatchObject({ code: 'closed' });
  await db.close();
  await auth;
  expect(onError).not.toHaveBeenCalled();
});

test('tabs act as one only if the storage says that they share it', async () => {
  const channels: string[] = [];
  class Channel {
    onmessage = null;
    constructor(name: string) {
      channels.push(name);
    }
    postMessage(): void {}
    close(): void {}
  }
  vi.stubGlobal('navigator', { locks: { request: () => new Promise(() => {}) }, onLine: true });
  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('indexedDB', {});
  const opened = async (storage: KeyValue): Promise<string[]> => {
    const db = init({ ...nowhere, storage });
    db.shutdown();
    return channels;
  };
  expect(await opened(memoryStore())).toEqual([]);
  expect(await opened({ ...memoryStore(), sharedAs: 'sealed' })).toEqual([`triplane/${appId}/sealed`]);
});
