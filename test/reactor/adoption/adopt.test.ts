// What the official client leaves on a device, written here as it writes it, and what becomes of it. With the real client and a real browser:
// test/browser/adoption.test.ts.

import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, test } from 'vitest';

import { extraFieldsKey } from '../../../src/http/oauth.ts';
import { adopt, type AdoptionConfig } from '../../../src/reactor/adoption/adopt.ts';
import type { Adopted } from '../../../src/reactor/adoption/adoption.ts';
import { readMutation } from '../../../src/reactor/mutations/mutation.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';
import { attrIds, goalAttrs, goalId } from '../../support/goals.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be0b';
const eventId = (at: number): string => `e0000000-0000-4000-8000-0000000000${String(at).padStart(2, '0')}`;
const ann = { id: 'ann', email: 'ann@example.com', refresh_token: 'secret', type: 'guest' };
const steps = [['add-triple', goalId(1), attrIds.title, 'Swim']];

let indexedDB: IDBFactory;
let store: KeyValue;
let clock: VirtualClock;
beforeEach(() => {
  indexedDB = new IDBFactory();
  store = memoryStore();
  clock = new VirtualClock();
});

/** Writes entries into a database of the official client. */
function leave(version: 5 | 6, kv: Readonly<Record<string, unknown>>, querySubs: Readonly<Record<string, unknown>> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(`instant_${appId}_${version}`, 1);
    const stores = version === 6 ? ['kv', 'querySubs', 'syncSubs'] : ['kv'];
    opening.onupgradeneeded = () => stores.forEach((name) => opening.result.createObjectStore(name));
    opening.onsuccess = () => {
      const tx = opening.result.transaction(stores, 'readwrite');
      for (const [key, value] of Object.entries(kv)) tx.objectStore('kv').put(value, key);
      for (const [key, value] of Object.entries(querySubs)) tx.objectStore('querySubs').put(value, key);
      tx.oncomplete = () => {
        opening.result.close();
        resolve();
      };
      tx.onerror = () => reject(new Error(String(tx.error)));
    };
  });
}

const mutation = (order: number, more: object = {}): object => ({
  op: 'transact',
  'tx-steps': steps,
  created: 1_000 + order,
  order,
  ...more,
});
const pending = (...orders: readonly number[]): unknown[] => orders.map((order) => [eventId(order), mutation(order)]);

const run = (config: Partial<AdoptionConfig> = {}): Promise<Adopted | undefined> =>
  adopt({
    ...{ appId, store, indexedDB, clock, locks: undefined, isLate: false, maxResults: 10, signal: new AbortController().signal },
    ...config,
  });

const stored = async () => (await store.list('write/')).map(([, value]) => readMutation(value));
const names = async () => (await indexedDB.databases()).map(({ name }) => name);

test('writes of a start that could not take over the user become those of the user who is taken over later', async () => {
  const write = { eventId: eventId(7), owner: '', order: 7, steps, createdMs: 7, sends: 0 };
  const reason = { status: 400, body: { type: 'permission-denied', message: 'No' } };
  await store.write([
    { put: `write//0007/${eventId(7)}`, value: write },
    { put: `refused//0008/${eventId(8)}`, value: { ...write, eventId: eventId(8), order: 8, reason } },
    { put: `write/bob/0009/${eventId(9)}`, value: { ...write, eventId: eventId(9), owner: 'bob' } },
  ]);
  await leave(6, { currentUser: ann });
  await run();
  const records = [...(await store.list('write/')), ...(await store.list('refused/'))];
  expect(records.map(([key, value]) => [key.split('/')[1], readMutation(value)])).toEqual([
    ['ann', expect.objectContaining({ eventId: eventId(7), owner: 'ann', state: 'pending' })],
    ['bob', expect.objectContaining({ eventId: eventId(9), owner: 'bob' })],
    ['ann', expect.objectContaining({ eventId: eventId(8), owner: 'ann', state: 'rejected' })],
  ]);
});

