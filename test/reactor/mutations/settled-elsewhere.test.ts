// Writes that are still stored as waiting although they were settled: the tab that was to store the outcome was closed before it did, or another
// stored the write once more. And what a tab says of writes while it reads them.

import { describe, expect, test } from 'vitest';

import { memoryStore } from '../../../src/storage/memory.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import { id } from '../../../src/lib/uuid.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import type { User } from '../../../src/types/auth.ts';
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../../support/goals.ts';

const bob: User = { id: '0b000000-0000-4000-8000-00000000000b', refresh_token: 't', isGuest: false };

interface Tabs {
  readonly leader: TestClient;
  readonly other: TestClient;
  readonly store: KeyValue;
}

/** Two tabs with one store. A write that the first sends; the other has it too. */
async function openTabs(): Promise<Tabs & { readonly eventId: string }> {
  const browser = new FakeBrowser();
  const store = { ...memoryStore(), close: () => {} };
  const [leader, other] = [testClient({ store, tabs: browser.tab() }), testClient({ store, tabs: browser.tab() })];
  await settled();
  for (const tab of [leader, other]) await tab.receive(initOk());
  leader.reactor.writes.transact(chunk('update', goalId(1), { title: 'run' })).catch(() => {});
  await settled();
  const [sent] = leader.sentMessages('transact');
  return { leader, other, store, eventId: String(sent?.['client-event-id']) };
}

const refusal = (eventId: string): ServerMessage => ({
  op: 'error',
  status: 400,
  type: 'permission-denied',
  message: 'no',
  'client-event-id': eventId,
});

/** The user changes and changes back, in the tab that remains. */
async function signInAndOut({ reactor }: TestClient): Promise<void> {
  await reactor.account.setUser(bob);
  await reactor.account.setUser(undefined);
  await settled();
}

/** The store is as it was before the tab that sends stored the outcome, and that tab is gone. */
async function crash({ leader, store }: Tabs, before: readonly (readonly [string, unknown])[]): Promise<void> {
  leader.reactor.shutdown();
  await settled();
  const now = await store.list('');
  await store.write([...now.map(([key]) => ({ remove: key })), ...before.map(([put, value]) => ({ put, value }))]);
}

describe('a write that is stored as waiting, when its user comes back', () => {
  test('and was confirmed: it is loaded as confirmed, shown until a result has it, and then removed', async () => {
    const tabs = await openTabs();
    const before = await tabs.store.list('');
    await tabs.leader.receive({ op: 'transact-ok', 'client-event-id': tabs.eventId, 'tx-id': 7 });
    await settled();
    await crash(tabs, before);
    const shown = listener();
    tabs.other.reactor.queries.subscribe(goalsQuery, shown);
    await signInAndOut(tabs.other);
    expect(tabs.other.reactor.outbox.list()).toMatchObject([{ eventId: tabs.eventId, state: 'acknowledged' }]);
    await tabs.other.receive(initOk());
    await tabs.other.receive(addQueryOk([], 6));
    expect(shown.last?.data['goals']).toMatchObject([{ title: 'run' }]);
    await tabs.other.receive(addQueryOk([{ id: goalId(1), title: 'run' }], 7));
    await tabs.other.clock.advance(6_000);
    await tabs.other.reactor.close();
    expect([tabs.other.sentMessages('transact'), await tabs.store.list('write/')]).toEqual([[], []]);
  });

  test('and was rejected, which nobody stored: it is sent once more, for the server to repeat its answer', async () => {
    const tabs = await openTabs();
    const before = await tabs.store.list('');
    await tabs.leader.receive(refusal(tabs.eventId));
    await settled();
    await crash(tabs, before);
    await signInAndOut(tabs.other);
    await tabs.other.receive(initOk());
    expect(tabs.other.sentMessages('transact')).toMatchObject([{ 'client-event-id': tabs.eventId }]);
    await tabs.other.receive(refusal(tabs.eventId));
    expect(tabs.other.reactor.outbox.list()).toMatchObject([{ eventId: tabs.eventId, state: 'rejected' }]);
    tabs.other.reactor.shutdown();
  });

  test('and is stored as rejected too: it is listed as that, and its other record is removed', async () => {
    const tabs = await openTabs();
    const before = await tabs.store.list('write/');
    await tabs.leader.receive(refusal(tabs.eventId));
    await settled();
    await tabs.store.write(before.map(([put, value]) => ({ put, value })));
    await signInAndOut(tabs.leader);
    expect(tabs.leader.reactor.outbox.list()).toMatchObject([{ eventId: tabs.eventId, state: 'rejected' }]);
    expect(await tabs.store.list('write/')).toEqual([]);
    for (const tab of [tabs.leader, tabs.other]) tab.reactor.shutdown();
  });

  test('and was discarded: it is removed, and not sent', async () => {
    const tabs = await openTabs();
    const before = await tabs.store.list('write/');
    await tabs.leader.receive(refusal(tabs.eventId));
    await settled();
    tabs.leader.reactor.outbox.discard(tabs.eventId);
    await settled();
    await tabs.store.write(before.map(([put, value]) => ({ put, value })));
    await signInAndOut(tabs.leader);
    await tabs.leader.receive(initOk());
    expect([tabs.leader.sentMessages('transact'), await tabs.store.list('write/')]).toEqual([[], []]);
    for (const tab of [tabs.leader, tabs.other]) tab.reactor.shutdown();
  });
});

test('a rejection that a tab is still reading is not gone', async () => {
  const browser = new FakeBrowser();
  const kept = { ...memoryStore(), close: () => {} };
  const slow: KeyValue = { ...kept };
  const [leader, other] = [testClient({ store: slow, tabs: browser.tab() }), testClient({ store: kept, tabs: browser.tab() })];
  await settled();
  for (const tab of [leader, other]) await tab.receive(initOk());
  leader.reactor.writes.transact(chunk('update', id(), { title: 'run' })).catch(() => {});
  await settled();
  const eventId = String(leader.sentMessages('transact')[0]?.['client-event-id']);
  await leader.receive(refusal(eventId));
  await settled();
  await leader.reactor.account.setUser(bob);
  await settled();
  const answers: (() => void)[] = [];
  slow.list = (prefix) => new Promise((resolve) => answers.push(() => resolve(kept.list(prefix))));
  // The other tab has read the rejection, and asks the one that sends, which reads it.
  void leader.reactor.account.setUser(undefined);
  await settled();
  await settled();
  expect(other.reactor.outbox.list()).toMatchObject([{ eventId, state: 'rejected' }]);
  while (answers.length > 0) {
    answers.shift()?.();
    await settled();
  }
  for (const tab of [leader, other]) {
    expect(tab.reactor.outbox.list()).toMatchObject([{ eventId, state: 'rejected' }]);
    tab.reactor.shutdown();
  }
});
