// A write that only its receipt confirms has no position in the log: the server is asked for a later one, or older results would pass for ones
// that contain the write.

import { expect, test } from 'vitest';

import { receiptEtype } from '../../../src/reactor/mutations/receipts.ts';
import type { ErrorMessage } from '../../../src/protocol/server-error.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { listener, testClient, type TestClient } from '../../support/client.ts';
import { Dialogue, type WriteLog } from '../../support/dialogue.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../../support/goals.ts';

const hint = { 'record-type': 'triple', etype: receiptEtype, label: 'eventId' };
const applied = (eventId: string): ErrorMessage => ({
  op: 'error',
  status: 400,
  type: 'record-not-unique',
  message: 'taken',
  hint,
  'client-event-id': eventId,
});

/** The confirmation of a write was lost, and the repeat is refused for its receipt. */
async function repeated(): Promise<{ dialogue: Dialogue; write: WriteLog; seen: Awaited<ReturnType<Dialogue['subscribe']>> }> {
  const dialogue = await Dialogue.ready({ receipts: true });
  const seen = await dialogue.subscribe();
  await dialogue.receive(addQueryOk([], 10));
  const write = await dialogue.create(goalId(1), { title: 'mine' });
  await dialogue.drop();
  return { dialogue, write, seen };
}

test('a result of the session that is older than the write does not hide it', async () => {
  const { dialogue, write, seen } = await repeated();
  // The first sending still waited at the server when this was computed.
  await dialogue.receive(addQueryOk([], 10), applied(write.eventId));
  await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 12 });
  expect([write.outcome, seen.results.at(-1)?.data['goals']]).toEqual(['synced', [{ id: goalId(1), title: 'mine' }]]);
  await dialogue.client.clock.advance(0);
  // The query is asked again at once: no refresh follows a transaction that changes nothing.
  expect(dialogue.ops.slice(-2)).toEqual(['remove-query', 'add-query']);
  await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'mine' }], 12));
  expect(dialogue.client.reactor.outbox.list()).toEqual([]);
});

test('without the position, it is asked for again over the next connection; the write itself is not sent again', async () => {
  const { dialogue, write } = await repeated();
  await dialogue.receive(applied(write.eventId));
  dialogue.channel.on.closed({ code: 1012, reason: 'the server restarts' });
  await dialogue.nextChannelSoon();
  await dialogue.open();
  expect(dialogue.sentMessages('transact').map((message) => message['tx-steps'])).toEqual([[]]);
  await dialogue.receive({ op: 'error', status: 500, type: 'timeout', message: 'busy', 'client-event-id': write.eventId });
  await dialogue.wait(60_000);
  expect(dialogue.sentMessages('transact').map((message) => message['tx-steps'])).toEqual([[], []]);
  await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 12 });
  expect(write.outcome).toBe('synced');
});

test('a server that refuses to tell a position does not keep the write waiting', async () => {
  const { dialogue, write } = await repeated();
  await dialogue.receive(applied(write.eventId));
  await dialogue.receive({ op: 'error', status: 400, type: 'validation-failed', message: 'no steps', 'client-event-id': write.eventId });
  expect(write.outcome).toBe('synced');
});

test('other tabs are told the position: one with an older result goes on showing the write', async () => {
  const browser = new FakeBrowser();
  const store = { ...memoryStore(), close: () => {} };
  const open = (): TestClient => testClient({ receipts: true, store, tabs: browser.tab() });
  const [sender, other] = [open(), open()];
  await settled();
  const shown = listener();
  sender.reactor.queries.subscribe(goalsQuery, listener());
  other.reactor.queries.subscribe(goalsQuery, shown);
  for (const tab of [sender, other]) await tab.receive(initOk());
  for (const tab of [sender, other]) await tab.receive(addQueryOk([], 10));
  sender.reactor.writes.transact(chunk('create', goalId(1), { title: 'mine' })).catch(() => {});
  await settled();
  const eventId = String(sender.sentMessages('transact')[0]?.['client-event-id']);
  await sender.receive(applied(eventId));
  await sender.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 12 });
  await settled();
  expect(shown.last?.data['goals']).toMatchObject([{ title: 'mine' }]);
  expect(await store.list('write/')).toMatchObject([[expect.any(String), { txId: 12 }]]);
  for (const tab of [sender, other]) tab.reactor.shutdown();
});
