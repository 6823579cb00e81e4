// Answers that outlive the page: shown at the next start before the server speaks, marked as what they are, and written in small pieces.

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { listener, type TestClient, testClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, type Goal, goalId, goalsQuery, initOk, refreshOk } from '../../support/goals.ts';
import { packTriples, unpackTriples } from '../../../src/reactor/queries/cached-rows.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import type { KeyValueOp, KeyValue } from '../../../src/storage/key-value.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { check } from '../../support/runs.ts';
import { FakeScheduler } from '../../support/slices.ts';

/** A store that outlives the client, and tells what was written. */
function lasting(): { store: KeyValue; written: KeyValueOp[] } {
  const inner = memoryStore();
  const written: KeyValueOp[] = [];
  const write = (edits: readonly KeyValueOp[]): Promise<void> => {
    written.push(...edits);
    return inner.write(edits);
  };
  return { store: { ...inner, write, close: () => {} }, written };
}

const many = (count: number): Goal[] => Array.from({ length: count }, (_, at) => ({ id: crypto.randomUUID(), title: `goal ${at}` }));
const sizeOf = (edits: readonly KeyValueOp[]): number => JSON.stringify(edits).length;
const keysOf = (edits: readonly KeyValueOp[]): string[] => edits.map((edit) => ('put' in edit ? edit.put : edit.remove));
const titlesOf = ({ last }: ReturnType<typeof listener>): unknown[] | undefined => last?.data['goals']?.map((goal) => (goal as Goal).title);

describe('cached results', () => {
  it('are shown as stale at the next start; equal rows keep their identity when the server responds', async () => {
    const { store } = lasting();
    const goals = many(3);
    const first = testClient({ store });
    await settled();
    await first.receive(initOk());
    first.reactor.queries.subscribe(goalsQuery, listener());
    await first.receive(addQueryOk(goals, 5));
    await first.clock.advance(2_000);
    first.reactor.shutdown();
    await settled();

    const second = testClient({ store });
    const received = listener();
    second.reactor.queries.subscribe(goalsQuery, received);
    await settled();
    expect(received.last).toMatchObject({ isStale: true, source: 'cache' });
    const before = received.last?.data['goals'] ?? [];
    expect(before).toHaveLength(3);

    await second.receive(initOk());
    await second.receive(addQueryOk(goals, 6));
    expect(received.last).not.toHaveProperty('isStale');
    expect(received.last?.data['goals']?.every((row, at) => row === before[at])).toBe(true);
    second.reactor.shutdown();
  });

  it('include pending writes, and writes confirmed after the result', async () => {
    const { store } = lasting();
    const first = testClient({ store });
    await settled();
    await first.receive(initOk());
    first.reactor.queries.subscribe(goalsQuery, listener());
    await first.receive(addQueryOk([{ id: goalId(1), title: 'old' }], 5));
    await first.clock.advance(2_000);
    void first.reactor.writes.transact(chunk('update', goalId(1), { title: 'confirmed' }));
    await settled();
    await first.receive({ op: 'transact-ok', 'client-event-id': first.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 6 });
    void first.reactor.writes.transact(chunk('create', goalId(2), { title: 'waiting' }));
    await settled();
    first.reactor.shutdown();
    await settled();

    const second = testClient({ store });
    const received = listener();
    second.reactor.queries.subscribe(goalsQuery, received);
    await settled();
    expect(received.last?.data['goals']).toEqual([
      expect.objectContaining({ title: 'confirmed' }),
      expect.objectContaining({ title: 'waiting' }),
    ]);
    // The confirmed one does not go out again.
    await second.receive(initOk());
    expect(second.sentMessages('transact').map((message) => message['tx-steps'].length > 0)).toEqual([true]);
    second.reactor.shutdown();
  });

  it('one changed row of 2,000 causes a small write, and is cached with the rest', async () => {
    const { store, written } = lasting();
    const goals = many(2_000);
    const first = testClient({ store });
    await settled();
    await first.receive(initOk());
    first.reactor.queries.subscribe(goalsQuery, listener());
    await first.receive(addQueryOk(goals, 5));
    await first.clock.advance(2_000);
    await vi.dynamicImportSettled();
    await settled();
    expect(keysOf(written)).toContain('answer//head/{"goals":{}}');
    written.length = 0;
    const changed = goals.map((goal, at) => (at === 1_000 ? { ...goal, title: 'changed' } : goal));
    await first.receive(refreshOk(changed.slice(0, 1_999), 6));
    await first.clock.advance(2_000);
    expect(sizeOf(written)).toBeLessThan(2_000);
    first.reactor.shutdown();
    await settled();

    const second = testClient({ store });
    const received = listener();
    second.reactor.queries.subscribe(goalsQuery, received);
    await settled();
    const titles = received.last?.data['goals']?.map((row) => (row as Goal).title);
    expect(titles).toHaveLength(1_999);
    expect(titles).toContain('changed');
    second.reactor.shutdown();
  });

  it('a user does not see the cached results of another user', async () => {
    const { store } = lasting();
    const ana = { id: crypto.randomUUID(), refresh_token: 't', isGuest: false };
    const first = testClient({ store });
    await first.reactor.account.setUser(ana);
    await settled();
    await first.receive(initOk());
    first.reactor.queries.subscribe(goalsQuery, listener());
    await first.receive(addQueryOk(many(1), 5));
    await first.clock.advance(2_000);
    await first.reactor.account.setUser(undefined);
    first.reactor.shutdown();
    await settled();

    const second = testClient({ store });
    const received = listener();
    second.reactor.queries.subscribe(goalsQuery, received);
    await settled();
    expect(received.results).toEqual([]);
    await second.reactor.account.setUser(ana);
    await settled();
    expect(received.last?.data['goals']).toHaveLength(1);
    second.reactor.shutdown();
  });

  it('the cache stores results up to its limit, and always those in use', async () => {
    const { store } = lasting();
    const client = testClient({ store, queryCacheLimit: 2 });
    await settled();
    await client.receive(initOk());
    for (let limit = 1; limit <= 5; limit += 1) {
      const q = { goals: { $: { limit } } };
      const stop = client.reactor.queries.subscribe(q, listener());
      await client.receive(addQueryOk(many(1), limit, q));
      await client.clock.advance(1_500);
      if (limit < 5) stop();
    }
    client.reactor.shutdown();
    await settled();

    const next = testClient({ store, queryCacheLimit: 2 });
    await settled();
    await next.receive(initOk());
    next.reactor.queries.subscribe(goalsQuery, listener());
    await next.receive(addQueryOk([], 9));
    await next.clock.advance(2_000);
    await settled();
    expect(await store.list('answer//head/')).toHaveLength(3);
    next.reactor.shutdown();
  });

  it('unreadable cached records are ignored', async () => {
    const { store } = lasting();
    const key = '{"goals":{}}';
    await store.write([
      { put: 'attrs', value: [{ id: 3 }, null] },
      { put: `answer//head/${key}`, value: { base: 'x', parts: 1, changes: 0, baseSize: 1, changesSize: 0 } },
      { put: `answer//part/${key}\nx/b000000`, value: { text: '[["a"],[["e",1,0,"v"],7,["x"],[1,2,3,4]]' } },
    ]);
    const client = testClient({ store });
    const received = listener();
    client.reactor.queries.subscribe(goalsQuery, received);
    await settled();
    expect(received.last?.data['goals'] ?? []).toEqual([]);
    await client.receive(initOk());
    await client.receive(addQueryOk(many(2), 1));
    expect(received.last?.data['goals']).toHaveLength(2);
    expect(client.errors).toEqual([]);
    client.reactor.shutdown();
  });
});

