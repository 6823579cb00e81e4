// Writes that are read from the disk, or come from another tab, after the server has sent its attrs: they are put in the terms of these attrs like
// writes that were there before.

import { expect, test } from 'vitest';

import type { KeyValue } from '../../../src/storage/key-value.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { listener, testClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import { addQueryOk, attrIds, chunk, goalId, goalsQuery, initOk, refreshOk } from '../../support/goals.ts';

const ann = { id: '0a000000-0000-4000-8000-00000000000a', refresh_token: 'f0000000-0000-4000-8000-000000000001', isGuest: false };

/** Ann's device: she wrote before she ever saw the server's attrs, and signed out. */
async function diskWithWrite(): Promise<KeyValue> {
  const kept = memoryStore();
  const before = testClient({ store: { ...kept, close: () => {} } }, () => {});
  await settled();
  await before.reactor.account.setUser(ann);
  void before.reactor.writes.transact(chunk('update', goalId(1), { title: 'of Ann' }));
  await settled();
  await before.reactor.account.setUser(undefined);
  await before.reactor.close();
  return kept;
}

test('no write is sent before the earlier ones of its user are read', async () => {
  const kept = await diskWithWrite();
  const answers: (() => void)[] = [];
  const slow: KeyValue = { ...kept };
  const client = testClient({ store: slow });
  await settled();
  await client.receive(initOk());
  slow.list = (prefix) => new Promise((resolve) => answers.push(() => resolve(kept.list(prefix))));
  const signedIn = client.reactor.account.setUser(ann);
  await settled();
  await client.receive(initOk());
  void client.reactor.writes.transact(chunk('update', goalId(1), { title: 'later' }));
  await settled();
  expect(client.sentMessages('transact')).toEqual([]);
  while (answers.length > 0) {
    answers.shift()?.();
    await settled();
  }
  await signedIn;
  const titles = client.sentMessages('transact').map(({ 'tx-steps': steps }) => steps.find((step) => step[2] === attrIds.title)?.[3]);
  expect(titles).toEqual(['of Ann', 'later']);
  client.reactor.shutdown();
});

test('the result of a user who signs in is not shown without the earlier writes of that user', async () => {
  const kept = await diskWithWrite();
  const answers: (() => void)[] = [];
  const slow: KeyValue = { ...kept };
  const client = testClient({ store: slow });
  await settled();
  const shown: unknown[] = [];
  client.reactor.queries.subscribe(goalsQuery, {
    onResult: ({ data }) => shown.push((data['goals'] as { readonly title: string }[]).map(({ title }) => title)),
    onReset: () => shown.push('nothing'),
    onError: () => {},
  });
  await client.receive(initOk());
  await client.receive(addQueryOk([{ id: goalId(2), title: 'of all' }], 1));
  slow.list = (prefix) => new Promise((resolve) => answers.push(() => resolve(kept.list(prefix))));
  const signedIn = client.reactor.account.setUser(ann);
  await settled();
  await client.receive(initOk());
  await client.receive(addQueryOk([{ id: goalId(2), title: 'of all' }], 1));
  expect(shown).toEqual([['of all'], 'nothing']);
  while (answers.length > 0) {
    answers.shift()?.();
    await settled();
  }
  await signedIn;
  await settled();
  expect(shown.slice(2)).toEqual([['of all', 'of Ann']]);
  client.reactor.shutdown();
});

test('writes read after the session has opened are mapped to the attrs of the server', async () => {
  const kept = await diskWithWrite();
  let answer = (): void => {};
  const slow: KeyValue = { ...kept };
  const client = testClient({ store: slow });
  await settled();
  const shown = listener();
  client.reactor.queries.subscribe(goalsQuery, shown);
  await client.receive(initOk());
  slow.list = (prefix) => new Promise((resolve) => (answer = () => resolve(kept.list(prefix))));
  const signedIn = client.reactor.account.setUser(ann);
  await settled();
  await client.receive(initOk({ triplane: { 'deduplicates-transactions': true } }));
  await client.receive(addQueryOk([{ id: goalId(2), title: 'of the server' }], 1));
  // One list of what waits, one of what was refused, then what is kept of the query.
  for (let time = 0; time < 4; time += 1) {
    answer();
    await settled();
  }
  await signedIn;
  const goals = [...(shown.last?.data['goals'] ?? [])] as { id: string; title: string }[];
  expect(goals.sort((a, b) => a.id.localeCompare(b.id))).toEqual([
    { id: goalId(1), title: 'of Ann' },
    { id: goalId(2), title: 'of the server' },
  ]);
  const [message] = client.sentMessages('transact');
  expect(message?.['tx-steps'].map(([op, , attr]) => [op, attr])).toEqual([
    ['add-triple', attrIds.id],
    ['add-triple', attrIds.title],
  ]);
  const [[, record] = []] = await kept.list('write/');
  expect(JSON.stringify(record)).toContain(attrIds.title);
  client.reactor.shutdown();
});

test('a write that settles while the disk is being read is not loaded again', async () => {
  const kept = memoryStore();
  const slow: KeyValue = { ...kept };
  const browser = new FakeBrowser();
  const [leader, other] = [browser.tab(), browser.tab()];
  const client = testClient({ store: slow, tabs: other });
  await settled();
  await client.receive(initOk({ triplane: { 'refresh-covers-all': true } }));
  client.reactor.queries.subscribe(goalsQuery, listener());
  await client.receive(addQueryOk([], 1));
  void client.reactor.writes.transact(chunk('update', goalId(1), { title: 'mine' }));
  await settled();
  // This tab becomes the leader, and reads the disk. What it reads is on its way while it hears that the leader before had the write confirmed.
  const answers: (() => void)[] = [];
  slow.list = async (prefix) => {
    const entries = await kept.list(prefix);
    await new Promise<void>((resolve) => answers.push(resolve));
    return entries;
  };
  await leader.close();
  await settled();
  const eventId = client.reactor.state.outbox.list()[0]?.eventId ?? '';
  browser.tab().broadcast({ type: 'acknowledged', eventId, txId: 2 });
  await settled();
  await client.receive(refreshOk([{ id: goalId(1), title: 'mine' }], 2));
  for (let time = 0; time < 3; time += 1) {
    answers.shift()?.();
    await settled();
  }
  expect(client.reactor.state.outbox.list()).toEqual([]);
  expect(client.sentMessages('transact')).toEqual([]);
  client.reactor.shutdown();
});

test('a write of a user who signs in that another tab settles while the disk is being read is not loaded', async () => {
  const kept = await diskWithWrite();
  const answers: (() => void)[] = [];
  const slow: KeyValue = { ...kept };
  const browser = new FakeBrowser();
  const [leader, other] = [browser.tab(), browser.tab()];
  const client = testClient({ store: slow, tabs: other });
  await settled();
  await client.receive(initOk());
  const [[, record] = []] = await kept.list('write/');
  slow.list = async (prefix) => {
    const entries = await kept.list(prefix);
    await new Promise<void>((resolve) => answers.push(resolve));
    return entries;
  };
  const signedIn = client.reactor.account.setUser(ann);
  await settled();
  leader.broadcast({ type: 'acknowledged', eventId: (record as { eventId: string }).eventId, txId: 2 });
  await settled();
  while (answers.length > 0) {
    answers.shift()?.();
    await settled();
  }
  await signedIn;
  expect(client.reactor.outbox.list()).toEqual([]);
  client.reactor.shutdown();
});
