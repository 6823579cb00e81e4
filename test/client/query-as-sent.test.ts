// A query is read once, when it is passed in: what a program does with the object later, or what the object does when it is read, changes
// nothing of what is sent, and each query gets its result.

import { afterEach, expect, test } from 'vitest';

import { resolveConfig } from '../../src/client/config.ts';
import { InstantCoreDatabase } from '../../src/client/database.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { appId, testClient, type TestClient } from '../support/client.ts';
import { addQueryOk, initOk } from '../support/goals.ts';

let client: TestClient;
afterEach(() => client.reactor.shutdown());

async function open() {
  client = testClient();
  await settled();
  await client.receive(initOk());
  return new InstantCoreDatabase(client.reactor, resolveConfig({ appId }));
}

const asked = (): unknown[] => client.sentMessages('add-query').map(({ q }) => q);

test('a query object that the program changes later is asked again as it was', async () => {
  const db = await open();
  const query = { goals: { $: { where: { done: false } } } };
  db.subscribeQuery(query, () => {});
  await settled();
  query.goals.$.where.done = true;
  client.transport.channel.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(1_000);
  await client.receive(initOk());
  expect(asked()).toEqual([{ goals: { $: { where: { done: false } } } }]);
});

test.each([
  ['toJSON that returns a date', () => ({ toJSON: () => new Date(0) })],
  ['toJSON that returns something else each time', (calls = { count: 0 }) => ({ toJSON: () => ++calls.count })],
])('a condition with a %s gets its result', async (_, condition) => {
  const db = await open();
  const result = db.queryOnce({ goals: { $: { where: { since: condition() as never } } } });
  await settled();
  const [message] = client.sentMessages('add-query');
  // As a server says it: in JSON.
  const q = JSON.parse(JSON.stringify(message?.q)) as never;
  await client.receive({ ...addQueryOk([], 1), q, 'client-event-id': undefined });
  await expect(result).resolves.toEqual({ data: { goals: [] } });
});
