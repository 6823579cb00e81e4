// A namespace kept in step, against a scripted server: dialogues.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { ServerMessage, SyncTx } from '../../../src/protocol/server-message.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import type { TableEvent } from '../../../src/reactor/tables/sync-tables.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';
import { type StopTable, SyncTable } from '../../../src/client/sync-table.ts';
import { alwaysLeader } from '../../../src/reactor/tabs/tab-channel.ts';
import { testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';

const blob = (n: number, label: string, more: Partial<WireAttr> = {}): WireAttr => ({
  id: `a7000000-0000-4000-8000-00000000000${n}`,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [`1d000000-0000-4000-8000-00000000000${n}`, 'goals', label],
  'unique?': label === 'id',
  'index?': false,
  ...more,
});
const attrs = [blob(1, 'id'), blob(2, 'title'), blob(3, 'rank', { 'checked-data-type': 'number', 'index?': true })];
const [idAttr, titleAttr, rankAttr] = attrs.map(({ id }) => id) as [string, string, string];
const initOk: ServerMessage = { op: 'init-ok', 'session-id': '5e550000-0000-4000-8000-00000000000a', attrs };
const subscription = '5b000000-0000-4000-8000-000000000001';
const token = '70ce0000-0000-4000-8000-000000000002';

const entity = (n: number, title = `goal ${n}`, rank = n): Triple[] => [
  [`g${n}`, idAttr, `g${n}`, n],
  [`g${n}`, titleAttr, title, n],
  [`g${n}`, rankAttr, rank, n],
];
const added = (triple: Triple) => ({ action: 'added', triple }) as const;
const removed = (triple: Triple) => ({ action: 'removed', triple }) as const;
const update = (...txes: SyncTx[]): ServerMessage => ({ op: 'sync-update-triples', 'subscription-id': subscription, txes });
const retitle = (txId: number, n: number, from: string, to: string): SyncTx => ({
  'tx-id': txId,
  changes: [removed([`g${n}`, titleAttr, from, n]), added([`g${n}`, titleAttr, to, n])],
});

let store: KeyValue;
let client: TestClient;
let tables: SyncTable;
let events: TableEvent[];
const query = { goals: {} };

async function start(openTabs = alwaysLeader()): Promise<void> {
  client = testClient({ store, useDates: true, tabs: openTabs });
  tables = new SyncTable(client.reactor);
  events = [];
  await settled();
}

beforeEach(async () => {
  // As on a disk, what is in it outlives who wrote it.
  store = { ...memoryStore(), close: () => {} };
  await import('../../../src/reactor/tables/table-api.ts');
  await start();
  await client.receive(initOk);
});
afterEach(() => client.reactor.shutdown());

async function subscribe(requested: Parameters<SyncTable['subscribe']>[0] = query): Promise<StopTable> {
  const stop = tables.subscribe(requested, (event) => events.push(event));
  await settled();
  return stop;
}

const startOk = (id = subscription): Promise<void> =>
  client.receive({
    op: 'start-sync-ok',
    'client-event-id': client.sentMessages('start-sync').at(-1)?.['client-event-id'] ?? '',
    q: query,
    'subscription-id': id,
    token,
  });
const batch = (...entities: Triple[][]): Promise<void> =>
  client.receive({ op: 'sync-load-batch', 'subscription-id': subscription, 'join-rows': entities });
const finish = (txId: number): Promise<void> => client.receive({ op: 'sync-init-finish', 'subscription-id': subscription, 'tx-id': txId });

/** Goals up to a number, loaded as of transaction 10. */
async function load(count: number): Promise<StopTable> {
  const stop = await subscribe();
  await startOk();
  await batch(...Array.from({ length: count }, (_, n) => entity(n + 1)));
  await finish(10);
  events.length = 0;
  return stop;
}

async function reconnect(): Promise<void> {
  client.transport.channel.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(2_000);
  await client.receive(initOk);
  // That there was no server for a moment.
  client.errors.length = 0;
}

const titles = (event: TableEvent | undefined): unknown[] => (event?.data['goals'] ?? []).map((goal) => goal['title']);
const reject = (op: 'start-sync' | 'resync-table', type = 'validation-failed'): Promise<void> =>
  client.receive({
    op: 'error',
    status: 400,
    type,
    message: 'no',
    hint: { why: 'not now' },
    'client-event-id': client.sentMessages(op).at(-1)?.['client-event-id'] ?? '',
    'original-event': { ...client.sentMessages(op).at(-1) },
  });

describe('loading', () => {
  test('emits the rows batch by batch, in order, and then completes', async () => {
    await subscribe();
    expect(client.sentMessages('start-sync')).toMatchObject([{ q: query }]);
    await startOk();
    await batch(entity(1), entity(2));
    await batch(entity(3));
    await finish(10);
    const all = [1, 2, 3].map((n) => ({ id: `g${n}`, title: `goal ${n}`, rank: n }));
    expect(events).toEqual([
      { type: 'InitialSyncBatch', data: { goals: all.slice(0, 2) }, batch: all.slice(0, 2) },
      { type: 'InitialSyncBatch', data: { goals: all }, batch: all.slice(2) },
      { type: 'InitialSyncComplete', data: { goals: all } },
    ]);
  });

  test('sorts rows by the query’s order while loading and after changes', async () => {
    await subscribe({ goals: { $: { order: { rank: 'desc' } } } });
    await startOk();
    await batch(entity(2), entity(4), entity(1), entity(3));
    await finish(10);
    const shown = (): unknown[] => (events.at(-1)?.data['goals'] ?? []).map(({ id }) => id);
    expect(shown()).toEqual(['g4', 'g3', 'g2', 'g1']);
    const rank = (n: number, to: number) => added([`g${n}`, rankAttr, to, n]);
    await client.receive(update({ 'tx-id': 11, changes: [rank(1, 9), rank(3, 0), rank(1, 8)] }));
    expect(shown()).toEqual(['g1', 'g4', 'g2', 'g3']);
    await client.receive(update({ 'tx-id': 12, changes: [...entity(4).map(removed), ...entity(5).map(added)] }));
    expect(shown()).toEqual(['g1', 'g5', 'g2', 'g3']);
    await client.receive(update({ 'tx-id': 13, changes: entity(4, 'again', 1).map(added) }, { 'tx-id': 14, changes: [rank(2, 1)] }));
    expect(shown()).toEqual(['g1', 'g5', 'g4', 'g2', 'g3']);
  });

  test('an empty namespace', async () => {
    await subscribe();
    await startOk();
    await finish(0);
    expect(events).toEqual([{ type: 'InitialSyncComplete', data: { goals: [] } }]);
    await client.receive(update({ 'tx-id': 1, changes: entity(1).map(added) }));
    expect(events[1]).toMatchObject({ added: [{ id: 'g1' }] });
  });

  test('applies updates received while loading after the load', async () => {
    await subscribe();
    await startOk();
    await batch(entity(1));
    await client.receive(update(retitle(9, 1, 'goal 1', 'old'), retitle(11, 1, 'goal 1', 'new')));
    await finish(10);
    expect(events.map(({ type }) => type)).toEqual(['InitialSyncBatch', 'InitialSyncComplete', 'SyncTransaction']);
    expect(titles(events.at(-1))).toEqual(['new']);
  });

  test('restarts a load that was interrupted', async () => {
    await subscribe();
    await startOk();
    await batch(entity(1), entity(2));
    await reconnect();
    expect([client.sentMessages('start-sync').length, client.sentMessages('resync-table')]).toEqual([1, []]);
    await startOk();
    await batch(entity(2));
    await finish(12);
    expect(titles(events.at(-1))).toEqual(['goal 2']);
  });

  test('emits a rejection with its details, and retries in the next session', async () => {
    await subscribe();
    await reject('start-sync');
    expect(events).toEqual([
      { type: 'Error', data: { goals: [] }, error: { message: 'no', type: 'validation-failed', status: 400, hint: { why: 'not now' } } },
    ]);
    await reconnect();
    expect([client.sentMessages('start-sync').length, client.errors]).toEqual([1, []]);
  });

  test('retries after a temporary rejection on the same connection, without an event', async () => {
    await subscribe();
    await reject('start-sync', 'rate-limited');
    await client.clock.advance(1_000);
    expect([client.sentMessages('start-sync').length, events]).toEqual([2, []]);
  });

  test('rejects a query with more than a namespace and its order at once', () => {
    const request = (requested: object) => () => tables.subscribe(requested as never, () => {});
    const rejected = expect.objectContaining({
      code: 'query-invalid',
      message: expect.stringContaining('one namespace and at most an order'),
    });
    expect(request({})).toThrow(rejected);
    expect(request({ goals: {}, todos: {} })).toThrow(rejected);
    expect(request({ goals: 7 })).toThrow(rejected);
    expect(request({ goals: { todos: {} } })).toThrow(rejected);
    expect(request({ goals: { $: [] } })).toThrow(rejected);
    expect(request({ goals: { $: { where: { id: '1' } } } })).toThrow(rejected);
  });
});

describe('changes', () => {
  test('list added, removed and updated rows; unchanged rows keep their identity', async () => {
    await load(3);
    const changes = [...entity(4).map(added), ...entity(2).map(removed), ...retitle(11, 3, 'goal 3', 'third').changes];
    await client.receive(update({ 'tx-id': 11, changes }));
    const third = { id: 'g3', title: 'third', rank: 3 };
    const goal = (n: number) => ({ id: `g${n}`, title: `goal ${n}`, rank: n });
    expect(events).toEqual([
      {
        type: 'SyncTransaction',
        data: { goals: [goal(1), third, goal(4)] },
        added: [goal(4)],
        removed: [goal(2)],
        updated: [{ oldEntity: goal(3), newEntity: third, changedFields: { title: { oldValue: 'goal 3', newValue: 'third' } } }],
      },
    ]);
    await client.receive(update(retitle(12, 1, 'goal 1', 'first')));
    const [first, second] = events.map(({ data }) => data['goals']);
    expect([second?.[1] === first?.[1], second?.[2] === first?.[2]]).toEqual([true, true]);
  });

  test('W-35: removing goals 3 and 11 removes no other rows', async () => {
    await load(12);
    await client.receive(update({ 'tx-id': 11, changes: [...entity(3), ...entity(11)].map(removed) }));
    expect(titles(events.at(-1))).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 12].map((n) => `goal ${n}`));
  });

  test('an entity that loses its id triple is removed, whatever other triples are left', async () => {
    await load(2);
    await client.receive(update({ 'tx-id': 11, changes: [removed(['g1', idAttr, 'g1', 1])] }));
    expect(events[0]).toMatchObject({ removed: [{ id: 'g1' }] });
    expect(titles(events[0])).toEqual(['goal 2']);
  });

  test('a transaction is not applied twice', async () => {
    await load(1);
    await client.receive(update(retitle(11, 1, 'goal 1', 'a')));
    await client.receive(update(retitle(11, 1, 'a', 'b'), retitle(10, 1, 'a', 'c')));
    expect([events.length, titles(events[0])]).toEqual([1, ['a']]);
  });

  test('a changed row moves to its place in the order', async () => {
    await subscribe({ goals: { $: { order: { rank: 'desc' } } } });
    await startOk();
    await batch(entity(3), entity(2), entity(1));
    await finish(10);
    await client.receive(update({ 'tx-id': 11, changes: [removed(['g1', rankAttr, 1, 1]), added(['g1', rankAttr, 9, 1])] }));
    expect(titles(events.at(-1))).toEqual(['goal 1', 'goal 3', 'goal 2']);
  });

  test('W-35: a new attribute is shown as soon as the client receives it', async () => {
    await load(1);
    const done = blob(4, 'done');
    await client.receive({ op: 'refresh-ok', computations: [], attrs: [...attrs, done] });
    await client.receive(update({ 'tx-id': 11, changes: [added(['g1', done.id, true, 11])] }));
    expect(events[0]).toMatchObject({ updated: [{ changedFields: { done: { oldValue: undefined, newValue: true } } }] });
  });

  test('date values are Date objects if useDates is set', async () => {
    const due = blob(4, 'due', { 'checked-data-type': 'date' });
    await client.receive({ op: 'refresh-ok', computations: [], attrs: [...attrs, due] });
    await subscribe();
    await startOk();
    await batch([...entity(1), ['g1', due.id, '2026-07-01', 1]]);
    expect(events[0]?.data['goals']?.[0]?.['due']).toEqual(new Date('2026-07-01'));
  });
});

