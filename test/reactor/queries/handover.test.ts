// A confirmed mutation leaves the outbox in the store transaction that stores the results which contain it: after a restart at any moment, with
// no server in reach, the page shows what it showed before.

import { describe, expect, it } from 'vitest';

import type { KeyValue, KeyValueOp } from '../../../src/storage/key-value.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { addQueryOk, chunk, type Goal, goalId, goalsQuery, initOk, refreshOk } from '../../support/goals.ts';

/** A store that keeps every state it was ever in: one for each write transaction. */
function recording(): { store: KeyValue; states: () => Promise<KeyValue[]> } {
  const inner = memoryStore();
  const batches: (readonly KeyValueOp[])[] = [];
  const write = async (ops: readonly KeyValueOp[]): Promise<void> => {
    batches.push(structuredClone(ops));
    await inner.write(ops);
  };
  const states = async (): Promise<KeyValue[]> => {
    const all: KeyValue[] = [];
    for (let count = 1; count <= batches.length; count++) {
      const store = memoryStore();
      for (const ops of batches.slice(0, count)) await store.write(structuredClone(ops));
      all.push(store);
    }
    return all;
  };
  return { store: { ...inner, write, close: () => {} }, states };
}

async function titlesAfterRestart(store: KeyValue): Promise<unknown[] | undefined> {
  const client = testClient({ store: { ...store, close: () => {} } });
  const received = listener();
  client.reactor.queries.subscribe(goalsQuery, received);
  await settled();
  client.reactor.shutdown();
  return received.last?.data['goals']?.map((goal) => (goal as Goal).title);
}

async function ready(store: KeyValue): Promise<TestClient> {
  const client = testClient({ store });
  await settled();
  await client.receive(initOk());
  return client;
}

