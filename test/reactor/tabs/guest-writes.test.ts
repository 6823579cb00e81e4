// A guest becomes a user in one tab while another tab still stores what the guest wrote there: the write is the user's, and goes out now.

import { expect, test } from 'vitest';

import type { KeyValue } from '../../../src/storage/key-value.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { testClient, type TestClient } from '../../support/client.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { chunk, goalId, initOk } from '../../support/goals.ts';

const guest = { id: '0a000000-0000-4000-8000-00000000000a', refresh_token: 'f0000000-0000-4000-8000-000000000001', isGuest: true };
const ann = { id: '0a000000-0000-4000-8000-00000000000b', refresh_token: 'f0000000-0000-4000-8000-000000000002', isGuest: false };

interface Tab {
  readonly client: TestClient;
  /** While it is set, the writes of this tab to the store wait. */
  hold: boolean;
  release(): Promise<void>;
}

function openTab(browser: FakeBrowser, kept: KeyValue): Tab {
  const waiting: (() => void)[] = [];
  const store: KeyValue = { ...kept, close: () => {} };
  const tab: Tab = {
    client: testClient({ tabs: browser.tab(), store }),
    hold: false,
    release: async () => {
      tab.hold = false;
      for (const go of waiting.splice(0)) go();
      await settled();
    },
  };
  store.write = async (edits) => {
    if (tab.hold) await new Promise<void>((go) => waiting.push(go));
    return kept.write(edits);
  };
  return tab;
}

async function guestTabs() {
  const kept = memoryStore();
  const browser = new FakeBrowser();
  const [first, second] = [openTab(browser, kept), openTab(browser, kept)];
  await settled();
  await first.client.reactor.account.setUser(guest);
  await settled();
  for (const { client } of [first, second]) await client.receive(initOk());
  expect(second.client.reactor.state.session.owner).toBe(guest.id);
  return { kept, first, second };
}

const sentBy = ({ client }: Tab): string[] => client.sentMessages('transact').map((message) => JSON.stringify(message['tx-steps']));
const states = ({ client }: Tab): string[] => client.reactor.outbox.list().map(({ state }) => state);

test.each(['first', 'second'] as const)('a write that the %s tab is storing when the guest is upgraded in the other', async (which) => {
  const { kept, ...tabs } = await guestTabs();
  const [writer, upgrader] = [tabs[which], tabs[which === 'first' ? 'second' : 'first']];
  writer.hold = true;
  const write = writer.client.reactor.writes.transact(chunk('create', goalId(1), { title: 'as a guest' }));
  write.settled.catch(() => {});
  await settled();
  await upgrader.client.reactor.account.setUser(ann, guest);
  await settled();
  await writer.release();
  for (const { client } of [tabs.first, tabs.second]) await client.receive(initOk());
  await settled();
  expect([sentBy(tabs.first), sentBy(tabs.second)]).toEqual([[expect.stringContaining('as a guest')], []]);
  expect([states(tabs.first), states(tabs.second)]).toEqual([['inflight'], ['pending']]);
  expect((await kept.list('write/')).map(([key]) => key.split('/')[1])).toEqual([ann.id]);
  expect([...writer.client.errors, ...upgrader.client.errors]).toEqual([]);
  for (const { client } of [tabs.first, tabs.second]) client.reactor.shutdown();
});

test('a write that is stored by the same tab while it upgrades its guest', async () => {
  const { kept, first, second } = await guestTabs();
  first.hold = true;
  const write = first.client.reactor.writes.transact(chunk('create', goalId(1), { title: 'as a guest' }));
  write.settled.catch(() => {});
  await settled();
  const upgraded = first.client.reactor.account.setUser(ann, guest);
  await settled();
  await first.release();
  await upgraded;
  await settled();
  for (const { client } of [first, second]) await client.receive(initOk());
  expect(sentBy(first)).toEqual([expect.stringContaining('as a guest')]);
  expect([states(first), states(second)]).toEqual([['inflight'], ['pending']]);
  expect((await kept.list('write/')).map(([key]) => key.split('/')[1])).toEqual([ann.id]);
  for (const { client } of [first, second]) client.reactor.shutdown();
});

test('a write of a user who was no guest stays theirs', async () => {
  const { kept, first, second } = await guestTabs();
  second.hold = true;
  second.client.reactor.writes.transact(chunk('create', goalId(1), { title: 'of the other' })).settled.catch(() => {});
  await settled();
  await first.client.reactor.account.setUser(ann);
  await settled();
  await second.release();
  for (const { client } of [first, second]) await client.receive(initOk());
  expect([sentBy(first), sentBy(second), states(first), states(second)]).toEqual([[], [], [], []]);
  expect((await kept.list('write/')).map(([key]) => key.split('/')[1])).toEqual([guest.id]);
  for (const { client } of [first, second]) client.reactor.shutdown();
});
