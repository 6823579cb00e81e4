// What version 0.1.0 left on a device, word for word: every release reads it. Records are added here, and never changed.

import { beforeEach, expect, test } from 'vitest';

import type { TableEvent } from '../../src/reactor/tables/sync-tables.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { SyncTable } from '../../src/client/sync-table.ts';
import records from '../data/kept-records.json' with { type: 'json' };
import { listener, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { type Goal, goalId, goalsQuery, initOk } from '../support/goals.ts';
import { eventually } from '../support/eventually.ts';

let store: KeyValue;
let client: TestClient;
let seen: ReturnType<typeof listener>;
beforeEach(async () => {
  store = { ...memoryStore(), close: () => {} };
  await store.write((records as [string, unknown][]).map(([put, value]) => ({ put, value })));
  client = testClient({ store });
  seen = listener();
  client.reactor.queries.subscribe(goalsQuery, seen);
  await settled();
  return () => client.reactor.close();
});

test('the client reads the user and the local id', async () => {
  expect(client.reactor.account.user).toEqual({ id: 'ana', refresh_token: 't', isGuest: false, email: 'ana@example.org' });
  expect(await client.reactor.localIds.get('guest')).toBe('04d096c3-700e-4768-abb9-33debf5a57ba');
});

test('the client shows a cached result with a delta, and pending writes on top', async () => {
  expect(seen.last).toMatchObject({ isStale: true, source: 'cache' });
  const goals = (seen.last?.data['goals'] as Goal[]).sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(goals).toEqual([
    { id: goalId(1), title: 'one!', done: true },
    { id: goalId(2), title: 'two' },
    { id: goalId(3), title: 'applied' },
    { id: goalId(5), title: 'waits' },
  ]);
});

test('the client lists an acknowledged, a rejected, a blocked and a pending write', async () => {
  const { outbox } = client.reactor;
  const [rejected] = outbox.list();
  expect(outbox.list().map(({ state }) => state)).toEqual(['rejected', 'acknowledged', 'blocked', 'pending']);
  expect(rejected?.error).toMatchObject({ code: 'refused', type: 'permission-denied', status: 400, hint: { why: 'so' } });
  await client.receive(initOk());
  expect(client.sentMessages('transact').map((message) => message['client-event-id'])).toEqual(['b6860962-d468-4505-89a3-9861be6b9453']);
  void outbox.retry(rejected?.eventId ?? '');
  await settled();
  expect(await store.list('refused/')).toEqual([]);
  expect(client.sentMessages('transact')).toHaveLength(2);
});

test('the client discards a rejected write and its dependents, without leaving records', async () => {
  const { outbox } = client.reactor;
  const gone = outbox.discard(outbox.list()[0]?.eventId ?? '');
  expect(gone).toHaveLength(2);
  await settled();
  expect(await store.list('refused/')).toEqual([]);
  expect(await store.list('write/')).toHaveLength(2);
});

test('the client resumes a sync table from its last transaction', async () => {
  const events: TableEvent[] = [];
  new SyncTable(client.reactor).subscribe({ goals: {} }, (event) => events.push(event));
  await eventually(() => expect(events).toHaveLength(1));
  expect(events[0]?.data['goals']?.map((goal) => goal['title'])).toEqual(['one!', 'two']);
  await client.receive(initOk());
  expect(client.sentMessages('start-sync')).toEqual([]);
  expect(client.sentMessages('resync-table')).toMatchObject([{ 'subscription-id': 'sub-1', token: 'tok-1', 'tx-id': 8 }]);
});
