// A cached result, at a server that has the same attributes under other ids: an app that moved, or one that was set up anew.

import { expect, test } from 'vitest';

import { memoryStore } from '../../../src/storage/memory.ts';
import records from '../../data/kept-records.json' with { type: 'json' };
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { chunk, type Goal, goalAttrs, goalId, goalsQuery, initOk } from '../../support/goals.ts';

const moved = goalAttrs.map((attr) => ({ ...attr, id: attr.id.replace('a7', 'b7') }));
const isCached = (key: string): boolean => !key.startsWith('write/') && !key.startsWith('refused/');
/** As what another client left on the device. */
const unsynced = (value: unknown): unknown => (value as object[]).map((attr) => ({ ...attr, isUnsynced: true }));

async function cachedClient(browser: FakeBrowser): Promise<{ client: TestClient; seen: ReturnType<typeof listener> }> {
  const store = memoryStore();
  const cached = (records as [string, unknown][]).filter(([key]) => isCached(key));
  await store.write(cached.map(([put, value]) => ({ put, value: put === 'attrs' ? unsynced(value) : value })));
  const client = testClient({ store, tabs: browser.tab() });
  const seen = listener();
  client.reactor.queries.subscribe(goalsQuery, seen);
  await settled();
  return { client, seen };
}

const titlesIn = (seen: ReturnType<typeof listener>): (string | undefined)[][] =>
  seen.results.map(({ data }) => (data['goals'] as Goal[]).map(({ title }) => title).sort());

test('a cached result is shown unchanged until the server has responded', async () => {
  const { client, seen } = await cachedClient(new FakeBrowser());
  const before = structuredClone(seen.last?.data['goals'] as Goal[]);
  expect(before.map(({ title }) => title)).toContain('one!');
  await client.receive(initOk({ attrs: moved }));
  for (const { data } of seen.results) expect(data['goals']).toEqual(before);
  await client.reactor.close();
});

test('a cached result is shown unchanged in a tab that receives a confirmation before the attributes', async () => {
  const browser = new FakeBrowser();
  const [one, other] = [await cachedClient(browser), await cachedClient(browser)];
  await one.client.reactor.writes.transact(chunk('update', goalId(7), { title: 'new' })).queued;
  await settled();
  const [before] = titlesIn(other.seen).slice(-1);
  expect(before).toContain('new');
  await one.client.receive(initOk({ attrs: moved }));
  const [sent] = one.client.sentMessages('transact');
  await one.client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'] ?? '', 'tx-id': 9 });
  expect(other.client.reactor.outbox.list().map(({ state }) => state)).toEqual(['acknowledged']);
  await other.client.receive(initOk({ attrs: moved }));
  for (const titles of titlesIn(other.seen).slice(1)) expect(titles).toEqual(before);
  await one.client.reactor.close();
  await other.client.reactor.close();
});
