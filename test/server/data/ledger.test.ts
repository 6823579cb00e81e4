// Writes are done once, told only when they are durable, and found again by the next server on the same storage.

import { expect, test } from 'vitest';
import { whenDurable } from '../../../src/server/data/submit.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import type { AppLog, LogEntry, Storage } from '../../../src/server/storage/storage.ts';
import { adminToken, appId, type Bench, bench, blob, newId, rest, type TestPeer } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const goal = newId();
const eventId = 'e0000000-0000-4000-8000-000000000001';
const create = {
  op: 'transact',
  'client-event-id': eventId,
  'tx-steps': [
    ['add-attr', goalsId],
    ['add-attr', title],
    ['add-triple', goal, goalsId.id, goal, { mode: 'create' }],
    ['add-triple', goal, title.id, 'Get fit', { mode: 'create' }],
  ],
};
const set = (text: string) => ({ op: 'transact', 'tx-steps': [['add-triple', goal, title.id, text]] });

async function goals(world: Bench): Promise<unknown> {
  const peer = await world.open();
  const { result } = await peer.response('add-query-ok', { op: 'add-query', q: { goals: {} }, 'return-type': 'tree' });
  return (result as { goals: unknown }).goals;
}

test('a write that is sent again gets the first response, also from the next server on the storage', async () => {
  const storage = memory();
  const world = bench({ storage });
  const first = await (await world.open()).response('transact-ok', create);
  const peer = await world.open();
  await peer.request(set('Get fitter'));
  const again = await (await world.open()).request(create);
  expect(again).toMatchObject([
    { op: 'transact-ok', 'tx-id': first['tx-id'], isn: first.isn, 'client-event-id': eventId },
    { op: 'refresh-ok', 'processed-tx-id': 2 },
  ]);
  await world.hub.close();
  const next = bench({ storage });
  expect(await (await next.open()).response('transact-ok', create)).toMatchObject({ 'tx-id': first['tx-id'] });
  expect(await goals(next)).toEqual([{ id: goal, title: 'Get fitter' }]);
});

test('a query is answered between large writes that arrived together', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(), await world.open()];
  await writer.request(create);
  const rows = (): unknown[] => Array.from({ length: 1500 }, newId).map((id) => ['add-triple', id, goalsId.id, id]);
  for (let time = 0; time < 5; time++) writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': rows() });
  await new Promise((turn) => setImmediate(turn));
  reader.send({ op: 'add-query', q: { others: {} } });
  while (!reader.heard.some(({ op }) => op === 'add-query-ok')) await new Promise((turn) => setImmediate(turn));
  expect(writer.take('transact-ok').length).toBeLessThan(5);
});

test('queries are answered from what is durable while one long write is checked, and other writes keep their order behind it', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(), await world.open({ '__admin-token': adminToken })];
  await writer.request(create);
  const rows = Array.from({ length: 5000 }, newId).flatMap((id) => [
    ['add-triple', id, goalsId.id, id],
    ['add-triple', id, title.id, 'many'],
  ]);
  writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': rows });
  writer.send(set('after all'));
  const count = { goals: { $: { aggregate: 'count' } } };
  writer.heard.length = 0;
  let answered = 0;
  for (let turn = 0; writer.heard.length === 0; turn++) {
    for (const { result } of reader.take('add-query-ok')) {
      answered++;
      expect(JSON.stringify(result)).toContain('"count":1');
    }
    reader.send({ op: 'add-query', q: { ...count, [`others${turn}`]: {} } });
    await new Promise((next) => setImmediate(next));
  }
  expect(answered).toBeGreaterThan(10);
  reader.send({ op: 'add-query', q: count });
  // Answers to earlier ones come first.
  while (!JSON.stringify(reader.take('add-query-ok')).includes('"count":5001')) await new Promise((next) => setImmediate(next));
  expect(await goals(world)).toContainEqual({ id: goal, title: 'after all' });
});

test('a write sent several times in one tick is applied once', async () => {
  const world = bench();
  const [a, b] = [await world.open(), await world.open()];
  a.send(create);
  b.send(create);
  a.send(create);
  await rest();
  expect([...a.take('transact-ok'), ...b.take('transact-ok')].map((ok) => ok['tx-id'])).toEqual([1, 1, 1]);
});