test('without an official database none is created, and later starts do not look again', async () => {
  expect(await run()).toBeUndefined();
  expect(await names()).toEqual([]);
  expect(await store.get('adopted')).toEqual({ atMs: 0, eventIds: [] });
});

test('all records are stored in one write, and the official database is kept', async () => {
  await leave(6, { __meta: {}, currentUser: ann, localToken_guest: 'local-1', pendingMutations: pending(2, 1) });
  let writes = 0;
  store = { ...store, write: (ops) => ((writes += 1), memoryWrite(ops)) };
  const memoryWrite = memoryStore().write;
  const adopted = await run();
  expect(adopted).toMatchObject({ userId: 'ann', writes: 2, localIds: 1, results: 0, skipped: [] });
  expect(writes).toBe(1);
  expect(await names()).toEqual([`instant_${appId}_6`]);
});

test('writes keep their event ids, order and owner, and the user keeps all fields', async () => {
  const twice = [eventId(9), mutation(2)];
  await leave(6, { currentUser: ann, localToken_guest: 'local-1', pendingMutations: [twice, ...pending(2, 1)] });
  await run();
  expect(await store.get('user')).toEqual({ ...ann, isGuest: true });
  expect(await store.get('local-id/guest')).toBe('local-1');
  const writes = await stored();
  expect(writes.map((write) => write?.eventId)).toEqual([eventId(1), eventId(2), eventId(9)]);
  // By the clock, as this client's own, and never twice the same.
  expect(writes.map((write) => write?.order)).toEqual([1_001, 1_002, 1_003]);
  expect(writes[0]).toMatchObject({ owner: 'ann', order: 1_001, createdMs: 1_001, sends: 1, state: 'pending', isAdopted: true, steps });
});

test('extra fields of an OAuth sign-in in progress are adopted', async () => {
  await leave(6, { currentUser: null, oauthExtraFields: { x1: { nickname: 'A' } } });
  await run();
  expect(await store.get(extraFieldsKey('x1'))).toEqual({ nickname: 'A' });
});

test('a write dated in the future by a wrong clock is ordered by the current time', async () => {
  await leave(6, { pendingMutations: [[eventId(1), mutation(1, { created: 1e30 })], ...pending(2)] });
  await run();
  expect((await stored()).map((write) => write?.order)).toEqual([clock.now(), clock.now() + 1]);
});

test('confirmed and failed writes are not adopted; values are converted as JSON does', async () => {
  const date = [['add-triple', goalId(1), attrIds.title, new Date(0), undefined]];
  await leave(6, {
    pendingMutations: [
      [eventId(1), mutation(1, { 'tx-id': 7, confirmed: 1 })],
      [eventId(2), mutation(2, { error: new Error('no such attribute') })],
      [eventId(3), mutation(3, { 'tx-steps': date })],
      [eventId(4), mutation(4, { 'tx-steps': [] })],
    ],
  });
  expect(await run()).toMatchObject({ writes: 1, skipped: [`write ${eventId(2)}: it had failed before it was sent`] });
  const [write, ...more] = await stored();
  expect(more).toEqual([]);
  expect(write?.steps).toEqual([['add-triple', goalId(1), attrIds.title, '1970-01-01T00:00:00.000Z', null]]);
  expect(write?.owner).toBe('');
});

test.each([
  ['invalid JSON', '[["e', 'the pending writes: the record cannot be read'],
  ['a number', 7, 'the pending writes: the record cannot be read'],
  ['an entry without steps', [[eventId(1), {}]], `write ${eventId(1)}: its steps cannot be read`],
  ['an incomplete step', [[eventId(1), mutation(1, { 'tx-steps': [['add-triple']] })]], `write ${eventId(1)}: its steps cannot be read`],
  ['an id of another format', [['1/2', mutation(1)]], 'write 1/2: the record cannot be read'],
])('pending writes that are %s are skipped and reported', async (_what, pendingMutations, reason) => {
  await leave(6, { currentUser: ann, pendingMutations });
  expect(await run()).toMatchObject({ userId: 'ann', writes: 0, skipped: [reason] });
});

