// The way out is loaded while the store is opened. Until it is there everything works that needs no server, and nothing is lost.

import { expect, test, vi } from 'vitest';

import type { OpenUplink, Platform } from '../../src/reactor/uplink.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { listener, type TestClient, testClient } from '../support/client.ts';
import { FakeBrowser } from '../support/fake-tabs.ts';
import { settled } from '../support/fake-clock.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk, nodes } from '../support/goals.ts';

interface Scene extends TestClient {
  readonly store: ReturnType<typeof memoryStore>;
  /** How often it was asked for. */
  requested(): number;
  arrives(): Promise<void>;
  fails(): Promise<void>;
}

/** A client whose way out is there when the test says so. */
function setUp(options: Partial<Platform> = {}, store = { ...memoryStore(), close: () => {} }): Scene {
  const calls: { readonly resolve: (open: OpenUplink) => void; readonly reject: (error: unknown) => void }[] = [];
  let arrived: OpenUplink | undefined;
  const client = testClient({
    ...options,
    store,
    loadUplink(open) {
      arrived = open;
      return { here: undefined, load: () => new Promise((resolve, reject) => calls.push({ resolve, reject })) };
    },
  });
  return {
    ...client,
    store,
    requested: () => calls.length,
    async arrives() {
      if (arrived) calls.at(-1)?.resolve(arrived);
      await settled();
    },
    async fails() {
      calls.at(-1)?.reject(new TypeError('Failed to fetch'));
      await settled();
    },
  };
}

const write = ({ reactor }: Scene) => reactor.writes.transact(chunk('create', goalId(1), { title: 'Swim' }));

test('what is asked and written before it is there goes out once it is', async () => {
  const client = setUp();
  const seen = listener();
  client.reactor.queries.subscribe(goalsQuery, seen);
  const promise = write(client);
  await settled();
  expect(client.reactor.status).toBe('connecting');
  expect(client.transport.channels).toEqual([]);
  await client.arrives();
  await expect(promise.queued).resolves.toMatchObject({ status: 'enqueued' });
  expect(await client.store.list('write/')).toHaveLength(1);
  await client.receive(initOk());
  expect(client.sentMessages('add-query')).toHaveLength(1);
  expect(client.sentMessages('transact')).toHaveLength(1);
});

test('what is asked and written before it is there is shown once there is an answer', async () => {
  const client = setUp();
  const [seen, local] = [listener(), listener()];
  client.reactor.queries.subscribe(goalsQuery, seen);
  client.reactor.queries.subscribe({ goals: { $: { limit: 1 } } }, local, { local: true });
  const closed = client.reactor.queries.subscribe({ goals: { $: { limit: 2 } } }, listener());
  void write(client);
  closed();
  await settled();
  expect([seen.results, local.results]).toEqual([[], []]);
  await client.arrives();
  expect(seen.results).toEqual([]);
  expect(local.results).toMatchObject([{ source: 'local', data: { goals: [{ title: 'Swim' }] } }]);
  await client.receive(initOk());
  expect(client.sentMessages('add-query')).toHaveLength(2);
  await client.receive({ op: 'add-query-ok', q: goalsQuery, result: nodes([]), 'processed-tx-id': 1 });
  expect(seen.results).toMatchObject([{ data: { goals: [{ title: 'Swim' }] } }]);
});

test('if it cannot be loaded, that is told once, and it is tried again', async () => {
  const client = setUp();
  await client.fails();
  await client.clock.advance(4_999);
  expect(client.requested()).toBe(1);
  await client.clock.advance(1);
  await client.fails();
  expect(client.errors).toEqual([expect.objectContaining({ message: 'Failed to fetch' })]);
  await client.clock.advance(5_000);
  await client.arrives();
  await client.receive(initOk());
  expect(client.reactor.isReady).toBe(true);
});