test('a rejected write stays rejected, also on the next server, although the data have changed', async () => {
  const storage = memory();
  const world = bench({ storage });
  const peer = await world.open();
  await peer.request({ ...create, 'client-event-id': undefined });
  const error = await peer.response('error', create);
  expect(error).toMatchObject({ status: 400, type: 'validation-failed', message: `entity already exists: goals ${goal}` });
  await peer.request({ op: 'transact', 'tx-steps': [['delete-entity', goal, 'goals']] });
  const again = await (await world.open()).response('error', create);
  expect(again).toMatchObject({ ...error, 'original-event': expect.anything() as object });
  await world.hub.close();
  const next = bench({ storage });
  expect(await (await next.open()).response('error', create)).toMatchObject({
    type: 'validation-failed',
    message: `entity already exists: goals ${goal}`,
  });
  expect(await goals(next)).toEqual([]);
});

test('a write rejected for its number of steps stays rejected under a higher limit, and one applied before counts as applied under a lower', async () => {
  const storage = memory();
  const applied = { ...create, 'client-event-id': 'e0000000-0000-4000-8000-000000000002' };
  const first = bench({ storage, limits: { userSteps: 3 } });
  expect(await (await first.open()).response('error', create)).toMatchObject({ hint: { limit: 'steps', most: 3 } });
  await first.hub.close();
  const higher = bench({ storage });
  expect(await (await higher.open()).response('error', create)).toMatchObject({ hint: { limit: 'steps', most: 3 } });
  expect(await goals(higher)).toEqual([]);
  expect(await (await higher.open()).response('transact-ok', applied)).toMatchObject({ 'tx-id': 2 });
  await higher.hub.close();
  const lower = bench({ storage, limits: { userSteps: 3 } });
  expect(await (await lower.open()).response('transact-ok', applied)).toMatchObject({ 'tx-id': 2 });
});

test('while too much waits for its answer or for its session, a write is rejected for now, not for good', async () => {
  const world = bench({ limits: { appBytes: 300, earlyMessages: 1 } });
  const peer = await world.open();
  expect(await peer.response('error', create)).toMatchObject({ type: 'rate-limited' });
  const early = world.connect();
  early.send({ op: 'init', 'app-id': appId });
  early.send({ op: 'remove-query', q: {} });
  early.send(create);
  expect(early.heard).toMatchObject([{ op: 'error', type: 'rate-limited', 'client-event-id': eventId }]);
});

test('a delayed copy of a rejected write changes nothing, also after a later write', async () => {
  const world = bench();
  const [one, other] = [await world.open(), await world.open()];
  await one.request({ ...create, 'client-event-id': 'a write that makes the goal' });
  const first = { ...set('first'), 'client-event-id': 'the first write, of sixteen' };
  const update = { ...first, 'tx-steps': [['add-triple', newId(), title.id, 'x', { mode: 'update' }]] };
  expect(await one.response('error', update)).toMatchObject({ message: expect.stringMatching(/^entity does not exist: goals /) as string });
  await one.request(set('second'));
  expect(await other.response('error', first)).toMatchObject({
    message: expect.stringMatching(/^entity does not exist: goals /) as string,
  });
  expect(await goals(world)).toEqual([{ id: goal, title: 'second' }]);
});

test('a temporary error is not stored', async () => {
  const world = bench();
  const admin = await world.open({ '__admin-token': adminToken });
  const app = await world.hub.app('a9900000-0000-4000-8000-000000000001');
  await app.setStatus('read-only');
  expect(await admin.response('error', create)).toMatchObject({ type: 'app-read-only' });
  await app.setStatus('active');
  expect(await admin.response('transact-ok', create)).toMatchObject({ 'client-event-id': eventId });
});

test('a rejection is not sent before it is durable', async () => {
  const { storage, appends } = slow();
  const world = bench({ storage });
  const peer = await world.open();
  await peer.request({ ...create, 'client-event-id': undefined });
  appends.shift()!.done();
  await rest();
  expect((await peer.request(create)).filter(({ op }) => op === 'error')).toEqual([]);
  appends.shift()!.done();
  await rest();
  expect(peer.take('error')).toMatchObject([{ type: 'validation-failed' }]);
});

test('times increase along the log, within one tick and after the clock was set back', async () => {
  const storage = memory();
  const world = bench({ storage });
  const peer = await world.open();
  await peer.request({ ...create, 'tx-steps': create['tx-steps'].slice(0, 2) });
  const ids = Array.from({ length: 40 }, newId).sort(() => Math.random() - 0.5);
  const add = (id: string): unknown => peer.send({ op: 'transact', 'tx-steps': [['add-triple', id, goalsId.id, id]] });
  ids.slice(0, 20).forEach(add);
  await rest();
  world.clock.jump(-3_600_000);
  ids.slice(20, 30).forEach(add);
  await rest();
  await world.hub.close();
  const next = bench({ storage });
  const later = await next.open();
  for (const id of ids.slice(30)) later.send({ op: 'transact', 'tx-steps': [['add-triple', id, goalsId.id, id]] });
  await rest();
  expect(((await goals(next)) as { id: string }[]).map(({ id }) => id)).toEqual(ids);
});