test('writes of a user whose record cannot be read are not adopted, and are reported', async () => {
  await leave(6, { currentUser: { id: 'ann' }, pendingMutations: pending(1), localToken_guest: 'local-1' });
  const reason = 'the user, and the writes made in their name: the record cannot be read';
  expect(await run()).toMatchObject({ userId: undefined, writes: 0, localIds: 1, skipped: [reason] });
  expect(await stored()).toEqual([]);
});

test('the client’s own user (also a signed-out one) and local ids take precedence', async () => {
  await leave(6, { currentUser: ann, localToken_guest: 'local-1', pendingMutations: pending(1) });
  await store.write([
    { put: 'user', value: null },
    { put: 'local-id/guest', value: 'ours' },
  ]);
  expect(await run()).toMatchObject({ userId: undefined, writes: 1, localIds: 0 });
  expect(await store.get('user')).toBe(null);
  expect(await store.get('local-id/guest')).toBe('ours');
  expect((await stored())[0]?.owner).toBe('ann');
});

describe('attributes', () => {
  const result = (attrs: readonly { id: string }[]): object => ({
    q: { goals: {} },
    lastAccessed: 5,
    result: {
      store: { triples: [[goalId(1), attrIds.id, goalId(1), 1]], version: 1 },
      attrsStore: { attrs: Object.fromEntries(attrs.map((attr) => [attr.id, attr])) },
      processedTxId: 900,
    },
  });
  const meta = { objects: { a: { updatedAt: 1, size: 1 } } };

  test('every write includes the attributes it uses, and cached results are readable', async () => {
    await leave(6, { pendingMutations: pending(1) }, { a: result(goalAttrs), __meta: meta });
    expect(await run()).toMatchObject({ results: 1 });
    const [write] = await stored();
    expect(write?.steps).toEqual([['add-attr', { ...goalAttrs[1], isUnsynced: true }], ...steps]);
    expect(await store.get('attrs')).toHaveLength(goalAttrs.length);
    const [[, manifest] = []] = await store.list('answer//head/');
    expect(manifest).toMatchObject({ processed: undefined, usedAtMs: 5 });
  });

  test('a write that creates attributes under its own ids is remapped to those of the cached results', async () => {
    const own = { ...goalAttrs[1], id: 'a7000000-0000-4000-8000-0000000000ff' };
    const made = [
      ['add-attr', own],
      ['add-triple', goalId(1), own.id, 'Swim'],
    ];
    await leave(6, { pendingMutations: [[eventId(1), mutation(1, { 'tx-steps': made })]] }, { a: result(goalAttrs), __meta: meta });
    await run();
    expect((await stored())[0]?.steps).toEqual([['add-attr', { ...goalAttrs[1], isUnsynced: true }], ...steps]);
  });

  test('a cached result that cannot be converted keeps back neither writes nor other results', async () => {
    const readable = result(goalAttrs) as { q: object; result: { store: object } };
    const bigQuery = { ...readable, q: { goals: { $: { where: { n: 1n } } } } };
    const bigTriple = { ...readable, result: { ...readable.result, store: { triples: [[goalId(1), attrIds.title, 1n, 1]] } } };
    const objects = Object.fromEntries(['a', 'b', 'c'].map((key) => [key, { updatedAt: 1, size: 1 }]));
    await leave(6, { pendingMutations: pending(1) }, { a: bigQuery, b: bigTriple, c: readable, __meta: { objects } });
    expect(await run()).toMatchObject({ writes: 1, results: 1, skipped: [] });
  });

  test('large and unreadable cached results are skipped', async () => {
    const many = { ...result(goalAttrs) } as { result: { store: object } };
    many.result = { ...many.result, store: { triples: Array.from({ length: 50_001 }, () => []) } };
    const objects = { big: { updatedAt: 3, size: 50_001 }, broken: { updatedAt: 2, size: 1 }, gone: { updatedAt: 1, size: 1 } };
    await leave(6, { pendingMutations: pending(1) }, { big: many, broken: { q: 7 }, __meta: { objects } });
    expect(await run()).toMatchObject({ results: 0, skipped: [] });
    expect((await stored())[0]?.steps).toHaveLength(2);
  });
});