test('if it cannot be loaded, it is known who is signed in and what waits, and what is written is kept', async () => {
  const ana = { id: 'ana', refresh_token: 't', isGuest: false };
  const before = setUp();
  await before.store.write([{ put: 'user', value: ana }]);
  const client = setUp({}, before.store);
  await client.fails();
  expect(client.reactor.account.user).toMatchObject({ id: 'ana' });
  await expect(write(client).queued).resolves.toMatchObject({ status: 'enqueued' });
  expect(await client.store.list('write/ana/')).toHaveLength(1);

  const next = setUp({}, before.store);
  await next.fails();
  expect(next.reactor.outbox.list()).toMatchObject([{ state: 'local' }]);
  await next.clock.advance(5_000);
  await next.arrives();
  await next.receive(initOk());
  expect(next.sentMessages('transact')).toHaveLength(1);
});

/** Of one browser: one that sends, and one whose way out is not there yet. */
async function twoTabs(): Promise<{ first: TestClient; second: Scene }> {
  const browser = new FakeBrowser();
  const store = { ...memoryStore(), close: () => {} };
  const first = testClient({ store, tabs: browser.tab() });
  await settled();
  await first.receive(initOk());
  const second = setUp({ tabs: browser.tab() }, store);
  await settled();
  return { first, second };
}

test('a write that is kept before it is there is told to the other tabs once it is', async () => {
  const { first, second } = await twoTabs();
  await write(second).queued;
  expect(first.reactor.outbox.list()).toEqual([]);
  await second.arrives();
  expect(first.reactor.outbox.list()).toHaveLength(1);
  expect(first.sentMessages('transact')).toHaveLength(1);
});

test('closed while it is loaded: what was written is kept, and no line is opened', async () => {
  const client = setUp();
  const statuses: string[] = [];
  client.reactor.events.on('status', (status) => statuses.push(status));
  const promise = write(client);
  const closing = client.reactor.close();
  expect(statuses).toEqual(['closed']);
  await client.arrives();
  await closing;
  await expect(promise).resolves.toMatchObject({ status: 'enqueued' });
  expect(await client.store.list('write/')).toHaveLength(1);
  expect(client.transport.channels).toEqual([]);
});

test('closed while it waits to be tried again', async () => {
  const client = setUp();
  void write(client);
  await client.fails();
  await client.reactor.close();
  expect(client.clock.timers).toBe(0);
  expect(client.requested()).toBe(1);
  expect(await client.store.list('write/')).toHaveLength(1);
});

test('closed while it is loaded, which then fails: nothing is left', async () => {
  const client = setUp();
  const promise = write(client);
  const closing = client.reactor.close();
  await client.fails();
  await closing;
  await expect(promise.queued).resolves.toMatchObject({ status: 'enqueued' });
  expect(await client.store.list('write/')).toHaveLength(1);
  expect(client.clock.timers).toBe(0);
  expect(client.errors).toEqual([]);
});

test('closed while it is loaded: another tab hears of what was written, and sends it', async () => {
  const { first, second } = await twoTabs();
  void write(second);
  const closing = second.reactor.close();
  await second.arrives();
  await closing;
  await settled();
  expect(first.sentMessages('transact')).toHaveLength(1);
  expect(second.transport.channels).toEqual([]);
  expect(second.reactor.status).toBe('closed');
});

test('a query asked once, a room and a sign-in before it is there are done once it is', async () => {
  const client = setUp({});
  const result = client.reactor.queries.once(goalsQuery);
  client.reactor.rooms.begin((api) => api.acquire('chat', 'lobby'));
  await client.reactor.account.setUser({ id: 'ana', refresh_token: 't', isGuest: false });
  await client.arrives();
  await vi.waitFor(() => expect(client.sentMessages('init')).toMatchObject([{ 'refresh-token': 't' }]));
  await client.receive(initOk());
  await client.receive(addQueryOk([], 1));
  await expect(result).resolves.toMatchObject({ data: { goals: [] } });
  await vi.waitFor(() => expect(client.sentMessages('join-room')).toHaveLength(1));
});
