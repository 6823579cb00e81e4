// What a program does before the store is open, and while the client is closed right after: nothing waits for a module, and nothing is lost.

import { expect, test } from 'vitest';

import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../support/goals.ts';
import { listener, type TestClient, testClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../support/fake-tabs.ts';
import { eventually } from '../support/eventually.ts';

const ana = { id: 'ana', refresh_token: 't', isGuest: false };

/** A store that answers once the test opens it. */
function closedStore(contents: KeyValue = memoryStore()): { readonly store: KeyValue; open(): Promise<void> } {
  let resolve = (): void => {};
  const opened = new Promise<void>((done) => (resolve = done));
  return {
    store: {
      get: async (key) => (await opened, contents.get(key)),
      list: async (prefix) => (await opened, contents.list(prefix)),
      write: async (ops) => (await opened, contents.write(ops)),
      close: () => {},
    },
    async open() {
      resolve();
      await settled();
    },
  };
}

const write = ({ reactor }: TestClient) => reactor.writes.transact(chunk('create', goalId(1), { title: 'Swim' }));

test('the client reads the user before it sends anything', async () => {
  const contents = memoryStore();
  await contents.write([{ put: 'user', value: ana }]);
  const { store, open } = closedStore(contents);
  const client = testClient({ store });
  const [seen, promise] = [listener(), write(client)];
  client.reactor.queries.subscribe(goalsQuery, seen);
  client.reactor.rooms.acquire('chat', 'lobby');
  await settled();
  expect([client.transport.channels, client.reactor.status, client.reactor.account.user]).toEqual([[], 'connecting', undefined]);
  await open();
  expect(client.sentMessages('init')).toMatchObject([{ 'refresh-token': 't' }]);
  await expect(promise.queued).resolves.toMatchObject({ status: 'enqueued' });
  expect(await contents.list('write/ana/')).toHaveLength(1);
  await client.receive(initOk());
  expect(client.transport.channel.sent.map(({ op }) => op)).toEqual(['init', 'add-query', 'transact', 'join-room']);
});

test('a query that may be answered locally shows a write that was made before the store was open', async () => {
  const { store } = closedStore();
  const { reactor } = testClient({ store });
  const seen = listener();
  void reactor.writes.transact(chunk('create', goalId(1), { title: 'Swim' }));
  reactor.queries.subscribe({ goals: { $: { limit: 1 } } }, seen, { local: true });
  await settled();
  expect(seen.results).toMatchObject([{ source: 'local', data: { goals: [{ title: 'Swim' }] } }]);
});

test('queryOnce and a sign-in before the store is open complete once it is open', async () => {
  const { store, open } = closedStore();
  const client = testClient({ store });
  const result = client.reactor.queries.once(goalsQuery);
  const signedIn = client.reactor.account.setUser(ana);
  await open();
  await signedIn;
  await eventually(() => expect(client.sentMessages('init').at(-1)).toMatchObject({ 'refresh-token': 't' }));
  await client.receive(initOk());
  await client.receive(addQueryOk([], 1));
  await expect(result).resolves.toMatchObject({ data: { goals: [] } });
});

test('a client closed before the store is open stores the write for its user, and opens no connection', async () => {
  const contents = memoryStore();
  await contents.write([{ put: 'user', value: ana }]);
  const { store, open } = closedStore(contents);
  const client = testClient({ store });
  const statuses: string[] = [];
  client.reactor.events.on('status', (status) => statuses.push(status));
  const promise = write(client);
  const closing = client.reactor.close();
  expect([statuses, client.reactor.status]).toEqual([['closed'], 'closed']);
  await open();
  await closing;
  await expect(promise).resolves.toMatchObject({ status: 'enqueued' });
  expect(await contents.list('write/ana/')).toHaveLength(1);
  expect([client.transport.channels, client.clock.timers, client.errors]).toEqual([[], 0, []]);
});

test('another tab sends the write of a client closed before the store is open', async () => {
  const browser = new FakeBrowser();
  const contents = { ...memoryStore(), close: () => {} };
  const first = testClient({ store: contents, tabs: browser.tab() });
  await settled();
  await first.receive(initOk());
  const { store, open } = closedStore(contents);
  const second = testClient({ store, tabs: browser.tab() });
  void write(second);
  const closing = second.reactor.close();
  await open();
  await closing;
  await settled();
  expect(first.sentMessages('transact')).toHaveLength(1);
  expect(second.transport.channels).toEqual([]);
});

test('queries receive an error from a server that accepts connections and says nothing, and their result once it responds', async () => {
  const client = testClient();
  const seen = listener();
  client.reactor.queries.subscribe(goalsQuery, seen);
  await settled();
  await client.clock.advance(60_000);
  expect(seen.errors).toMatchObject([{ code: 'unreachable' }]);
  await client.clock.advance(60_000);
  await client.receive(initOk());
  await client.receive(addQueryOk([], 1));
  expect([seen.errors.length, seen.results]).toMatchObject([1, [{ data: { goals: [] } }]]);
  client.reactor.shutdown();
});
