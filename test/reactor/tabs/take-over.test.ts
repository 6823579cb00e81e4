// A tab begins to send. It may have been frozen, or opened a moment ago: what became of the writes that it knows is on the disk, or among what the
// other tabs have told it meanwhile. On a server that forgets event ids, a write that it sends after its receipt was deleted is applied twice.

import { describe, expect, test } from 'vitest';

import type { TabEvents, Tabs } from '../../../src/reactor/tabs/tab-channel.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../../support/goals.ts';

/** A tab that can be frozen: what comes for it meanwhile is delivered when it is thawed, the news that it begins to send first. */
class FreezableTab implements Tabs {
  readonly #tabs: Tabs;
  #on: TabEvents | undefined;
  #leads: (() => void) | undefined;
  #messages: unknown[] = [];
  #isFrozen = false;
  isLeader = false;

  constructor(tabs: Tabs) {
    this.#tabs = tabs;
  }

  listen(on: TabEvents): void {
    this.#on = on;
    this.#tabs.listen({
      onMessage: (message) => (this.#isFrozen ? this.#messages.push(message) : on.onMessage(message)),
      onBecameLeader: () => (this.#isFrozen ? (this.#leads = () => this.#lead()) : this.#lead()),
    });
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(hearing = this.#messages): void {
    this.#isFrozen = false;
    this.#leads?.();
    for (const message of hearing) this.#on?.onMessage(message);
  }

  broadcast(message: unknown): void {
    this.#tabs.broadcast(message);
  }

  close(): void | Promise<void> {
    return this.#tabs.close();
  }

  #lead(): void {
    this.isLeader = true;
    this.#on?.onBecameLeader();
  }
}

interface World {
  readonly leader: TestClient;
  readonly other: TestClient;
  readonly tab: FreezableTab;
  readonly store: KeyValue;
}

async function openTabs(): Promise<World> {
  const browser = new FakeBrowser();
  const store = { ...memoryStore(), close: () => {} };
  const leader = testClient({ receipts: true, store, tabs: browser.tab() });
  const tab = new FreezableTab(browser.tab());
  const other = testClient({ receipts: true, store: { ...store }, tabs: tab });
  await settled();
  for (const each of [leader, other]) await each.receive(initOk());
  return { leader, other, tab, store };
}

async function update(tab: TestClient, n: number): Promise<string> {
  const before = new Set(tab.reactor.state.outbox.list().map(({ eventId }) => eventId));
  tab.reactor.writes.transact(chunk('update', goalId(n), { title: `title ${n}` })).catch(() => {});
  await settled();
  return tab.reactor.state.outbox.list().find(({ eventId }) => !before.has(eventId))?.eventId ?? '';
}

async function confirm(tab: TestClient, eventId: string, txId: number): Promise<void> {
  await tab.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': txId });
  await settled();
}

/** The steps that the tab has sent. */
const sent = (tab: TestClient): unknown[] => tab.sentMessages('transact').map((message) => message['tx-steps']);

describe('a tab that begins to send', () => {
  test('after it was frozen: it hears first what became of the writes that it hears of', async () => {
    const { leader, other, tab } = await openTabs();
    tab.freeze();
    const eventId = await update(leader, 1);
    await confirm(leader, eventId, 2);
    await leader.reactor.close();
    tab.thaw();
    await settled();
    await settled();
    expect(sent(other)).toEqual([]);
    other.reactor.shutdown();
  });

  test('and was not told of a confirmation: it is on the disk', async () => {
    const { leader, other, tab } = await openTabs();
    const shown = listener();
    other.reactor.queries.subscribe(goalsQuery, shown);
    leader.reactor.queries.subscribe(goalsQuery, listener());
    for (const each of [leader, other]) await each.receive(addQueryOk([], 1));
    const eventId = await update(leader, 1);
    tab.freeze();
    await confirm(leader, eventId, 2);
    await leader.reactor.close();
    tab.thaw([]);
    await settled();
    await settled();
    expect([sent(other), other.reactor.outbox.list()]).toMatchObject([[], [{ eventId, state: 'acknowledged' }]]);
    expect(shown.last?.data['goals']).toMatchObject([{ title: 'title 1' }]);
    other.reactor.shutdown();
  });

  test('and was not told of a confirmation, which the disk has no more: its receipt is there', async () => {
    const { leader, other, tab, store } = await openTabs();
    const eventId = await update(leader, 1);
    tab.freeze();
    await confirm(leader, eventId, 2);
    await leader.reactor.close();
    // Every stored result has the write.
    await store.write((await store.list('write/')).map(([key]) => ({ remove: key })));
    tab.thaw([]);
    await settled();
    await settled();
    expect(sent(other)).toEqual([[]]);
    await confirm(other, eventId, 3);
    expect(other.reactor.state.outbox.list().map(({ state }) => state)).toEqual([]);
    other.reactor.shutdown();
  });

  test('and reads the disk while a confirmation is stored: a write does not delete its own receipt', async () => {
    const { leader, other, tab, store } = await openTabs();
    const eventId = await update(leader, 1);
    tab.freeze();
    const [[key, record] = ['', {}]] = await store.list('write/');
    await leader.reactor.close();
    const { list } = other.reactor.config.store;
    other.reactor.config.store.list = async (prefix) => {
      const found = await list(prefix);
      const confirmed = { put: key, value: { ...(record as object), txId: 2 } };
      if (prefix === 'write//') await store.write([confirmed, { put: 'receipts/', value: [[eventId, 0]] }]);
      return found;
    };
    tab.thaw([]);
    await settled();
    await settled();
    expect(JSON.stringify(sent(other))).toContain(`write/${eventId}`);
    expect(JSON.stringify(sent(other))).not.toContain('delete-entity');
    other.reactor.shutdown();
  });
});

test('a write that another tab waits for, and nobody knows of, is sent if that tab asks once more', async () => {
  const { leader, tab } = await openTabs();
  const waiting = { eventId: 'e1', owner: '', order: 5, steps: [], createdMs: 5, sends: 1 };
  const ask = async (): Promise<void> => {
    tab.broadcast({ type: 'waiting', records: [waiting] });
    await settled();
  };
  await ask();
  await ask();
  expect(sent(leader)).toEqual([]);
  await leader.clock.advance(3_000);
  await ask();
  expect(leader.sentMessages('transact')).toMatchObject([{ 'client-event-id': 'e1' }]);
  leader.reactor.shutdown();
});

test('a write that another tab may have sent is not rejected before the server is asked whether it is applied', async () => {
  const { leader, other } = await openTabs();
  const eventId = await update(other, 1);
  expect(leader.sentMessages('transact')).toMatchObject([{ 'client-event-id': eventId }]);
  await leader.reactor.close();
  await settled();
  await settled();
  await other.receive({ op: 'error', status: 400, type: 'validation-failed', message: 'no', 'client-event-id': eventId });
  expect(other.sentMessages('transact').map((message) => message['client-event-id'])).toEqual([eventId, `claim/${eventId}`]);
  other.reactor.shutdown();
});
