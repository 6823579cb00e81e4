// Writes are sent without waiting for each other. When the server fails at one of them, order is kept as far as it can be.

import { expect, test } from 'vitest';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { addQueryOk, attrIds, chunk, goalAttrs, goalId, goalsQuery, initOk, refreshOk } from '../../support/goals.ts';

let client: TestClient;
const write = (fields: { title?: string; done?: boolean }, id = goalId(1)): void =>
  void client.reactor.writes.transact(chunk('update', id, fields));
const sent = (): readonly (readonly unknown[])[] =>
  client.sentMessages('transact').map((message) => message['tx-steps'].map((step) => step[3]));
const eventIdOf = (at: number): string => client.sentMessages('transact')[at]?.['client-event-id'] ?? '';
const fail = (at: number): Promise<void> =>
  client.receive({ op: 'error', status: 500, type: 'sql-exception', message: 'no', 'client-event-id': eventIdOf(at) });
const ok = (at: number, txId: number): Promise<void> =>
  client.receive({ op: 'transact-ok', 'client-event-id': eventIdOf(at), 'tx-id': txId });

async function reconnect(): Promise<void> {
  client.transport.channel.on.closed({ code: 1006, reason: '' });
  await settled();
}

async function start(): Promise<ReturnType<typeof listener>> {
  client = testClient();
  await settled();
  await client.receive(initOk());
  const received = listener();
  client.reactor.queries.subscribe(goalsQuery, received);
  await client.receive(addQueryOk([{ id: goalId(1), title: 'old', done: false }], 5));
  return received;
}

test('unsent writes wait for failed writes, which are resent in order', async () => {
  await start();
  for (const title of ['one', 'two', 'three']) write({ title }, goalId(2));
  await settled();
  await fail(0);
  write({ title: 'four' }, goalId(2));
  await settled();
  await fail(1);
  await fail(2);
  expect(sent()).toHaveLength(3);
  await client.clock.advance(2_000);
  expect(sent().slice(3).map(([, title]) => title)).toEqual(['one', 'two', 'three', 'four']); // prettier-ignore
  client.reactor.shutdown();
});

test('an earlier write that is retried does not overwrite a later one, on the server or on screen', async () => {
  const received = await start();
  write({ title: 'first', done: true });
  write({ title: 'second' });
  await settled();
  await fail(0);
  await ok(1, 6);
  await client.receive(refreshOk([{ id: goalId(1), title: 'second', done: false }], 6));
  expect(received.last?.data['goals']).toEqual([{ id: goalId(1), title: 'second', done: true }]);
  await client.clock.advance(2_000);
  expect(client.sentMessages('transact')[2]?.['tx-steps'].map((step) => [step[2], step[3]])).toEqual([
    [attrIds.id, goalId(1)],
    [attrIds.done, true],
  ]);
  expect(eventIdOf(2)).toBe(eventIdOf(0));
  await ok(2, 7);
  expect(received.last?.data['goals']).toEqual([{ id: goalId(1), title: 'second', done: true }]);
  client.reactor.shutdown();
});

test.each([
  ['the failure arrives after the confirmation', () => fail(0)],
  ['the connection is lost before the failure arrives', () => reconnect()],
])('a retried write does not overwrite a later one if %s', async (_what, learn) => {
  const received = await start();
  write({ title: 'first', done: true });
  write({ title: 'second' });
  await settled();
  await ok(1, 6);
  await client.receive(refreshOk([{ id: goalId(1), title: 'second', done: false }], 6));
  expect(received.last?.data['goals']).toEqual([{ id: goalId(1), title: 'second', done: true }]);
  const before = client.transport.channels.length;
  await learn();
  await client.clock.advance(2_000);
  if (client.transport.channels.length > before) await client.receive(initOk());
  const last = client.sentMessages('transact').at(-1)?.['tx-steps'];
  expect(last?.map((step) => [step[2], step[3]])).toEqual([
    [attrIds.id, goalId(1)],
    [attrIds.done, true],
  ]);
  client.reactor.shutdown();
});

test('a failed write waits until the writes behind it have a response', async () => {
  await start();
  write({ title: 'first' });
  write({ title: 'second' });
  await settled();
  await fail(0);
  await client.clock.advance(2_000);
  expect(client.sentMessages('transact')).toHaveLength(2);
  await ok(1, 6);
  expect(sent()[2]).toEqual([goalId(1)]);
  client.reactor.shutdown();
});

test('a retried write does not recreate an entity that a later write deleted', async () => {
  const received = await start();
  write({ title: 'first' });
  void client.reactor.writes.transact(chunk('delete', goalId(1)));
  await settled();
  await fail(0);
  await ok(1, 6);
  await client.receive(refreshOk([], 6));
  expect(received.last?.data['goals']).toEqual([]);
  await client.clock.advance(2_000);
  expect(client.sentMessages('transact')[2]?.['tx-steps']).toEqual([]);
  client.reactor.shutdown();
});

test('of two writes that create one entity, the second is sent when the first has a response', async () => {
  client = testClient();
  const make = (): void => void client.reactor.writes.transact(chunk('create', goalId(3), { title: 'new' })).settled.catch(() => {});
  make();
  make();
  await settled();
  await client.receive(initOk());
  expect(sent()).toHaveLength(1);
  await ok(0, 6);
  expect(sent()).toHaveLength(2);
  client.reactor.shutdown();
});

test('a write whose new attr may already exist is not overtaken by later writes to its entity', async () => {
  await start();
  const mood = (value: string): void => {
    void client.reactor.writes.transact({ __ops: [['update', 'goals', goalId(1), { mood: value }]], __etype: 'goals' });
  };
  const [, title] = goalAttrs;
  const other = { ...title, id: goalId(8), 'forward-identity': [goalId(9), 'goals', 'mood'] } as WireAttr;
  mood('first');
  mood('refused with it');
  await settled();
  expect(sent().map(([, value]) => value)).toEqual([goalId(1), goalId(1)]);
  // Another client was faster: what is written from here on uses its attr, and would be carried out.
  await client.receive({ ...refreshOk([{ id: goalId(1), title: 'old', done: false }], 6), attrs: [...goalAttrs, other] });
  mood('later');
  write({ title: 'elsewhere' }, goalId(2));
  await settled();
  expect(sent()).toHaveLength(3);
  expect(sent()[2]?.at(-1)).toBe('elsewhere');
  const taken = { 'record-type': 'ident', etype: 'goals', label: 'mood' };
  for (const at of [0, 1]) await client.receive({ op: 'error', status: 400, type: 'record-not-unique', message: 'no', hint: taken, 'client-event-id': eventIdOf(at) }); // prettier-ignore
  expect(sent().slice(3).map((values) => values.at(-1))).toEqual(['first', 'refused with it', 'later']); // prettier-ignore
  client.reactor.shutdown();
});
