// Whoever waits for a write whose user leaves is told at once what is certain: it is kept. It goes out when the user is back.

import { expect, test } from 'vitest';
import { memoryStore } from '../../../src/storage/memory.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';
import { testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { chunk, goalId, initOk } from '../../support/goals.ts';

const ann = { id: '0a000000-0000-4000-8000-00000000000a', refresh_token: 'f0000000-0000-4000-8000-000000000001', isGuest: false };

async function signedIn(store?: KeyValue): Promise<TestClient> {
  const client = testClient(store && { store });
  await settled();
  await client.reactor.account.setUser(ann);
  await settled();
  await client.receive(initOk());
  return client;
}

const outcomes = (promises: readonly Promise<{ status: string }>[]): Promise<string[]> =>
  Promise.all(promises.map((promise) => promise.then(({ status }) => status, (error: { code: string }) => error.code))); // prettier-ignore

test('when the user signs out, a write in flight resolves as enqueued and `settled` rejects with user-changed', async () => {
  const client = await signedIn();
  const write = client.reactor.writes.transact(chunk('create', goalId(1), { title: 'of Ann' }));
  await settled();
  expect(client.sentMessages('transact')).toHaveLength(1);
  const waiting = outcomes([write, write.queued, write.settled]);
  await client.reactor.account.setUser(undefined);
  expect(await waiting).toEqual(['enqueued', 'enqueued', 'user-changed']);
  expect(await outcomes([write.queued, write.settled])).toEqual(['enqueued', 'user-changed']);
  expect(client.errors).toEqual([]);

  await client.receive(initOk());
  expect(client.sentMessages('transact')).toEqual([]);
  await client.reactor.account.setUser(ann);
  await client.receive(initOk());
  expect(client.sentMessages('transact')).toHaveLength(1);
  client.reactor.shutdown();
});

test('a write that is not on disk yet resolves as enqueued once it is stored', async () => {
  let store = (): void => {};
  const memory = memoryStore();
  const slow: KeyValue = { ...memory };
  const client = await signedIn(slow);
  slow.write = (edits) => new Promise((done) => (store = () => void memory.write(edits).then(done)));
  const write = client.reactor.writes.transact(chunk('create', goalId(1), { title: 'of Ann' }));
  const waiting = outcomes([write, write.queued, write.settled]);
  await settled();
  const leaving = client.reactor.account.setUser(undefined);
  await settled();
  let isNotified = false;
  void waiting.then(() => (isNotified = true));
  await settled();
  expect(isNotified).toBe(false);
  store();
  expect(await waiting).toEqual(['enqueued', 'enqueued', 'user-changed']);
  await leaving;
  client.reactor.shutdown();
});

test('a write whose promises have no handlers is stored and causes no error', async () => {
  const client = await signedIn();
  void client.reactor.writes.transact(chunk('create', goalId(1), { title: 'of Ann' }));
  await settled();
  await client.reactor.account.setUser(undefined);
  await settled();
  expect([client.errors, (await client.reactor.config.store.list('write/')).length]).toEqual([[], 1]);
  client.reactor.shutdown();
});

async function rejected(client: TestClient, count: number): Promise<void> {
  const write = client.reactor.writes.transact(chunk('create', goalId(count), { title: `${count}` }));
  await settled();
  const { 'client-event-id': eventId } = client.sentMessages('transact').at(-1) ?? {};
  const error = { op: 'error', status: 403, type: 'permission-denied', message: 'No' } as const;
  await Promise.all([expect(write).rejects.toThrow(), client.receive({ ...error, 'client-event-id': eventId })]);
}

test('rejected writes are listed again when their user is back, and those that were discarded are not', async () => {
  const client = await signedIn();
  const { outbox, account } = client.reactor;
  for (const count of [1, 2, 3]) await rejected(client, count);
  const [first, second, third] = outbox.list().map(({ eventId }) => eventId) as [string, string, string];
  outbox.discard(first);
  await account.setUser(undefined);
  expect(outbox.list()).toEqual([]);
  await account.setUser(ann);
  expect(outbox.list().map(({ eventId, state }) => [eventId, state])).toEqual([second, third].map((id) => [id, 'rejected']));
  outbox.discard(second);
  await client.receive(initOk());
  void outbox.retry(third).catch(() => {});
  await account.setUser(undefined);
  await account.setUser(ann);
  expect(outbox.list().map(({ state, eventId }) => [state, eventId === third])).toEqual([['pending', false]]);
  client.reactor.shutdown();
});