test('event ids of two users are separate, and a short event id is valid for one session only', async () => {
  const world = bench();
  await (await world.open()).request({ ...create, 'client-event-id': '1' });
  await (await world.open()).request(set('x'));
  const user = await world.open({ 'refresh-token': 'f0000000-0000-4000-8000-000000000001' });
  expect(await user.response('transact-ok', { ...set('y'), 'client-event-id': eventId })).toMatchObject({ 'tx-id': 3 });
  expect(await (await world.open()).response('transact-ok', { ...set('z'), 'client-event-id': '1' })).toMatchObject({ 'tx-id': 4 });
  const anonymous = await world.open();
  expect(await anonymous.response('transact-ok', { ...set('w'), 'client-event-id': eventId })).toMatchObject({ 'tx-id': 5 });
});

/** A storage whose appends a test lets through one by one. */
function slow(): { storage: Storage; appends: { entries: readonly LogEntry[]; done: () => void; fail: (isWritten: boolean) => void }[] } {
  const inner = memory();
  const appends: ReturnType<typeof slow>['appends'] = [];
  const storage: Storage = {
    ...inner,
    async open(appId) {
      const log: AppLog = await inner.open(appId);
      return {
        ...log,
        append: (entries) =>
          new Promise((resolve, reject) => {
            const done = (): void => void log.append(entries).then(resolve);
            const fail = (isWritten: boolean): void =>
              void (isWritten ? log.append(entries) : Promise.resolve()).then(() => reject(new Error('disk')));
            appends.push({ entries, done, fail });
          }),
      };
    },
  };
  return { storage, appends };
}

test('no session receives a write before it is durable, and many writes share one flush', async () => {
  const { storage, appends } = slow();
  const world = bench({ storage });
  const [writer, reader] = [await world.open(), await world.open()];
  await reader.request({ op: 'add-query', q: { goals: {} } });
  reader.heard.length = 0;
  await writer.request(create);
  reader.send({ op: 'add-query', q: { goals: { $: { limit: 1 } } } });
  for (let n = 0; n < 5; n++) writer.send(set(`title ${n}`));
  await rest();
  expect([writer.heard, reader.heard]).toEqual([[], []]);
  appends.shift()!.done();
  await rest();
  expect(writer.take('transact-ok')).toMatchObject([{ 'tx-id': 1 }]);
  expect(reader.heard).toMatchObject([
    { op: 'refresh-ok', 'processed-tx-id': 1 },
    { op: 'add-query-ok', 'processed-tx-id': 1 },
  ]);
  expect(appends).toMatchObject([{ entries: [{}, {}, {}, {}, {}] }]);
  appends.shift()!.done();
  await rest();
  expect(writer.take('transact-ok')).toHaveLength(5);
});

test.each([true, false])(
  'when an append fails (written nevertheless: %s), the write gets a 500 and memory equals the log',
  async (isWritten) => {
    const { storage, appends } = slow();
    const world = bench({ storage });
    const writer: TestPeer = await world.open();
    await writer.request(create);
    appends.shift()!.done();
    await rest();
    const reader = await world.open();
    await reader.request({ op: 'add-query', q: { goals: {} } });
    reader.heard.length = 0;
    const change = { ...set('changed'), 'client-event-id': 'e0000000-0000-4000-8000-000000000002' };
    await writer.request(change);
    appends.shift()!.fail(isWritten);
    await rest();
    expect(writer.heard[0]).toMatchObject({ op: 'error', status: 500, type: null });
    expect(await goals(world)).toEqual([{ id: goal, title: isWritten ? 'changed' : 'Get fit' }]);
    expect(JSON.stringify(reader.take('refresh-ok')).includes('changed')).toBe(isWritten);
    // Said again, it is done once in either case.
    await writer.request(change);
    if (!isWritten) appends.shift()!.done();
    await rest();
    expect(writer.take('transact-ok')).toMatchObject([{ 'tx-id': 2 }]);
    expect(await goals(world)).toEqual([{ id: goal, title: 'changed' }]);
  },
);