describe('large cached results', () => {
  const isHead = (edit: KeyValueOp): boolean => 'put' in edit && edit.put.startsWith('answer//head/');
  const goals = many(5_000).sort((a, b) => (a.id < b.id ? -1 : 1));
  const titled = (titles: readonly string[]): Goal[] => goals.map((goal, at) => ({ ...goal, title: titles[at] ?? `goal ${at}` }));

  /** A start that has just begun to write its answer. */
  async function writing(store: KeyValue, titles: readonly string[], txId: number): Promise<{ client: TestClient; slices: FakeScheduler }> {
    const slices = new FakeScheduler();
    const client = testClient({ store, scheduler: slices, yieldEvery: 1 });
    client.reactor.queries.subscribe(goalsQuery, listener());
    await rested(slices);
    await client.receive(initOk());
    await client.receive(addQueryOk(titled(titles), txId));
    await client.clock.advance(1_000);
    await vi.dynamicImportSettled();
    await settled();
    return { client, slices };
  }

  async function rested(slices: FakeScheduler, between?: () => void): Promise<number> {
    await settled();
    await vi.dynamicImportSettled();
    return slices.rest(between);
  }

  /** What the next start shows before the server speaks. */
  async function hydrated(store: KeyValue): Promise<unknown[] | undefined> {
    const slices = new FakeScheduler();
    const client = testClient({ store, scheduler: slices, yieldEvery: 1 });
    const received = listener();
    client.reactor.queries.subscribe(goalsQuery, received);
    await rested(slices, () => expect(received.results).toEqual([]));
    client.reactor.shutdown();
    await settled();
    expect(client.errors).toEqual([]);
    return titlesOf(received);
  }

  it('are written and read in slices; the manifest is written last, and includes a refresh received meanwhile', async () => {
    const { store, written } = lasting();
    const { client, slices } = await writing(store, ['first'], 5);
    expect(written.some(isHead)).toBe(false);
    await client.receive(refreshOk(titled(['second']), 6));
    await client.clock.advance(2_000);
    expect(await slices.rest(() => expect(written.some(isHead)).toBe(false))).toBeGreaterThan(2);
    expect(isHead(written.at(-1) as KeyValueOp)).toBe(true);
    written.length = 0;
    await client.clock.advance(2_000);
    expect(sizeOf(written)).toBeLessThan(2_000);
    client.reactor.shutdown();
    await settled();
    const titles = await hydrated(store);
    expect(titles).toHaveLength(5_000);
    expect(titles).toEqual(titled(['second']).map(({ title }) => title));
  });

  it('a client that closes between two parts keeps the previous snapshot; the next one removes its parts', async () => {
    const { store } = lasting();
    const whole = await writing(store, ['whole'], 5);
    await whole.slices.rest();
    await whole.client.reactor.close();
    const before = await store.list('');

    const broken = await writing(
      store,
      many(4_000).map(() => 'broken'),
      6,
    );
    await broken.slices.next();
    await broken.client.reactor.close();
    await broken.slices.rest();
    expect((await store.list('')).length).toBeGreaterThan(before.length);
    expect((await hydrated(store))?.[0]).toBe('whole');
    expect(await hydrated(store)).toHaveLength(5_000);

    const next = await writing(
      store,
      many(4_000).map(() => 'new'),
      7,
    );
    await next.slices.rest();
    await next.client.reactor.close();
    expect(await store.list('')).toHaveLength(before.length);
    expect((await hydrated(store))?.[0]).toBe('new');
  });

  it.each([
    ['the database is closed', (client: TestClient) => client.reactor.close()],
    ['another user signs in', (client: TestClient) => client.reactor.account.setUser({ id: 'bob', refresh_token: 't', isGuest: false })],
  ])('a confirmed write stays stored if %s before the result that contains it is stored', async (_, end) => {
    const { store } = lasting();
    const { client } = await writing(store, [], 5);
    void client.reactor.writes.transact(chunk('update', goals[0]?.id ?? '', { title: 'mine' }));
    await settled();
    const [sent] = client.sentMessages('transact');
    await client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'], 'tx-id': 6 });
    await client.receive(refreshOk(titled(['mine']), 6));
    await settled();
    expect(client.reactor.outbox.list()).toEqual([]);
    await Promise.resolve(end(client));
    await settled();
    expect(await store.list('write//')).toHaveLength(1);
    client.reactor.shutdown();
  });

  it('a cached result with a missing part is ignored', async () => {
    const { store } = lasting();
    const { client, slices } = await writing(store, [], 5);
    await slices.rest();
    await client.reactor.close();
    const [part] = (await store.list('answer//part/'))[1] ?? [];
    await store.write([{ remove: part ?? '' }]);
    expect(await hydrated(store)).toBeUndefined();
  });
});