describe('version 5, in which entries are JSON', () => {
  const kv = {
    currentUser: JSON.stringify(ann),
    localToken_guest: 'local-1',
    pendingMutations: JSON.stringify(pending(1)),
    querySubs: JSON.stringify({ a: JSON.stringify({ q: { goals: {} }, result: { store: { triples: [], attrs: { a: goalAttrs[0] } } } }) }),
  };

  test('is read if version 6 is missing or empty', async () => {
    await leave(5, kv);
    await leave(6, {});
    expect(await run()).toMatchObject({ userId: 'ann', writes: 1, localIds: 1, results: 1, skipped: [] });
  });

  test('is ignored if version 6 has any entry', async () => {
    await leave(5, kv);
    await leave(6, { __meta: { objects: {} }, currentUser: null });
    expect(await run()).toBeUndefined();
    expect(await store.get('user')).toBeUndefined();
  });
});

describe('several adoption runs', () => {
  /** One holder at a time, as the browser's. */
  function fakeLocks(): Pick<LockManager, 'request'> {
    let last: Promise<unknown> = Promise.resolve();
    const request = (_name: string, _options: unknown, run: () => Promise<unknown>): Promise<unknown> => (last = last.then(run));
    return { request } as Pick<LockManager, 'request'>;
  }

  test('two concurrent runs adopt the writes once', async () => {
    await leave(6, { currentUser: ann, pendingMutations: pending(1, 2) });
    const locks = fakeLocks();
    const both = await Promise.all([run({ locks }), run({ locks })]);
    expect(both.map((adopted) => adopted?.writes)).toEqual([2, undefined]);
  });

  test('runs without locks, or with locks forbidden, store the same writes', async () => {
    await leave(6, { currentUser: ann, pendingMutations: pending(1, 2) });
    const forbidden = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) } as Pick<LockManager, 'request'>;
    const both = await Promise.all([run({ locks: forbidden }), run()]);
    expect(both.map((adopted) => adopted?.writes)).toContain(2);
    expect((await stored()).map((write) => write?.eventId)).toEqual([eventId(1), eventId(2)]);
  });

  test('a run that fails stores nothing, and the next run adopts the writes', async () => {
    await leave(6, { currentUser: ann, pendingMutations: pending(1) });
    const full = { ...store, write: () => Promise.reject(new Error('full')) };
    await expect(run({ store: full })).rejects.toThrow('full');
    expect(await run()).toMatchObject({ writes: 1 });
  });

  test('an aborted run writes nothing', async () => {
    await leave(6, { currentUser: ann, pendingMutations: pending(1) });
    expect(await run({ signal: AbortSignal.abort() })).toBeUndefined();
    expect(await store.list('')).toEqual([]);
  });

  test('a late run adopts only writes stored since', async () => {
    await leave(6, { currentUser: ann, pendingMutations: pending(1) });
    expect(await run({ isLate: true })).toBeUndefined();
    await run();
    expect(await run()).toBeUndefined();
    expect(await run({ isLate: true })).toBeUndefined();
    await store.write([{ remove: 'user' }]);
    await leave(6, { pendingMutations: pending(1, 2), localToken_other: 'local-2' });
    expect(await run({ isLate: true })).toMatchObject({ writes: 1, localIds: 0, userId: undefined, records: [{ eventId: eventId(2) }] });
    expect(await run({ isLate: true })).toBeUndefined();
    expect(await store.get('user')).toBeUndefined();
    expect(await store.get('local-id/other')).toBeUndefined();
    expect(await stored()).toHaveLength(2);
  });
});