test('a snapshot replaces the log, including deleted attrs', async () => {
  const storage = memory();
  const world = bench({ storage });
  const admin = await world.open({ '__admin-token': adminToken });
  await admin.request(create);
  await admin.request({ op: 'transact', 'tx-steps': [['delete-attr', title.id]] });
  for (let n = 0; n < 2100; n++) admin.send({ op: 'transact', 'tx-steps': [] });
  await rest();
  const log = await storage.open('a9900000-0000-4000-8000-000000000001');
  const { snapshot, entries } = await log.load();
  expect(snapshot?.txId).toBe(2102);
  expect(entries).toEqual([]);
  const next = bench({ storage });
  const later = await next.open({ '__admin-token': adminToken });
  expect(await goals(next)).toEqual([{ id: goal }]);
  expect(await later.response('transact-ok', create)).toMatchObject({ 'tx-id': 1 });
  await later.request({ op: 'transact', 'tx-steps': [['restore-attr', title.id]] });
  expect(await goals(next)).toEqual([{ id: goal, title: 'Get fit' }]);
});

test('while an append hangs, reads return the durable state; when it completes, all subscribers receive it', async () => {
  const storage = memory();
  let release: (() => void) | undefined;
  let isHanging = false;
  const hanging: Storage = {
    ...storage,
    async open(appId) {
      const log = await storage.open(appId);
      const append = async (entries: readonly LogEntry[]) => {
        if (isHanging) await new Promise<void>((resolve) => (release = resolve));
        return log.append(entries);
      };
      return { ...log, append };
    },
  };
  const world = bench({ storage: hanging });
  const [writer, reader] = [await world.open(), await world.open()];
  await writer.request(create);
  await reader.response('add-query-ok', { op: 'add-query', q: { goals: {} } });
  reader.heard.length = 0;
  isHanging = true;
  writer.heard.length = 0;
  writer.send(set('Get fitter'));
  await rest();
  const early = await world.open();
  early.send({ op: 'add-query', q: { goals: {} } });
  await rest();
  expect(early.heard).toEqual([]);
  await world.clock.advance(1100);
  await rest();
  expect(JSON.stringify(early.take('add-query-ok'))).toContain('Get fit"');
  expect(await goals(world)).toEqual([{ id: goal, title: 'Get fit' }]);
  // Who comes while it hangs is let in.
  expect(await (await world.open()).response('join-room-ok', { op: 'join-room', 'room-id': 'r' })).toBeDefined();
  isHanging = false;
  release?.();
  await rest();
  await rest();
  expect(writer.heard.map(({ op }) => op)).toEqual(['transact-ok', 'refresh-ok']);
  expect(JSON.stringify(reader.take('refresh-ok'))).toContain('Get fitter');
  expect(await goals(world)).toEqual([{ id: goal, title: 'Get fitter' }]);
  await writer.response('transact-ok', set('Get fittest'));
  expect(await goals(world)).toEqual([{ id: goal, title: 'Get fittest' }]);
});

test('an append that hangs and then fails leaves the durable state', async () => {
  const storage = memory();
  let fail: ((error: Error) => void) | undefined;
  let isHanging = false;
  const hanging: Storage = {
    ...storage,
    async open(appId) {
      const log = await storage.open(appId);
      const append = async (entries: readonly LogEntry[]) => {
        if (isHanging) await new Promise<void>((_, reject) => (fail = reject));
        return log.append(entries);
      };
      return { ...log, append };
    },
  };
  const world = bench({ storage: hanging });
  const writer = await world.open();
  await writer.request(create);
  isHanging = true;
  writer.heard.length = 0;
  writer.send(set('Get fitter'));
  await rest();
  await world.clock.advance(1100);
  isHanging = false;
  fail?.(new Error('gone'));
  await rest();
  await rest();
  expect(writer.heard).toMatchObject([{ op: 'error', status: 500 }]);
  expect(await goals(world)).toEqual([{ id: goal, title: 'Get fit' }]);
  await writer.response('transact-ok', set('Get fittest'));
  expect(await goals(world)).toEqual([{ id: goal, title: 'Get fittest' }]);
});

test.each(['at once', 'after a group commit'])(
  'an error thrown by a read goes to its `reject`, and the next read runs: %s',
  async (when) => {
    const world = bench();
    const { ledger } = await world.hub.app(appId);
    const peer = await world.open();
    if (when !== 'at once') peer.send(create);
    const seen: unknown[] = [];
    const fault = new Error('cannot be read');
    const run = (): never => {
      throw fault;
    };
    ledger.read({ run, reject: (error) => seen.push(error) });
    ledger.read({ run: () => seen.push('read'), reject: (error) => seen.push(error) });
    await rest();
    expect(seen).toEqual([fault, 'read']);
    await expect(whenDurable(ledger, run)).rejects.toBe(fault);
    expect(await whenDurable(ledger, () => 'read')).toBe('read');
  },
);