describe('a confirmed mutation', () => {
  it('is shown after a restart from every state of the store, also from the one before the result was stored', async () => {
    const { store, states } = recording();
    const client = await ready(store);
    client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(addQueryOk([], 1));
    await client.clock.advance(2_000);
    void client.reactor.writes.transact(chunk('create', goalId(1), { title: 'mine' }));
    await settled();
    const [sent] = client.sentMessages('transact');
    const written = (await states()).length;
    await client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'], 'tx-id': 2 });
    await client.receive(refreshOk([{ id: goalId(1), title: 'mine' }], 2));
    await client.clock.advance(2_000);
    await settled();
    const all = await states();
    expect(all.length).toBeGreaterThan(written);
    for (const state of all.slice(written - 1)) expect(await titlesAfterRestart(state)).toEqual(['mine']);
    expect(await all.at(-1)?.list('write/')).toEqual([]);
    client.reactor.shutdown();
  });

  it.each([
    ['the page is hidden', (client: TestClient) => client.network.hide()],
    ['the database is closed', (client: TestClient) => client.reactor.close()],
    ['another user signs in', (client: TestClient) => client.reactor.account.setUser({ id: 'bob', refresh_token: 't', isGuest: false })],
  ])('with its result is stored when %s', async (_, end) => {
    const { store } = recording();
    const client = await ready(store);
    client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(addQueryOk([{ id: goalId(1), title: 'seen for 300 ms' }], 1));
    await Promise.resolve(end(client));
    await settled();
    await store.write([{ remove: 'user' }]);
    expect(await titlesAfterRestart(store)).toEqual(['seen for 300 ms']);
    client.reactor.shutdown();
  });

  it('with its result is given to the store when the page is hidden, also while the store is writing: the page may end', async () => {
    const { store } = recording();
    const written: string[] = [];
    const busy: KeyValue = {
      ...store,
      write: (ops) => (written.push(...ops.map((op) => ('put' in op ? op.put : op.remove))), new Promise(() => {})),
    };
    const client = await ready(busy);
    client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(addQueryOk([{ id: goalId(1), title: 'seen for 100 ms' }], 1));
    expect(written).toEqual(['attrs']);
    client.network.hide();
    await settled();
    expect(written.filter((key) => key.startsWith('answer/'))).toHaveLength(2);
    void client.reactor.close();
  });

  it('a result is stored when its last subscriber unsubscribes', async () => {
    const { store } = recording();
    const client = await ready(store);
    const stop = client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(addQueryOk([{ id: goalId(1), title: 'left at once' }], 1));
    stop();
    await settled();
    expect(await titlesAfterRestart(store)).toEqual(['left at once']);
    client.reactor.shutdown();
  });

  describe('made while no query shows it', () => {
    /** A result is stored and not shown any more; then a goal is made. */
    async function madeElsewhere(store: KeyValue, count = 1): Promise<TestClient> {
      const client = await ready(store);
      const stop = client.reactor.queries.subscribe(goalsQuery, listener());
      await client.receive(addQueryOk([{ id: goalId(0), title: 'before' }], 1));
      stop();
      const made = Array.from({ length: count }, (_, at) =>
        client.reactor.writes.transact(chunk('create', crypto.randomUUID(), { title: `made ${at + 1}` })),
      );
      await Promise.all(made.map(({ queued }) => queued));
      await settled();
      for (const [at, { 'client-event-id': eventId }] of client.sentMessages('transact').entries())
        await client.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': at + 2 });
      expect(client.reactor.outbox.list()).toEqual([]);
      return client;
    }

    it('is shown with the stored result when that is shown again, until a result contains it', async () => {
      const client = await madeElsewhere(memoryStore());
      const received = listener();
      client.reactor.queries.subscribe(goalsQuery, received);
      await settled();
      expect(received.results.map(({ data }) => data['goals']?.map((goal) => (goal as Goal).title))).toEqual([['before', 'made 1']]);
      await client.receive(addQueryOk([{ id: goalId(0), title: 'theirs' }], 2));
      expect(received.last?.data['goals']).toMatchObject([{ title: 'theirs' }]);
      client.reactor.shutdown();
    });

    it('is shown after a restart from every state of the store, also by a query that is opened late', async () => {
      const { store, states } = recording();
      const client = await madeElsewhere(store);
      await client.clock.advance(5_000);
      await client.reactor.close();
      for (const state of (await states()).slice(-2)) {
        const next = testClient({ store: { ...state, close: () => {} } });
        await next.clock.advance(5_000);
        const received = listener();
        next.reactor.queries.subscribe(goalsQuery, received);
        await settled();
        expect(received.last?.data['goals']).toMatchObject([{ title: 'before' }, { title: 'made 1' }]);
        next.reactor.shutdown();
      }
    });

    it('is stored until a newer result is: the 200 last of them', async () => {
      const { store } = recording();
      const client = await madeElsewhere(store, 203);
      await client.clock.advance(1_000);
      expect(await store.list('write/')).toHaveLength(200);
      client.reactor.queries.subscribe(goalsQuery, listener());
      await client.receive(addQueryOk([{ id: goalId(0), title: 'after' }], 300));
      await client.clock.advance(2_000);
      expect(await store.list('write/')).toEqual([]);
      client.reactor.shutdown();
    });
  });

  it('two tabs that show the same store it once, and neither adds to what the other has stored', async () => {
    const { store, states } = recording();
    const browser = new FakeBrowser();
    const tabs = [testClient({ store, tabs: browser.tab() }), testClient({ store, tabs: browser.tab() })] as const;
    await settled();
    for (const tab of tabs) {
      await tab.receive(initOk());
      tab.reactor.queries.subscribe(goalsQuery, listener());
    }
    const rows = [1, 2, 3, 4, 5].map((n) => ({ id: goalId(n), title: `goal ${n}` }));
    const [leader, other] = tabs;
    await leader.receive(addQueryOk(rows.slice(0, 1), 1));
    await leader.clock.advance(1_000);
    await other.receive(addQueryOk(rows.slice(0, 1), 1));
    await other.clock.advance(3_000);
    const once = (await states()).length;
    // The one that sends hears late of what the other has stored already.
    await other.receive(refreshOk(rows.slice(0, 4), 4));
    await other.clock.advance(3_000);
    await leader.receive(refreshOk(rows.slice(0, 2), 2));
    await leader.clock.advance(1_000);
    expect(await titlesAfterRestart(store)).toEqual(rows.slice(0, 4).map(({ title }) => title));
    await leader.receive(refreshOk(rows, 5));
    await other.receive(refreshOk(rows, 5));
    await leader.clock.advance(1_000);
    await other.clock.advance(3_000);
    expect(await titlesAfterRestart(store)).toEqual(rows.map(({ title }) => title));
    expect(once).toBeLessThan((await states()).length);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('what changes while the stored result is looked at is stored with it', async () => {
    const { store } = recording();
    const gates: (() => void)[] = [];
    const slow: KeyValue = { ...store };
    const client = await ready(slow);
    client.reactor.queries.subscribe(goalsQuery, listener());
    const rows = [1, 2, 3].map((n) => ({ id: goalId(n), title: `goal ${n}` }));
    await client.receive(addQueryOk(rows.slice(0, 1), 1));
    await client.clock.advance(1_000);
    slow.get = async (key) => (await new Promise<void>((resolve) => gates.push(resolve)), store.get(key));
    await client.receive(refreshOk(rows.slice(0, 2), 2));
    await client.clock.advance(1_000);
    await client.receive(refreshOk(rows, 3));
    for (const open of gates) open();
    await settled();
    expect(await titlesAfterRestart(store)).toEqual(rows.map(({ title }) => title));
    client.reactor.shutdown();
  });

  it('a confirmed mutation is shown until a query that was refused, and is asked again, has a result with it', async () => {
    const client = await ready(memoryStore());
    const received = listener();
    client.reactor.queries.subscribe(goalsQuery, received);
    const [asked] = client.sentMessages('add-query');
    await client.receive({ op: 'error', status: 400, type: 'app-disabled', 'client-event-id': asked?.['client-event-id'] });
    await client.receive({ op: 'app-status-changed', status: 'disabled' });
    await client.receive({ op: 'app-status-changed', status: 'active' });
    await settled();
    await client.receive(initOk());
    client.reactor.writes.transact(chunk('update', goalId(1), { title: 'run' })).catch(() => {});
    await settled();
    const [sent] = client.sentMessages('transact');
    await client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'], 'tx-id': 7 });
    await client.receive(addQueryOk([], 6));
    expect(received.last?.data['goals']).toMatchObject([{ title: 'run' }]);
    client.reactor.shutdown();
  });
});