describe('resuming', () => {
  test('a reconnected client resumes from its last transaction, without events', async () => {
    await load(2);
    await client.receive(update(retitle(14, 1, 'goal 1', 'a')));
    await reconnect();
    expect(client.sentMessages('resync-table')).toEqual([
      { op: 'resync-table', 'client-event-id': subscription, 'subscription-id': subscription, 'tx-id': 14, token },
    ]);
    await client.receive(update(retitle(15, 1, 'a', 'b')));
    expect(titles(events.at(-1))).toEqual(['b', 'goal 2']);
  });

  test.each(['validation-failed', 'record-not-found'])(
    'W-35: if the server’s log does not reach back far enough (%s), the whole table is loaded again',
    async (type) => {
      await load(2);
      await reconnect();
      await reject('resync-table', type);
      expect(client.sentMessages('start-sync')).toHaveLength(1);
      await startOk('5b000000-0000-4000-8000-000000000002');
      await client.receive({ op: 'sync-load-batch', 'subscription-id': '5b000000-0000-4000-8000-000000000002', 'join-rows': [entity(5)] });
      await client.receive({ op: 'sync-init-finish', 'subscription-id': '5b000000-0000-4000-8000-000000000002', 'tx-id': 20 });
      expect([titles(events.at(-1)), client.errors]).toEqual([['goal 5'], []]);
      expect((await store.list('sync-table/')).length).toBe(2);
    },
  );

  test('a restarted client shows the stored table before it connects', async () => {
    await load(3);
    await client.receive(update({ 'tx-id': 11, changes: [...entity(2).map(removed), ...retitle(11, 3, 'goal 3', 'third').changes] }));
    client.reactor.shutdown();
    await start();
    await subscribe();
    expect([events.map(({ type }) => type), titles(events[0])]).toEqual([['LoadFromStorage'], ['goal 1', 'third']]);
    await client.receive(initOk);
    expect(client.sentMessages('resync-table')).toMatchObject([{ 'subscription-id': subscription, 'tx-id': 11, token }]);
    expect(client.sentMessages('start-sync')).toEqual([]);
    await client.receive(update(retitle(12, 1, 'goal 1', 'first')));
    expect(titles(events.at(-1))).toEqual(['first', 'third']);
  });

  test('a change writes only the changed records to the store', async () => {
    await load(100);
    const write = vi.spyOn(store, 'write');
    await client.receive(update(retitle(11, 7, 'goal 7', 'seventh')));
    expect(write.mock.calls.map(([edits]) => edits.length)).toEqual([2]);
  });

  test('invalid stored records are deleted', async () => {
    await load(1);
    const [record] = await store.list('sync-table/');
    await store.write([{ put: record?.[0].replace(/row.*|state$/, 'state') ?? '', value: { txId: 1 } }]);
    client.reactor.shutdown();
    await start();
    await subscribe();
    await client.receive(initOk);
    expect([events, client.sentMessages('start-sync').length, await store.list('sync-table/')]).toEqual([[], 1, []]);
  });

  test('a user does not see the table stored for another', async () => {
    await load(2);
    const ann = { id: 'ann', refresh_token: 'f0000000-0000-4000-8000-000000000001', isGuest: false };
    await client.reactor.account.setUser(ann);
    await settled();
    await client.receive(initOk);
    expect([client.sentMessages('resync-table'), client.sentMessages('start-sync').length]).toEqual([[], 1]);
    expect((await store.list('sync-table//')).length).toBe(3);
  });
});

