// Many writes made before the attributes are known. Work is counted, not timed: a write must not go through those before it.

import { expect, it, vi } from 'vitest';

import { Attrs } from '../../../src/db/attrs.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { PendingAttrs } from '../../../src/reactor/mutations/pending-attrs.ts';
import { AppliedMutations } from '../../../src/reactor/queries/pending-in-view.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { addQueryOk, goalsQuery, initOk, refreshOk } from '../../support/goals.ts';

const writes = 500;
const idOf = (n: number): string => `90a10000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const chunkOf = (n: number): unknown => ({ __ops: [['update', 'plans', idOf(n), { title: `${n}`, size: n }]], __etype: 'plans' });

/** The same steps, and how often anything read them. */
function counted(steps: readonly Step[]): { steps: readonly Step[]; reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(steps, {
    get(target, key, receiver): unknown {
      if (key === Symbol.iterator || key === 'some' || key === 'every' || key === 'filter' || key === 'map') reads++;
      return Reflect.get(target, key, receiver);
    },
  });
  return { steps: proxy, reads: () => reads };
}

it.each([
  ['without a query', undefined],
  ['with a query on the same namespace', { plans: {} }],
  ['with a query on another namespace', goalsQuery],
])('%s, the cost of a write does not grow with the number of pending writes', async (_name, query) => {
  const client = testClient();
  await settled();
  if (query) {
    // Answered before, so that its view takes every write.
    client.reactor.queries.subscribe(query, listener());
    await client.receive(initOk({ attrs: [] }));
    await client.receive(addQueryOk([], 1, query));
    client.network.goOffline();
    client.transport.channel.on.closed({ code: 1006, reason: '' });
  }
  const { writes: api } = client.reactor;
  const first = counted(api.expand(chunkOf(0)));
  void api.write(() => first.steps).catch(() => {});
  void api.transact(chunkOf(1)).catch(() => {});
  const before = first.reads();
  const catalogs = vi.spyOn(Attrs.prototype, 'with');
  const pending = vi.spyOn(Attrs.prototype, 'replaced');
  for (let n = 2; n < writes; n++) void api.transact(chunkOf(n)).catch(() => {});
  expect(first.reads() - before).toBeLessThan(10);
  expect(catalogs.mock.calls.length).toBeLessThan(10);
  expect(pending.mock.calls.length).toBeLessThan(10);
  vi.restoreAllMocks();
  expect(client.reactor.outbox.list()).toHaveLength(writes);
  if (query && 'plans' in query) expect(client.reactor.queries.peek(query)?.data['plans']).toHaveLength(writes);
  client.reactor.shutdown();
});

it('discarding and confirming writes keeps the attributes that other writes need', async () => {
  const client = testClient();
  await settled();
  client.reactor.queries.subscribe({ plans: {} }, listener());
  await client.receive(initOk({ attrs: [] }));
  await client.receive(addQueryOk([], 1, { plans: {} }));
  for (let n = 0; n < 4; n++) void client.reactor.writes.transact(chunkOf(n)).catch(() => {});
  await settled();
  const titles = (): unknown =>
    client.reactor.queries
      .peek({ plans: {} })
      ?.data['plans']?.map((row) => (row as { title?: string }).title)
      .sort();
  expect(titles()).toEqual(['0', '1', '2', '3']);
  const [first, second] = client.reactor.outbox.list();
  client.reactor.outbox.discard(first?.eventId ?? '');
  await settled();
  expect(titles()).toEqual(['1', '2', '3']);
  await client.receive({ op: 'transact-ok', 'client-event-id': second?.eventId, 'tx-id': 5 });
  expect(titles()).toEqual(['1', '2', '3']);
  await client.receive({
    op: 'error',
    status: 400,
    type: 'permission-denied',
    message: 'no',
    'client-event-id': client.reactor.outbox.list()[1]?.eventId,
  });
  expect(titles()).toEqual(['1', '3']);
  client.reactor.shutdown();
});

it('writes to one entity that one result confirms are taken out of a view together', async () => {
  const count = 100;
  const client = testClient();
  await settled();
  client.reactor.queries.subscribe(goalsQuery, listener());
  await client.receive(initOk());
  await client.receive(addQueryOk([{ id: idOf(0), title: 'start' }], 1));
  const update = (n: number): unknown => ({ __ops: [['update', 'goals', idOf(0), { title: `${n}` }]], __etype: 'goals' });
  for (let n = 0; n < count; n++) void client.reactor.writes.transact(update(n)).catch(() => {});
  await settled();
  for (const { eventId } of client.reactor.outbox.list()) {
    await client.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 5 });
  }
  const applied = vi.spyOn(AppliedMutations.prototype, 'apply');
  await client.receive(refreshOk([{ id: idOf(0), title: `${count - 1}` }], 5));
  expect(applied.mock.calls.length).toBeLessThanOrEqual(2 * count);
  vi.restoreAllMocks();
  expect(client.reactor.outbox.list()).toEqual([]);
  expect(client.reactor.queries.peek(goalsQuery)?.data['goals']).toMatchObject([{ title: `${count - 1}` }]);
  client.reactor.shutdown();
});

it('a write of another tab costs no more for those before it', async () => {
  const browser = new FakeBrowser();
  const store = { ...memoryStore(), close: () => {} };
  const [maker, other] = [0, 1].map(() => testClient({ tabs: browser.tab(), store })) as [TestClient, TestClient];
  await settled();
  other.reactor.queries.subscribe({ plans: {} }, listener());
  await other.receive(initOk({ attrs: [] }));
  await other.receive(addQueryOk([], 1, { plans: {} }));
  const puts = vi.spyOn(PendingAttrs.prototype, 'set');
  for (let n = 0; n < writes; n++) void maker.reactor.writes.transact(chunkOf(n)).catch(() => {});
  await settled();
  expect(puts.mock.calls.length).toBeLessThan(10 * writes);
  vi.restoreAllMocks();
  expect(other.reactor.outbox.list()).toHaveLength(writes);
  expect(other.reactor.queries.peek({ plans: {} })?.data['plans']).toHaveLength(writes);
  for (const tab of [maker, other]) tab.reactor.shutdown();
});
