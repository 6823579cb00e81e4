// The server keeps which types of values each attribute has had, and tells those who hear of the change.

import { expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { adminToken, appId, bench, blob, newId, type TestPeer } from '../bench.ts';

const [goalsId, any, date] = [blob('goals', 'id'), blob('goals', 'any'), blob('goals', 'due', { 'checked-data-type': 'date' })];
const [a, b] = [newId(), newId()];

const write = (peer: TestPeer, ...steps: unknown[][]) => peer.response('transact-ok', { op: 'transact', 'tx-steps': steps });
const set = (id: string, attr: { id: string }, value: unknown): unknown[] => ['add-triple', id, attr.id, value];

async function world(storage = memory()) {
  const made = bench({ storage });
  const writer = await made.open({ '__admin-token': adminToken });
  return { ...made, writer };
}

async function typesOf(made: Awaited<ReturnType<typeof world>>, attr: { id: string }): Promise<unknown> {
  const { ledger } = await made.hub.app(appId);
  return ledger.db.attrs.byId(attr.id)?.wire['inferred-types'];
}

test('a type is added with its first value, and stays when the value is removed', async () => {
  const made = await world();
  await write(made.writer, ['add-attr', goalsId], ['add-attr', any], ['add-attr', date], set(a, goalsId, a));
  expect(await typesOf(made, goalsId)).toEqual(['string']);
  expect(await typesOf(made, any)).toBe(null);
  await write(made.writer, set(a, any, 1));
  await write(made.writer, set(a, any, 2), set(a, date, '2024-01-31'));
  await write(made.writer, set(a, any, null));
  await write(made.writer, set(b, any, { x: 1 }), set(b, any, true), set(a, any, [1]));
  expect(await typesOf(made, any)).toEqual(['number', 'boolean', 'json']);
  expect(await typesOf(made, date)).toEqual(['string']);
});

test('attrs are sent with changed results, and not to sessions without queries', async () => {
  const made = await world();
  await write(made.writer, ['add-attr', goalsId], ['add-attr', any], set(a, goalsId, a));
  const [watcher, other] = [await made.open(), await made.open()];
  await watcher.request({ op: 'add-query', q: { goals: {} } });
  const heard = async (value: unknown): Promise<boolean[]> => {
    watcher.heard.length = 0;
    await write(made.writer, set(a, any, value));
    return watcher.heard.map((message) => message.op === 'refresh-ok' && Array.isArray(message.attrs));
  };
  other.heard.length = 0;
  expect(await heard('x')).toEqual([true]);
  expect(await heard('y')).toEqual([false]);
  expect(await heard(1)).toEqual([true]);
  expect(other.heard).toEqual([]);
});

test('types are restored from the log', async () => {
  const storage = memory();
  const made = await world(storage);
  await write(made.writer, ['add-attr', goalsId], ['add-attr', any], set(a, goalsId, a), set(a, any, 1));
  await write(made.writer, set(a, any, 'x'));
  await made.hub.close();
  expect(await typesOf(await world(storage), any)).toEqual(['number', 'string']);
});

test('a rejected write adds no types', async () => {
  const made = await world();
  await write(made.writer, ['add-attr', goalsId], ['add-attr', any], ['add-attr', date], set(a, goalsId, a));
  const rejected = { op: 'transact', 'tx-steps': [set(a, any, 'x'), set(a, date, 'never')] };
  expect(await made.writer.response('error', rejected)).toMatchObject({ type: 'validation-failed' });
  expect(await typesOf(made, any)).toBe(null);
});