describe('two tabs', () => {
  test('each tab has its own subscription; one tab stores the table, and the next start resumes from it', async () => {
    const browser = new FakeBrowser();
    client.reactor.shutdown();
    await start(browser.tab());
    await client.receive(initOk);
    await load(2);
    const first = client;
    const cached = await store.list('sync-table/');

    await start(browser.tab());
    await client.receive(initOk);
    const stop = await subscribe();
    expect([events.map(({ type }) => type), titles(events[0])]).toEqual([['LoadFromStorage'], ['goal 1', 'goal 2']]);
    expect([client.sentMessages('resync-table'), client.sentMessages('start-sync').length]).toEqual([[], 1]);
    const other = '5b000000-0000-4000-8000-000000000002';
    await startOk(other);
    await client.receive({ op: 'sync-load-batch', 'subscription-id': other, 'join-rows': [entity(1)] });
    await client.receive({ op: 'sync-init-finish', 'subscription-id': other, 'tx-id': 11 });
    expect(titles(events.at(-1))).toEqual(['goal 1']);
    await client.receive({ op: 'sync-update-triples', 'subscription-id': other, txes: [retitle(12, 1, 'goal 1', 'new')] });
    expect(titles(events.at(-1))).toEqual(['new']);
    expect(await store.list('sync-table/')).toEqual(cached);

    await first.receive(update(retitle(12, 1, 'goal 1', 'new')));
    expect(titles(events.at(-1))).toEqual(['new', 'goal 2']);
    stop();
    await settled();
    expect(client.sentMessages('remove-sync')).toMatchObject([{ 'subscription-id': other, 'keep-subscription': false }]);
    expect((await store.list('sync-table/')).length).toBe(cached.length);
    client.reactor.shutdown();
    first.reactor.shutdown();

    await start(browser.tab());
    await client.receive(initOk);
    await subscribe();
    expect(titles(events[0])).toEqual(['new', 'goal 2']);
    expect(client.sentMessages('resync-table')).toMatchObject([{ 'subscription-id': subscription, 'tx-id': 12 }]);
  });
});

