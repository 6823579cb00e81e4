// Several tabs of one app in one browser: one store, one sender, the same view in all of them.

import { describe, expect, it } from 'vitest';

import { listener, testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../../support/fake-tabs.ts';
import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import { addQueryOk, chunk, type Goal, goalAttrs, goalId, initOk } from '../../support/goals.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { id } from '../../../src/lib/uuid.ts';
import { lookup } from '../../../src/transact/lookup.ts';
import { eventually } from '../../support/eventually.ts';

/** One store that outlives each tab. */
function shared(): KeyValue {
  return { ...memoryStore(), close: () => {} };
}

async function openTabs(count: number): Promise<{ tabs: TestClient[]; store: KeyValue }> {
  const browser = new FakeBrowser();
  const store = shared();
  const tabs = Array.from({ length: count }, () => testClient({ tabs: browser.tab(), store }));
  await settled();
  for (const tab of tabs) await tab.receive(initOk());
  return { tabs, store };
}

function subscribed(tab: TestClient, query: WireQuery | undefined): { received: ReturnType<typeof listener> } {
  const received = listener();
  tab.reactor.queries.subscribe(query ?? {}, received);
  return { received };
}

const addGoal = (title: string): unknown => chunk('create', id(), { title });
const sends = (tab: TestClient): unknown[] =>
  tab.transport.channels.flatMap((channel) => channel.sent.filter(({ op }) => op === 'transact'));

describe('tabs', () => {
  it('one tab sends the writes of all tabs, once', async () => {
    const { tabs, store } = await openTabs(3);
    for (const [at, tab] of tabs.entries()) for (let n = 0; n < 10; n += 1) void tab.reactor.writes.transact(addGoal(`${at}/${n}`));
    await settled();
    expect(tabs.map((tab) => sends(tab).length)).toEqual([30, 0, 0]);
    expect(await store.list('write/')).toHaveLength(30);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('every tab shows a write before the server has responded, and drops it when it is rejected', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const seen = tabs.map((tab) => {
      const received = listener();
      tab.reactor.queries.subscribe({ goals: {} }, received);
      return received;
    });
    for (const tab of tabs) await tab.receive(addQueryOk([], 1));
    const write = second.reactor.writes.transact(addGoal('swim'));
    const outcome = expect(write).rejects.toThrow('no');
    await settled();
    expect(seen.map(({ last }) => last?.data['goals'])).toEqual([
      [expect.objectContaining({ title: 'swim' })],
      [expect.objectContaining({ title: 'swim' })],
    ]);

    const eventId = first.sentMessages('transact')[0]?.['client-event-id'];
    await first.receive({ op: 'error', status: 400, type: 'permission-denied', message: 'no', 'client-event-id': eventId });
    await settled();
    expect(seen.map(({ last }) => last?.data['goals'])).toEqual([[], []]);
    await outcome;
    expect(tabs.map((tab) => tab.reactor.outbox.list().map(({ state }) => state))).toEqual([['rejected'], ['rejected']]);
    // Told by its promise, in the tab that made it; nobody else is bothered.
    expect(tabs.flatMap((tab) => tab.errors)).toEqual([]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it.each([
    ['its id', goalId(1)],
    ['a value of it', lookup('title', 'swim')],
  ])('a row that one tab moves from one list to another, by %s, moves in every tab', async (_by, named) => {
    const { tabs } = await openTabs(2);
    const attrs = goalAttrs.map((attr) => ({ ...attr, 'unique?': true }));
    for (const tab of tabs) await tab.receive({ op: 'refresh-ok', computations: [], attrs, 'processed-tx-id': 1 });
    const [moved, stays] = [goalId(1), goalId(2)];
    const [todo, done] = [false, true].map((value) => ({ goals: { $: { where: { done: value } } } }));
    const seen = tabs.map((tab) => [todo, done].map((query) => ({ query, ...subscribed(tab, query) })));
    for (const tab of tabs) {
      await tab.receive(addQueryOk([{ id: moved, title: 'swim', done: false }], 1, todo));
      await tab.receive(addQueryOk([{ id: stays, title: 'run', done: true }], 1, done));
    }
    void tabs[1]?.reactor.writes.transact(chunk('update', named, { done: true }));
    await settled();
    const titles = seen.map((lists) =>
      lists.map(({ received }) => received.last?.data['goals']?.map((goal) => (goal as Goal).title).sort()),
    );
    expect(titles).toEqual([
      [[], ['run', 'swim']],
      [[], ['run', 'swim']],
    ]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a write that the leader sent with a remapped attr does not hide the next one in a tab that receives the attr later', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const received = listener();
    second.reactor.queries.subscribe({ moods: {} }, received);
    await second.receive(addQueryOk([], 1, { moods: {} }));
    const write = (mood: string): void => {
      void second.reactor.writes.transact({ __ops: [['update', 'moods', mood, { name: 'good' }]], __etype: 'moods' });
    };
    const [one, two] = [id(), id()];
    write(one);
    await settled();
    const [sent] = first.sentMessages('transact');
    // Another client had made the attrs; the sender hears of it, sends the write again, and tells that it is in place.
    const theirs = (label: string, at: number): WireAttr =>
      ({ ...goalAttrs[at], id: id(), 'forward-identity': [id(), 'moods', label] }) as WireAttr;
    const attrs = [...goalAttrs, theirs('id', 0), theirs('name', 1)];
    await first.receive({ op: 'refresh-ok', computations: [], attrs, 'processed-tx-id': 2 });
    await first.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'], 'tx-id': 3 });
    write(two);
    await settled();
    await second.receive({ op: 'refresh-ok', computations: [], attrs, 'processed-tx-id': 2 });
    expect((received.last?.data['moods'] as readonly { readonly id: string }[]).map((mood) => mood.id)).toEqual([one, two]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a write that is confirmed in one tab while another reads the disk does not stay pending in the other', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const slow: KeyValue = { ...store };
    const [first, second] = [testClient({ tabs: browser.tab(), store }), testClient({ tabs: browser.tab(), store: slow })];
    const ann = { id: id(), refresh_token: id(), isGuest: false };
    await settled();
    await first.reactor.account.setUser(ann);
    void first.reactor.writes.transact(addGoal('swim'));
    await settled();
    await first.reactor.account.setUser(undefined);
    await settled();
    const answers: (() => void)[] = [];
    slow.list = async (prefix) => {
      const entries = await store.list(prefix);
      await new Promise<void>((resolve) => answers.push(resolve));
      return entries;
    };
    await first.reactor.account.setUser(ann);
    await settled();
    await first.receive(initOk());
    await first.receive({ op: 'transact-ok', 'client-event-id': first.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 7 });
    for (let time = 0; time < 3; time += 1) {
      answers.shift()?.();
      await settled();
    }
    expect(second.reactor.state.session.owner).toBe(ann.id);
    expect(second.reactor.state.outbox.list()).toEqual([]);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('a user with whom a tab was killed, before the user was on the disk, is the user of no other tab', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const dying: KeyValue = { ...store, write: () => new Promise(() => {}) };
    const [first, second] = [testClient({ tabs: browser.tab(), store: dying }), testClient({ tabs: browser.tab(), store })];
    const [ann, bob] = [id(), id()].map((user) => ({ id: user, refresh_token: id(), isGuest: false }));
    await settled();
    await second.reactor.account.setUser(bob);
    void first.reactor.account.setUser(ann);
    await settled();
    const late = testClient({ tabs: browser.tab(), store });
    await settled();
    expect([second, late].map(({ reactor }) => reactor.state.session.user)).toEqual([bob, bob]);
    for (const tab of [first, second, late]) tab.reactor.shutdown();
  });

  it('when two tabs change the user at a time, the one that was stored last is the user of all', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const waiting: (() => void)[] = [];
    const slow: KeyValue = {
      ...store,
      write: async (ops) => (await new Promise<void>((resolve) => waiting.push(resolve)), store.write(ops)),
    };
    const tabs = [
      testClient({ tabs: browser.tab(), store: slow }),
      testClient({ tabs: browser.tab(), store }),
      testClient({ tabs: browser.tab(), store }),
    ];
    const [ann, bob] = [id(), id()].map((user) => ({ id: user, refresh_token: id(), isGuest: false }));
    await settled();
    const [first, second] = tabs as [TestClient, TestClient];
    await first.reactor.account.setUser(ann);
    await second.reactor.account.setUser(bob);
    await settled();
    while (waiting.length > 0) {
      waiting.shift()?.();
      await settled();
    }
    expect(tabs.map(({ reactor }) => reactor.state.session.user)).toEqual([ann, ann, ann]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a user whom a tab stored, before it was killed and had told nobody, is the user of all tabs', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const silent: KeyValue = { ...store, write: async (ops) => (await store.write(ops), new Promise<void>(() => {})) };
    const killed = browser.tab();
    const [first, second] = [testClient({ tabs: killed, store: silent }), testClient({ tabs: browser.tab(), store })];
    const ann = { id: id(), refresh_token: id(), isGuest: false };
    await settled();
    void first.reactor.account.setUser(ann);
    await eventually(async () => expect(await store.get('user')).toEqual(ann));
    expect(second.reactor.state.session.user).toBeUndefined();
    await killed.close();
    await eventually(() => expect(second.reactor.state.session.user).toEqual(ann));
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('two tabs that change the user at a time, and whose disk does not respond, agree', async () => {
    const browser = new FakeBrowser();
    const waiting: (() => void)[] = [];
    const dead = (): KeyValue => ({ ...shared(), write: () => new Promise((resolve) => waiting.push(resolve)) });
    const [first, second] = [testClient({ tabs: browser.tab(), store: dead() }), testClient({ tabs: browser.tab(), store: dead() })];
    const [ann, bob] = [id(), id()].map((user) => ({ id: user, refresh_token: id(), isGuest: false }));
    await settled();
    await first.reactor.account.setUser(ann);
    await second.reactor.account.setUser(bob);
    for (const give of waiting) give();
    await settled();
    await settled();
    const [one, other] = [first, second].map(({ reactor }) => reactor.state.session.user?.id);
    expect(one).toBe(other);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('a waiting write is stored in the terms of new attributes by the leader alone: another tab could bring back a settled one', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const keys: string[][] = [[], []];
    const [first, second] = keys.map((written) =>
      testClient({
        tabs: browser.tab(),
        store: {
          ...store,
          write: (ops) => {
            written.push(...ops.flatMap((op) => ('put' in op && op.put.startsWith('write/') ? op.put : [])));
            return store.write(ops);
          },
        },
      }),
    ) as [TestClient, TestClient];
    await settled();
    void first.reactor.writes.transact({ __ops: [['update', 'moods', id(), { name: 'good' }]], __etype: 'moods' });
    await settled();
    const theirs = (label: string, at: number): WireAttr =>
      ({ ...goalAttrs[at], id: id(), 'forward-identity': [id(), 'moods', label] }) as WireAttr;
    const attrs = [...goalAttrs, theirs('id', 0), theirs('name', 1)];
    for (const tab of [first, second]) await tab.receive({ ...initOk(), attrs });
    await settled();
    expect(keys.map(({ length }) => length)).toEqual([2, 0]);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('a rejected write that the leader has yet to read again is not taken for a discarded one by other tabs', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const slow: KeyValue = { ...store };
    const [first, second] = [testClient({ tabs: browser.tab(), store: slow }), testClient({ tabs: browser.tab(), store })];
    const ann = { id: id(), refresh_token: id(), isGuest: false };
    await settled();
    await first.reactor.account.setUser(ann);
    await first.receive(initOk());
    first.reactor.writes.transact(addGoal('swim')).catch(() => {});
    await settled();
    const eventId = first.sentMessages('transact')[0]?.['client-event-id'];
    await first.receive({ op: 'error', status: 400, type: 'permission-denied', 'client-event-id': eventId });
    await settled();
    await first.reactor.account.setUser(undefined);
    await settled();
    const answers: (() => void)[] = [];
    slow.list = async (prefix) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return store.list(prefix);
    };
    const isBack = first.reactor.account.setUser(ann);
    await settled();
    for (let time = 0; time < 3; time += 1) {
      answers.shift()?.();
      await settled();
    }
    await isBack;
    expect([first, second].map(({ reactor }) => reactor.outbox.list().map(({ state }) => state))).toEqual([['rejected'], ['rejected']]);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it.each([
    [
      'confirmed',
      (eventId: string) => ({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 7 }) as const,
      ['acknowledged'],
      undefined,
    ],
    [
      'rejected',
      (eventId: string) => ({ op: 'error', status: 400, type: 'permission-denied', 'client-event-id': eventId }) as const,
      ['rejected'],
      'rejected',
    ],
  ])('a write that the leader told others is %s, before it was killed, is so on the disk', async (_outcome, answer, states, kept) => {
    const browser = new FakeBrowser();
    const store = shared();
    const dying: KeyValue = { ...store };
    const [first, second] = [testClient({ tabs: browser.tab(), store: dying }), testClient({ tabs: browser.tab(), store })];
    const ann = { id: id(), refresh_token: id(), isGuest: false };
    await settled();
    await first.receive(initOk());
    await second.receive(initOk());
    subscribed(second, { goals: {} });
    await second.receive(addQueryOk([], 1));
    first.reactor.writes.transact(addGoal('swim')).catch(() => {});
    await settled();
    dying.write = () => new Promise(() => {});
    await first.receive(answer(first.sentMessages('transact')[0]?.['client-event-id'] ?? ''));
    await settled();
    for (const user of [ann, undefined]) await second.reactor.account.setUser(user);
    await settled();
    expect(second.reactor.outbox.list().map(({ state }) => state)).toEqual(states);
    const late = testClient({ store });
    await settled();
    await late.receive(initOk());
    expect(sends(late)).toEqual([]);
    expect(late.reactor.outbox.list().find(({ state }) => state !== 'acknowledged')?.state).toBe(kept);
    for (const tab of [second, late]) tab.reactor.shutdown();
  });

  it.each<[string, (first: TestClient, eventId: string) => Promise<void>, string[]]>([
    ['confirmed', (first, eventId) => first.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 7 }), []],
    [
      'rejected',
      (first, eventId) => first.receive({ op: 'error', status: 400, type: 'permission-denied', 'client-event-id': eventId }),
      ['rejected'],
    ],
    ['discarded', async ({ reactor }, eventId) => void reactor.outbox.discard(eventId), []],
    [
      'discarded after it was rejected',
      async (first, eventId) => {
        await first.receive({ op: 'error', status: 400, type: 'permission-denied', 'client-event-id': eventId });
        first.reactor.outbox.discard(eventId);
      },
      [],
    ],
  ])('a tab that read outdated writes from disk learns that one was %s before it opened', async (_outcome, settle, states) => {
    const browser = new FakeBrowser();
    const store = shared();
    const first = testClient({ tabs: browser.tab(), store });
    await settled();
    await first.receive(initOk());
    first.reactor.writes.transact(addGoal('swim')).catch(() => {});
    await settled();
    const before = await store.list('write/');
    expect(before).toHaveLength(1);
    await settle(first, first.sentMessages('transact')[0]?.['client-event-id'] ?? '');
    const late: KeyValue = { ...store, list: async (prefix) => before.filter(([key]) => key.startsWith(prefix)) };
    const second = testClient({ tabs: browser.tab(), store: late });
    await settled();
    await settled();
    expect(second.reactor.outbox.list().map(({ state }) => state)).toEqual(states);
    expect(sends(first)).toHaveLength(1);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('two tabs that create the same attributes concurrently each show both writes, whichever is confirmed first', async () => {
    for (const first of [0, 1]) {
      const { tabs } = await openTabs(2);
      const seen = tabs.map((tab) => {
        const received = listener();
        tab.reactor.queries.subscribe({ moods: {} }, received);
        return received;
      });
      for (const tab of tabs) await tab.receive(addQueryOk([], 1, { moods: {} }));
      const ids = [id(), id()];
      for (const [at, tab] of tabs.entries())
        void tab.reactor.writes.transact({ __ops: [['update', 'moods', ids[at], { name: `${at}` }]], __etype: 'moods' });
      await settled();
      const both = ids.map((mood, at) => ({ id: mood, name: `${at}` }));
      const sorted = (rows: unknown): unknown => [...(rows as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const { last } of seen) expect(sorted(last?.data['moods'])).toEqual(both);
      const sent = tabs[0]?.sentMessages('transact')[first];
      await tabs[0]?.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'], 'tx-id': 3 });
      for (const { last } of seen) expect(sorted(last?.data['moods'])).toEqual(both);
      for (const tab of tabs) tab.reactor.shutdown();
    }
  });

  it('a write that the leader does not have is sent to it again after a while', async () => {
    const browser = new FakeBrowser();
    const [first, second] = [testClient({ tabs: browser.tab() }), testClient({ tabs: browser.tab(), store: memoryStore() })];
    await settled();
    for (const tab of [first, second]) await tab.receive(initOk());
    void second.reactor.writes.transact(addGoal('swim'));
    await settled();
    const [write] = first.reactor.state.outbox.list();
    first.reactor.state.outbox.detach();
    // Asked at each check, and taken up the second time.
    for (const { clock } of [second, first, second]) await clock.advance(3_000);
    await settled();
    expect(first.reactor.state.outbox.list().map(({ eventId }) => eventId)).toEqual([write?.eventId]);
    expect(sends(first)).toHaveLength(2);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('news of a write that come after its confirmation, to a tab that was frozen, do not send it again', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const told: unknown[] = [];
    first.reactor.events.on('fact', (fact, message) => void (fact === 'tab' && told.push(message)));
    void second.reactor.writes.transact(addGoal('swim'));
    await settled();
    await first.receive({ op: 'transact-ok', 'client-event-id': first.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 7 });
    await settled();
    for (const message of told) second.reactor.run([{ do: 'tell', message: message as never }]);
    await settled();
    expect(sends(first)).toHaveLength(1);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a write that is stored after its user signed out in its tab is told to tabs in which that user is still signed in', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const dying: KeyValue = { ...store };
    const [first, second] = [testClient({ tabs: browser.tab(), store }), testClient({ tabs: browser.tab(), store: dying })];
    await settled();
    await first.reactor.account.setUser({ id: id(), refresh_token: id(), isGuest: false });
    await first.receive(initOk());
    await settled();
    let finish = (): void => {};
    dying.write = async (edits) => {
      dying.write = () => new Promise(() => {});
      await new Promise<void>((resolve) => (finish = resolve));
      await store.write(edits);
    };
    second.reactor.writes.transact(addGoal('swim')).catch(() => {});
    await settled();
    void second.reactor.account.setUser(undefined);
    await settled();
    finish();
    await settled();
    expect(sends(first)).toHaveLength(1);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('a promise settles in the tab that made the write when the leader receives the response', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const write = second.reactor.writes.transact(addGoal('swim'));
    await settled();
    await first.receive({ op: 'transact-ok', 'client-event-id': first.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 7 });
    await settled();
    await expect(write).resolves.toMatchObject({ status: 'synced' });
    expect(tabs.map((tab) => tab.reactor.outbox.list())).toEqual([[], []]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('when the leader closes, another tab sends the writes with the same event ids, in order', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    void second.reactor.writes.transact(addGoal('one'));
    void first.reactor.writes.transact(addGoal('two'));
    await settled();
    const before = first.sentMessages('transact').map((message) => message['client-event-id']);
    expect(before).toHaveLength(2);
    first.reactor.shutdown();
    await settled();
    expect(second.sentMessages('transact').map((message) => message['client-event-id'])).toEqual(before);
    second.reactor.shutdown();
  });

  it('a rejected write is retried or discarded for all tabs', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const write = second.reactor.writes.transact(addGoal('swim'));
    write.catch(() => {});
    await settled();
    const reject = async (): Promise<void> => {
      const eventId = first.sentMessages('transact').at(-1)?.['client-event-id'];
      await first.receive({ op: 'error', status: 400, type: 'permission-denied', message: 'no', 'client-event-id': eventId });
      await settled();
    };
    await reject();
    const again = second.reactor.outbox.retry(second.reactor.outbox.list()[0]!.eventId);
    again.catch(() => {});
    await settled();
    expect(tabs.map((tab) => tab.reactor.outbox.list().map(({ state }) => state))).toEqual([['inflight'], ['pending']]);
    await reject();
    first.reactor.outbox.discard(first.reactor.outbox.list()[0]!.eventId);
    await settled();
    expect(tabs.map((tab) => tab.reactor.outbox.list())).toEqual([[], []]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it.each(['is rejected', 'is discarded'])(
    'a write that %s does not come back to the disk from a tab that was about to store it',
    async (end) => {
      const browser = new FakeBrowser();
      const store = shared();
      const slow: KeyValue = { ...store };
      const first = testClient({ tabs: browser.tab(), store });
      const second = testClient({ tabs: browser.tab(), store: slow });
      await settled();
      for (const tab of [first, second]) await tab.receive(initOk());
      const write = first.reactor.writes.transact({ __ops: [['update', 'moods', id(), { name: 'good' }]], __etype: 'moods' });
      write.catch(() => {});
      await settled();
      const eventId = first.sentMessages('transact')[0]?.['client-event-id'] ?? '';

      let carryOut = (): void => {};
      slow.write = (ops) => new Promise((resolve, reject) => (carryOut = () => void store.write(ops).then(resolve, reject)));
      const moods = goalAttrs.map((attr, at) => ({ ...attr, id: id(), 'forward-identity': [id(), 'moods', ['id', 'name', 'why'][at]] }) as WireAttr); // prettier-ignore
      await second.receive({ op: 'refresh-ok', computations: [], attrs: [...goalAttrs, ...moods], 'processed-tx-id': 2 });
      if (end === 'is discarded') first.reactor.outbox.discard(eventId);
      else await first.receive({ op: 'error', status: 400, type: 'permission-denied', message: 'no', 'client-event-id': eventId });
      await settled();
      for (let time = 0; time < 3; time += 1) {
        carryOut();
        await settled();
      }
      expect(await store.list('write/')).toEqual([]);
      for (const tab of [first, second]) tab.reactor.shutdown();
    },
  );

  it('a user who signs in or out in one tab does so in every tab', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const ana = { id: id(), refresh_token: id(), email: 'ana@example.com', isGuest: false };
    await first.reactor.account.setUser(ana);
    await settled();
    expect(second.reactor.account.user).toEqual(ana);
    expect(second.transport.channels).toHaveLength(2);
    await second.reactor.account.setUser(undefined);
    await settled();
    expect(first.reactor.account.user).toBeNull();
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a tab that opens while the user is being stored has that user', async () => {
    const browser = new FakeBrowser();
    const store = shared();
    const slow: KeyValue = { ...store };
    const first = testClient({ tabs: browser.tab(), store: slow });
    await settled();
    let carryOut = (): void => {};
    slow.write = (ops) => new Promise((resolve, reject) => (carryOut = () => void store.write(ops).then(resolve, reject)));
    const ana = { id: id(), refresh_token: id(), email: 'ana@example.com', isGuest: false };
    await first.reactor.account.setUser(ana);
    const second = testClient({ tabs: browser.tab(), store });
    await settled();
    expect(second.reactor.account.user).toBeNull();
    carryOut();
    await settled();
    expect(second.reactor.account.user).toEqual(ana);
    for (const tab of [first, second]) tab.reactor.shutdown();
  });

  it('a tab that never had a rejected write hides and holds back the writes that depend on it', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const { received } = subscribed(second, { goals: {} });
    for (const tab of tabs) await tab.receive(addQueryOk([], 1));
    const goal = id();
    const created = expect(first.reactor.writes.transact(chunk('create', goal, { title: 'swim' }))).rejects.toThrow('no');
    void first.reactor.writes.transact(chunk('update', goal, { title: 'dive' }));
    await settled();
    const [createId = '', updateId = ''] = first.reactor.outbox.list().map(({ eventId }) => eventId);
    second.reactor.run(second.reactor.state.queries.reject(createId));
    second.reactor.state.outbox.remove(createId);
    await first.receive({ op: 'error', status: 400, type: 'permission-denied', message: 'no', 'client-event-id': createId });
    await created;
    await settled();
    expect(tabs.map((tab) => tab.reactor.state.outbox.get(updateId)?.state)).toEqual(['blocked', 'blocked']);
    expect(received.last?.data['goals']).toEqual([]);
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a tab that hears of two attributes by one name shows the rows of both', async () => {
    const { tabs } = await openTabs(3);
    const [first, second, third] = tabs as [TestClient, TestClient, TestClient];
    const { received } = subscribed(third, { notes: {} });
    await third.receive(addQueryOk([], 1, { notes: {} }));
    const addNote = (text: string): unknown => ({ __ops: [['create', 'notes', id(), { text }]], __etype: 'notes' });
    void first.reactor.writes.transact(addNote('of the first'));
    void second.reactor.writes.transact(addNote('of the second'));
    await settled();
    const texts = (): unknown => (received.last?.data['notes'] as { text: string }[] | undefined)?.map(({ text }) => text).sort();
    const both = ['of the first', 'of the second'];
    expect(texts()).toEqual(both);
    for (const [at, { eventId }] of third.reactor.outbox.list().entries()) {
      first.reactor.run([{ do: 'tell', message: { type: 'acknowledged', eventId, txId: 5 + at, isn: undefined } }]);
      await settled();
      expect(texts()).toEqual(both);
    }
    for (const tab of tabs) tab.reactor.shutdown();
  });

  it('a tab ignores messages of another user or another release, and malformed messages', async () => {
    const { tabs } = await openTabs(2);
    const [first, second] = tabs as [TestClient, TestClient];
    const ana = { id: id(), refresh_token: id(), isGuest: false };
    second.reactor.state.session.user = ana;
    void first.reactor.writes.transact(addGoal('swim'));
    await settled();
    expect(second.reactor.outbox.list()).toEqual([]);
    for (const message of [undefined, 3, {}, { type: 'later' }, { type: 'write' }, { type: 'rejected', record: {} }]) {
      first.reactor.run([{ do: 'tell', message: message as never }]);
    }
    await settled();
    expect(tabs.flatMap((tab) => tab.errors)).toEqual([]);
    for (const tab of tabs) tab.reactor.shutdown();
  });
});
