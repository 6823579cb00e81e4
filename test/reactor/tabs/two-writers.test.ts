// Two tabs that write at once: what one has written comes before some of what the other has, and each such write has all later ones applied again.

import { expect, test, vi } from 'vitest';

import type { Tabs } from '../../../src/reactor/tabs/tab-channel.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { testClient, type TestClient } from '../../support/client.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { chunk, goalId, initOk } from '../../support/goals.ts';

interface Scene {
  readonly client: TestClient;
  readonly other: Tabs;
  /** The ids of the writes that are here, in order. */
  readonly before: readonly string[];
  /** A write of the other tab, so many places after this tab's first. */
  record(place: number): { readonly eventId: string; readonly [field: string]: unknown };
}

/** A tab that has written, and knows 150 later writes of another tab. */
async function twoWriters(isLeader: boolean): Promise<Scene> {
  const browser = new FakeBrowser();
  const [first, second] = [browser.tab(), browser.tab()];
  const [tabs, other] = isLeader ? [first, second] : [second, first];
  const client = testClient({ tabs, store: memoryStore() });
  await settled();
  void client.reactor.writes.transact(chunk('update', goalId(99), { title: 'own' }));
  await settled();
  const { outbox } = client.reactor.state;
  const order = outbox.list()[0]?.order ?? NaN;
  const record = (place: number) => {
    const steps = [['delete-entity', goalId(Math.abs(place) % 90)]];
    return { eventId: `e${place}`, owner: '', order: order + place, steps, createdMs: 1, sends: 1 };
  };
  for (let place = 1; place <= 150; place++) other.broadcast({ type: 'write', record: record(place) });
  await settled();
  return { client, other, before: outbox.list().map(({ eventId }) => eventId), record };
}

test('earlier writes of another tab are applied together, and sent in their order', async () => {
  const { client, other, before, record } = await twoWriters(true);
  const { outbox } = client.reactor.state;
  expect(before).toHaveLength(151);
  const load = vi.spyOn(outbox, 'load');
  for (let place = -100; place < 0; place++) other.broadcast({ type: 'write', record: record(place) });
  // After all others; it must not overtake those that wait.
  other.broadcast({ type: 'write', record: record(200) });
  await settled();
  expect(load).toHaveBeenCalledTimes(0);
  await client.clock.advance(20);
  expect(load).toHaveBeenCalledTimes(1);
  const expected = [...Array.from({ length: 100 }, (_, at) => `e${at - 100}`), ...before, 'e200'];
  expect(outbox.list().map(({ eventId }) => eventId)).toEqual(expected);
  await client.receive(initOk());
  expect(client.sentMessages('transact').map((message) => message['client-event-id'])).toEqual(expected);
  client.reactor.shutdown();
});

test('what becomes of such a write does not overtake it', async () => {
  const { client, other, before, record } = await twoWriters(false);
  for (const place of [-3, -2, -1]) other.broadcast({ type: 'write', record: record(place) });
  const reason = { status: 400, body: { type: 'validation-failed', message: 'No' } };
  other.broadcast({ type: 'rejected', record: { ...record(-3), reason, rejectedAtMs: 1 } });
  other.broadcast({ type: 'gone', eventIds: ['e-2'] });
  await settled();
  await client.clock.advance(20);
  expect(client.reactor.state.outbox.list().map(({ eventId }) => eventId)).toEqual(['e-1', ...before]);
  expect([...client.reactor.state.rejections.keys()]).toEqual(['e-3']);
  client.reactor.shutdown();
});