describe('unsubscribing', () => {
  test('when the last listener stops, the subscription ends and the stored table is deleted', async () => {
    const stop = await load(2);
    const other = await subscribe();
    expect(events.map(({ type }) => type)).toEqual(['LoadFromStorage']);
    stop();
    await settled();
    expect(client.sentMessages('remove-sync')).toEqual([]);
    other();
    other();
    await settled();
    expect(client.sentMessages('remove-sync')).toMatchObject([{ 'subscription-id': subscription, 'keep-subscription': false }]);
    expect(await store.list('sync-table/')).toEqual([]);
    await client.receive(update(retitle(11, 1, 'goal 1', 'a')));
    expect(events).toHaveLength(1);
  });

  test('the next listener resumes a subscription that was kept', async () => {
    const stop = await load(2);
    stop({ keepSubscription: true });
    await settled();
    expect(client.sentMessages('remove-sync')).toMatchObject([{ 'keep-subscription': true }]);
    await subscribe();
    expect([events.map(({ type }) => type), client.sentMessages('resync-table').length]).toEqual([['LoadFromStorage'], 1]);
  });

  test('a table whose listener stopped before the server responded is removed on the server', async () => {
    const stop = await subscribe();
    const eventId = client.sentMessages('start-sync')[0]?.['client-event-id'] ?? '';
    stop();
    await settled();
    await client.receive({ op: 'start-sync-ok', 'client-event-id': eventId, q: query, 'subscription-id': subscription, token });
    expect(client.sentMessages('remove-sync')).toMatchObject([{ 'subscription-id': subscription, 'keep-subscription': false }]);
  });

  test('a listener that stops before the subscription starts receives no events', async () => {
    const stop = tables.subscribe(query, (event) => events.push(event));
    stop();
    await settled();
    expect([client.sentMessages('start-sync'), events]).toEqual([[], []]);
  });
});