describe('local results', () => {
  it('a new query is evaluated on the results of other queries until the server responds', async () => {
    const client = testClient();
    await settled();
    await client.receive(initOk());
    client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(
      addQueryOk(
        [
          { id: goalId(1), title: 'a', done: true },
          { id: goalId(2), title: 'b', done: false },
        ],
        5,
      ),
    );
    const q = { goals: { $: { where: { done: true } } } };
    const [requested, unasked] = [listener(), listener()];
    client.reactor.queries.subscribe({ goals: { $: { where: { done: false } } } }, unasked);
    client.reactor.queries.subscribe(q, requested, { local: true });
    await settled();
    expect(unasked.results).toEqual([]);
    expect(requested.last).toMatchObject({ isStale: true, source: 'local', data: { goals: [{ id: goalId(1), title: 'a', done: true }] } });

    void client.reactor.writes.transact(chunk('update', goalId(2), { done: true }));
    await settled();
    expect(requested.last?.data['goals']).toHaveLength(2);

    await client.receive(addQueryOk([{ id: goalId(3), title: 'c', done: true }], 6, q));
    expect(requested.last).not.toHaveProperty('isStale');
    expect(requested.last?.data['goals']).toContainEqual({ id: goalId(3), title: 'c', done: true });
    client.reactor.shutdown();
  });
});

it('packing and unpacking preserves the triples of each entity', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
  );
  const triple = fc.tuple(fc.constantFrom('e1', 'e2', 'e3'), fc.constantFrom('a1', 'a2', 'a3'), value, fc.integer({ min: 0 }));
  check(
    fc.property(fc.array(triple), (triples) => {
      const back = unpackTriples(packTriples(triples as Triple[]));
      for (const e of ['e1', 'e2', 'e3']) {
        expect(back.filter(([id]) => id === e)).toEqual(JSON.parse(JSON.stringify(triples.filter(([id]) => id === e))));
      }
    }),
  );
});
