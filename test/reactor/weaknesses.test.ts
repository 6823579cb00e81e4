// The faults that were found in InstantDB's client and server, by number: those that a client can mend, or has to live
// with, each as a dialogue in which it would show.

import { afterEach, describe, expect, test } from 'vitest';
import { Dialogue, lastTitles } from '../support/dialogue.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { openRoom } from '../../src/client/room.ts';
import { addQueryOk, attrIds, chunk, goalAttrs, goalId, goalsQuery, initOk, refreshOk, rejection } from '../support/goals.ts';
import type { Peer } from '../../src/protocol/room-messages.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { KeyValueOp, KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { webSocketTransport } from '../../src/connection/web-socket.ts';
import { putMutation } from '../../src/reactor/mutations/mutation.ts';

const [g1, g2] = [goalId(1), goalId(2)];
const all: Dialogue[] = [];

function started(...args: ConstructorParameters<typeof Dialogue>): Dialogue {
  const dialogue = new Dialogue(...args);
  all.push(dialogue);
  return dialogue;
}

async function ready(config: ConstructorParameters<typeof Dialogue>[0] = {}, init = {}): Promise<Dialogue> {
  const dialogue = started(config);
  await dialogue.open(init);
  return dialogue;
}

/** A store that outlives its Reactor. */
function disk(): KeyValue {
  return { ...memoryStore(), close: () => {} };
}

const ok = (eventId: string, txId: number, isn?: string) => ({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': txId, ...(isn && { isn }) }) as const; // prettier-ignore
const failure = (eventId: string, type: string | null = 'operation-timed-out') => rejection(eventId, { status: 500, type, hint: null });
const ann = { id: 'u-ann', refresh_token: 't-ann', isGuest: false };
const bob = { id: 'u-bob', refresh_token: 't-bob', isGuest: false };

afterEach(() => {
  for (const dialogue of all.splice(0)) dialogue.end();
});

describe('writes', () => {
  test('W-01: a write whose confirmation was lost is resent under the same event id, and is confirmed', async () => {
    const dialogue = await ready({}, { triplane: { 'deduplicates-transactions': true } });
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.drop();
    expect(dialogue.sentIds()).toEqual([write.eventId]);
    await dialogue.receive(ok(write.eventId, 12));
    expect(write.outcome).toBe('synced');
  });

  test('W-01: a create that is rejected after it was sent twice is looked up, and confirmed if the entity exists', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.drop();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 11));
    await dialogue.receive(rejection(write.eventId, { type: 'validation-failed' }));
    expect(write.outcome).toBe('waiting');
    const requested = dialogue.sentMessages('add-query').at(-1);
    expect(requested?.q).toEqual({ goals: { $: { where: { id: g1 } } } });
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 11, requested?.q));
    expect([write.outcome, lastTitles(seen)]).toEqual(['synced', ['a']]);
  });

  test('W-01: a create that is rejected after it was sent twice fails if the entity does not exist', async () => {
    const dialogue = await ready();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.drop();
    await dialogue.receive(rejection(write.eventId, { type: 'validation-failed' }));
    await dialogue.receive(addQueryOk([], 11, dialogue.sentMessages('add-query').at(-1)?.q));
    expect(write.outcome).toBe('refused');
  });

  test('W-02: no write is lost while a server is unreachable or slow', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const sent = await dialogue.create(g1, { title: 'a' });
    await dialogue.drop({ reopen: false });
    await dialogue.wait(600_000);
    expect([sent.outcome, lastTitles(seen)]).toEqual(['waiting', ['a']]);
    await dialogue.nextChannelSoon();
    await dialogue.open();
    expect(dialogue.sentIds()).toEqual([sent.eventId]);
    await dialogue.wait(600_000);
    expect([sent.outcome, dialogue.sentIds().length]).toEqual(['waiting', 1]);
    await dialogue.receive(ok(sent.eventId, 12));
    expect(sent.outcome).toBe('synced');
  });

  test.each(['operation-timed-out', 'timeout', 'sql-exception', null])(
    'W-03: after status 500 (%s) the write is kept and resent under its event id',
    async (type) => {
      const dialogue = await ready();
      const write = await dialogue.create(g1, { title: 'a' });
      await dialogue.receive(failure(write.eventId, type));
      expect(write.outcome).toBe('waiting');
      await dialogue.wait(40_000);
      expect(dialogue.sentIds()).toEqual([write.eventId, write.eventId]);
      await dialogue.receive(ok(write.eventId, 12));
      expect([write.outcome, dialogue.client.errors]).toEqual(['synced', []]);
    },
  );

  test('W-04: a rejected write is no longer shown, also if a result arrived while it was in flight', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const write = await dialogue.create(g1, { title: 'mine' });
    await dialogue.receive(refreshOk([{ id: g2, title: 'theirs' }], 11));
    expect(lastTitles(seen)).toEqual(['theirs', 'mine']);
    await dialogue.receive(rejection(write.eventId));
    expect(lastTitles(seen)).toEqual(['theirs']);
  });

  test('W-05: if no result contains a confirmed write, the client requests the query again and shows the server’s result', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    const write = await dialogue.update(g1, { title: 'b' });
    await dialogue.receive(ok(write.eventId, 11));
    expect(lastTitles(seen)).toEqual(['b']);
    await dialogue.wait(8_000); // somebody wrote 'a' again: the answer came out equal, and nothing was sent
    expect(dialogue.ops.slice(-2)).toEqual(['remove-query', 'add-query']);
    await dialogue.receive({ op: 'remove-query-ok', q: goalsQuery }, addQueryOk([{ id: g1, title: 'a' }], 12));
    expect([lastTitles(seen), dialogue.client.reactor.state.outbox.size]).toEqual([['a'], 0]);
    await dialogue.wait(60_000);
    expect(dialogue.sentMessages('add-query')).toHaveLength(2);
  });

  test('W-05: if the server’s refreshes cover every query, no request is needed', async () => {
    const dialogue = await ready({}, { triplane: { 'refresh-covers-all': true } });
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    const write = await dialogue.update(g1, { title: 'b' });
    await dialogue.receive(ok(write.eventId, 11), { op: 'refresh-ok', computations: [], 'processed-tx-id': 12 });
    expect([lastTitles(seen), dialogue.client.reactor.state.outbox.size]).toEqual([['a'], 0]);
  });

  test('W-06: a write is shown until a result contains it by log position, not by transaction id alone', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], { 'processed-tx-id': 9, 'processed-isn': '1/0/90' }));
    const write = await dialogue.update(g1, { title: 'b' }); // begun as 10, but committed after 11
    await dialogue.receive(refreshOk([{ id: g1, title: 'a' }, { id: g2, title: 'x' }], { 'processed-tx-id': 11, 'processed-isn': '1/0/A0' })); // prettier-ignore
    await dialogue.receive(ok(write.eventId, 10, '1/0/B0'));
    expect(lastTitles(seen)).toEqual(['b', 'x']);
    await dialogue.receive(refreshOk([{ id: g1, title: 'b' }, { id: g2, title: 'x' }], { 'processed-tx-id': 11, 'processed-isn': '1/0/B0' })); // prettier-ignore
    expect([lastTitles(seen), dialogue.client.reactor.state.outbox.size]).toEqual([['b', 'x'], 0]);
    expect(seen.results.map((result) => (result.data['goals']?.[0] as { title: string }).title)).toEqual(['a', 'b', 'b']);
  });

  test('W-07: a query without listeners keeps no write in the outbox', async () => {
    const dialogue = await ready();
    const idle = await dialogue.subscribe({ goals: { $: { where: { done: true } } } });
    await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10, { goals: { $: { where: { done: true } } } }), addQueryOk([], 10));
    idle.stop();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.receive(ok(write.eventId, 11), refreshOk([{ id: g1, title: 'a' }], 11));
    expect(dialogue.client.reactor.state.outbox.size).toBe(0);
  });

  test('W-11: the app receives type, status, hint and trace id of a rejection', async () => {
    const dialogue = await ready();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.receive(rejection(write.eventId, { type: 'record-not-unique', hint: { label: 'title' }, 'trace-id': 't9' }));
    expect(write.error).toMatchObject({ type: 'record-not-unique', status: 400, hint: { label: 'title' }, traceId: 't9', code: 'refused' });
  });

  test('W-12: the promise of a write has two stages', async () => {
    const dialogue = started();
    const write = await dialogue.create(g1, { title: 'a' });
    expect([write.status, write.outcome, (await write.promise.queued).status]).toEqual(['enqueued', 'waiting', 'enqueued']);
    await dialogue.open();
    await dialogue.receive(rejection(write.eventId));
    expect([write.status, write.outcome]).toEqual(['enqueued', 'refused']);
  });

  test('W-12: a rejected write is listed after a restart', async () => {
    const store = disk();
    const before = await ready({ store });
    const write = await before.create(g1, { title: 'a' });
    await before.receive(rejection(write.eventId));
    before.end();
    const after = await ready({ store });
    expect(after.client.reactor.outbox.list()).toMatchObject([
      { eventId: write.eventId, state: 'rejected', error: { type: 'permission-denied', status: 400 } },
    ]);
    expect(after.sentIds()).toEqual([]);
  });

  test('W-13: no write is lost when a token expires', async () => {
    const store = disk();
    await store.write([{ put: 'user', value: ann }]);
    const dialogue = started({ store });
    const write = await dialogue.create(g1, { title: 'a' });
    await settled();
    const init = String(dialogue.sentMessages('init')[0]?.['client-event-id']);
    const expired = { type: 'record-not-found', hint: { 'record-type': 'app-user' }, 'original-event': { op: 'init' } };
    await dialogue.receive(rejection(init, expired));
    await dialogue.nextChannelSoon();
    await dialogue.open();
    expect(dialogue.sentMessages('init')[0]).not.toHaveProperty('refresh-token');
    expect(dialogue.sentIds()).toEqual([]);
    await dialogue.client.reactor.account.setUser(ann);
    await dialogue.open();
    expect(dialogue.sentIds()).toEqual([write.eventId]);
  });

  test('W-13: writes wait while their user is signed out, and are not sent as another user', async () => {
    const dialogue = await ready();
    const { account } = dialogue.client.reactor;
    await account.setUser(ann);
    await dialogue.open();
    await dialogue.drop({ reopen: false });
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.nextChannel();
    await account.setUser(bob);
    await dialogue.open();
    expect(dialogue.sentMessages('init')[0]).toMatchObject({ 'refresh-token': 't-bob' });
    expect(dialogue.sentIds()).toEqual([]);
    const bobs = dialogue.channel;
    await account.setUser(ann);
    expect(dialogue.sentIds(bobs)).toEqual([]);
    await dialogue.open();
    expect(dialogue.sentIds()).toEqual([write.eventId]);
  });

  test('W-13: a new token of the same user keeps the results', async () => {
    const dialogue = await ready();
    const { account } = dialogue.client.reactor;
    await account.setUser(ann);
    await dialogue.open();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    await account.setUser({ ...ann, refresh_token: 't-new' });
    await dialogue.open();
    expect([dialogue.sentMessages('init')[0]?.['refresh-token'], lastTitles(seen)]).toEqual(['t-new', ['a']]);
  });

  test('W-13: results of one user are not shown to the next', async () => {
    const dialogue = await ready();
    const { account } = dialogue.client.reactor;
    await account.setUser(ann);
    await dialogue.open();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'secret' }], 10));
    await account.setUser(undefined);
    await dialogue.open();
    const late = await dialogue.subscribe();
    expect([late.results, dialogue.client.reactor.queries.peek(goalsQuery)]).toEqual([[], undefined]);
    await dialogue.receive(addQueryOk([], 10));
    expect([lastTitles(late), lastTitles(seen)]).toEqual([[], []]);
  });

  // That one tab sends for all, and that they show one another's writes: faults.test.ts, tab-traces.test.ts.
  test('W-14: writes of several tabs are stored as separate records', async () => {
    const store = disk();
    const tabs = [started({ store }), started({ store })];
    for (let at = 0; at < 20; at += 1) await tabs[at % 2]?.create(goalId(at), { title: String(at) });
    expect(await store.list('write/')).toHaveLength(20);
  });

  test('W-15: steps that change or delete an attr stay in a write whose attrs are remapped', async () => {
    const dialogue = started();
    const steps: Step[] = [
      ['update-attr', { id: attrIds.title, 'index?': true }],
      ['delete-attr', attrIds.done],
      ['add-triple', g1, attrIds.id, g1],
    ];
    const { state } = dialogue.client.reactor;
    await settled();
    const write = state.outbox.add({ eventId: 'e1', owner: '', steps, createdMs: 0 });
    dialogue.client.reactor.run([{ do: 'store', edits: [putMutation(write)] }]);
    await dialogue.update(g2, { title: 'made with an attr of its own' });
    await dialogue.open();
    expect(dialogue.sentMessages('transact')[0]?.['tx-steps']).toEqual(steps);
  });

  test('W-16: while the app is read-only, pending writes are held and not discarded', async () => {
    const dialogue = started();
    const cached = await dialogue.create(g1, { title: 'a' });
    await dialogue.open({ 'app-status': { status: 'read-only' } });
    expect(dialogue.sentIds()).toEqual([]);
    const late = await dialogue.create(g2, { title: 'b' });
    expect([late.outcome, (late.error as { type?: string }).type]).toEqual(['refused', 'app-read-only']);
    await dialogue.receive({ op: 'app-status-changed', status: 'active' });
    expect([dialogue.sentIds(), cached.outcome]).toEqual([[cached.eventId], 'waiting']);
  });

  test.each(['app-read-only', 'app-disabled', 'rate-limited'])(
    'W-16: after a temporary rejection (%s) the write is resent',
    async (type) => {
      const dialogue = await ready();
      const write = await dialogue.create(g1, { title: 'a' });
      await dialogue.receive(rejection(write.eventId, { type, hint: { 'retry-after': 2 } }));
      await dialogue.wait(1_900);
      expect(dialogue.sentIds()).toHaveLength(1);
      await dialogue.wait(60_000);
      expect([write.outcome, dialogue.sentIds().length]).toEqual(['waiting', 2]);
    },
  );

  test('a write over the limit of a rule holds back those to the same row, and no others', async () => {
    const dialogue = await ready();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.receive(rejection(write.eventId, { type: 'rate-limited', hint: { 'retry-after': 600, 'remaining-tokens': 0 } }));
    const same = await dialogue.create(g1, { title: 'b' });
    const other = await dialogue.create(g2, { title: 'c' });
    expect(dialogue.sentIds()).toEqual([write.eventId, other.eventId]);
    await dialogue.wait(700_000);
    expect(dialogue.sentIds().slice(0, 3)).toEqual([write.eventId, other.eventId, write.eventId]);
    expect([write.outcome, same.outcome]).toEqual(['waiting', 'waiting']);
  });

  test('W-37: values are sent and shown as they were written', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const title = 'A7000000-0000-4000-8000-00000000ABCD';
    await dialogue.create(g1, { title });
    expect(JSON.stringify(dialogue.sentMessages('transact'))).toContain(title);
    expect(lastTitles(seen)).toEqual([title]);
  });

  test('W-38: a write is sent, and its queued promise resolved, only when it is on disk', async () => {
    const cached = memoryStore();
    let finish = (): void => {};
    const isWrite = (edit: KeyValueOp): boolean => 'put' in edit && edit.put.startsWith('write/');
    const store: KeyValue = {
      ...cached,
      write: (edits) => {
        if (!edits.some(isWrite)) return cached.write(edits);
        return new Promise((resolve) => (finish = () => void cached.write(edits).then(resolve)));
      },
    };
    const dialogue = await ready({ store });
    const write = await dialogue.create(g1, { title: 'a' });
    let isQueued = false;
    write.promise.queued.then(() => (isQueued = true)).catch(() => {});
    await settled();
    expect([dialogue.sentIds(), isQueued]).toEqual([[], false]);
    finish();
    await settled();
    expect([dialogue.sentIds(), isQueued]).toEqual([[write.eventId], true]);
    expect(await cached.list('write/')).toHaveLength(1);
  });

  test('W-42: a write rejected because another client created its attr first is resent with that attr', async () => {
    const dialogue = await ready({}, { attrs: goalAttrs.slice(0, 1) });
    const write = await dialogue.create(g1, { title: 'a' });
    expect(dialogue.sentMessages('transact')[0]?.['tx-steps'][0]?.[0]).toBe('add-attr');
    await dialogue.receive(rejection(write.eventId, { type: 'record-not-unique', hint: { etype: 'goals', label: 'title' } }));
    expect(write.outcome).toBe('waiting');
    await dialogue.receive({ op: 'refresh-ok', computations: [], attrs: goalAttrs, 'processed-tx-id': 12 });
    expect(dialogue.sentIds()).toEqual([write.eventId, write.eventId]);
    const steps = dialogue.sentMessages('transact')[1]?.['tx-steps'] ?? [];
    expect(steps.map(([op]) => op)).toEqual(['add-triple', 'add-triple']);
    expect(steps[1]?.[2]).toBe(attrIds.title);
  });
});

describe('queries', () => {
  test('W-08: an older result does not overwrite a newer one', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(refreshOk([{ id: g1, title: 'new' }], 12), addQueryOk([{ id: g1, title: 'old' }], 9));
    expect(lastTitles(seen)).toEqual(['new']);
    await dialogue.receive(refreshOk([{ id: g1, title: 'newer' }], 13), refreshOk([{ id: g1, title: 'new' }], 12));
    expect(lastTitles(seen)).toEqual(['newer']);
  });

  test.each(['rate-limited', 'timeout', 'operation-timed-out', 'sql-exception', null])(
    'W-09: a query that failed with %s is resent, and its listeners get no error',
    async (type) => {
      const dialogue = await ready();
      const seen = await dialogue.subscribe();
      const id = String(dialogue.sentMessages('add-query')[0]?.['client-event-id']);
      const status = type === 'rate-limited' ? 400 : 500;
      await dialogue.receive(
        rejection(id, { type, status, hint: { 'retry-after': 3 }, 'original-event': { op: 'add-query', q: goalsQuery } }),
      );
      await dialogue.wait(2_900);
      expect(dialogue.sentMessages('add-query')).toHaveLength(1);
      await dialogue.wait(30_000);
      expect(dialogue.sentMessages('add-query')).toHaveLength(2);
      await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
      expect([lastTitles(seen), seen.errors]).toEqual([['a'], []]);
    },
  );

  test('W-10: after a refresh that failed, every query is removed and sent again', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'old' }], 10));
    await dialogue.receive({ op: 'error', status: 500, type: 'timeout', message: 'too slow', 'client-event-id': null, 'original-event': { op: 'refresh' } }); // prettier-ignore
    expect(dialogue.ops.slice(-2)).toEqual(['remove-query', 'add-query']);
    await dialogue.receive(addQueryOk([{ id: g1, title: 'new' }], 11));
    expect([lastTitles(seen), dialogue.client.errors]).toEqual([['new'], []]);
  });

  test('W-20: a queryOnce that times out is removed', async () => {
    const dialogue = await ready({ queryTimeoutMs: 5_000 });
    const outcome = dialogue.client.reactor.queries.once(goalsQuery).catch((error: { code: string }) => error.code);
    await dialogue.wait(5_000);
    expect(await outcome).toBe('timeout');
    expect(dialogue.sentMessages('remove-query')).toMatchObject([{ q: goalsQuery }]);
    await dialogue.drop();
    expect(dialogue.ops).toEqual(['init']);
  });

  test('W-29: changes notify only affected listeners, once, with unchanged rows keeping their identity', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    const apart = await dialogue.subscribe({ goals: { $: { where: { title: 'apart' } } } });
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }, { id: g2, title: 'b' }], 10)); // prettier-ignore
    await dialogue.receive(addQueryOk([], 10, { goals: { $: { where: { title: 'apart' } } } }));
    dialogue.send(chunk('update', g1, { title: 'x' }));
    dialogue.send(chunk('update', g1, { title: 'y' }));
    await settled();
    expect([seen.results.length, apart.results.length, lastTitles(seen)]).toEqual([2, 1, ['y', 'b']]);
    expect(seen.results[1]?.data['goals']?.[1]).toBe(seen.results[0]?.data['goals']?.[1]);
  });
});

describe('the connection', () => {
  test('W-17: when the network returns before the timer, the client opens one socket and keeps it', async () => {
    const dialogue = await ready();
    const { network, transport, clock } = dialogue.client;
    dialogue.channel.on.closed({ code: 1006, reason: '' });
    network.goOnline();
    await clock.advance(600);
    const opened = transport.channels.length;
    await dialogue.open();
    await dialogue.wait(9_000);
    expect([opened, transport.channels.length, dialogue.client.reactor.status]).toEqual([2, 2, 'authenticated']);
  });

  test('W-18: a silent connection is probed, and closed if there is no response', async () => {
    const dialogue = await ready();
    await dialogue.client.clock.advance(10_000);
    expect(dialogue.sentMessages('remove-query')).toMatchObject([{ q: { $$probe: {} } }]);
    await dialogue.client.clock.advance(6_000);
    expect(dialogue.client.transport.channels[0]?.isClosed).toBe(true);
    expect(dialogue.client.transport.channels.length + Number(dialogue.client.reactor.status === 'closed')).toBe(2);
  });

  test('W-22: repeated disconnects do not change the transport permanently', async () => {
    const dialogue = await ready();
    for (let at = 0; at < 3; at += 1) await dialogue.drop();
    expect(dialogue.client.transport.channels).toHaveLength(4);
    expect(dialogue.client.reactor.status).toBe('authenticated');
  });

  test('W-30: the number of messages waiting for a room is limited, and publishTopic throws above it', async () => {
    const dialogue = await ready();
    const { rooms } = dialogue.client.reactor;
    rooms.acquire('chat', 'r1');
    for (let at = 0; at < 1_000; at += 1) rooms.publishTopic('r1', 'wave', at);
    expect(() => rooms.publishTopic('r1', 'wave', 1_000)).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  test('W-30: the outbox is limited, and a write above the limit is rejected with the code limit', async () => {
    const dialogue = started({ outboxLimit: 3 });
    for (let at = 0; at < 3; at += 1) await dialogue.create(goalId(at), { title: 'a' });
    const last = await dialogue.create(goalId(4), { title: 'b' });
    expect([last.outcome, dialogue.client.reactor.outbox.list().length]).toEqual(['limit', 3]);
  });

  test('W-32: an init that failed is retried soon; one that was rejected is reported, and retried later', async () => {
    const dialogue = started();
    const seen = await dialogue.subscribe();
    const init = (): string => String(dialogue.sentMessages('init')[0]?.['client-event-id']);
    await dialogue.receive(failure(init(), 'sql-exception'));
    await dialogue.nextChannel();
    expect([seen.errors, dialogue.ops]).toEqual([[], ['init']]);
    await dialogue.receive(
      rejection(init(), { type: 'record-not-found', hint: { 'record-type': 'app' }, 'original-event': { op: 'init' } }),
    );
    expect(dialogue.client.reactor.status).toBe('errored');
    expect(seen.errors).toMatchObject([{ code: 'refused', type: 'record-not-found' }]);
    await dialogue.wait(61_000);
    await dialogue.nextChannelSoon();
    await dialogue.open();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    expect(lastTitles(seen)).toEqual(['a']);
  });
});

describe('rooms', () => {
  const peer = (data: unknown, id = 'B'): Peer => ({ 'peer-id': id, user: null, data });
  const own = initOk()['session-id'];
  const room = async (): Promise<Dialogue> => {
    const dialogue = await ready();
    dialogue.client.reactor.rooms.acquire('chat', 'r1', { name: 'ann' });
    await dialogue.receive({ op: 'join-room-ok', 'room-id': 'r1' });
    return dialogue;
  };
  const peers = (dialogue: Dialogue): unknown => dialogue.client.reactor.rooms.presence('r1', {})?.peers;

  test('W-19: a message published while disconnected is sent once, after the room is rejoined', async () => {
    const dialogue = await room();
    await dialogue.drop({ reopen: false });
    dialogue.client.reactor.rooms.publishTopic('r1', 'wave', { hello: 1 });
    await dialogue.nextChannel();
    await dialogue.open();
    expect(dialogue.sentMessages('client-broadcast')).toEqual([]);
    await dialogue.receive({ op: 'join-room-ok', 'room-id': 'r1' });
    expect(dialogue.sentMessages('client-broadcast')).toMatchObject([{ 'room-id': 'r1', topic: 'wave', data: { hello: 1 } }]);
  });

  test('W-23: edits at the root replace the room; the last key of an object may go; peers keep their user', async () => {
    const dialogue = await room();
    const B: Peer = { ...peer({ a: 1 }), user: { id: 'u-bob' } };
    await dialogue.receive({ op: 'refresh-presence', 'room-id': 'r1', data: { [own]: peer({ name: 'ann' }, own), B } });
    expect(peers(dialogue)).toMatchObject({ B: { a: 1, peerId: 'B' } });
    await dialogue.receive({ op: 'patch-presence', 'room-id': 'r1', edits: [[['B', 'data', 'a'], '-']] });
    expect(Object.keys(peers(dialogue) as object)).toEqual(['B']);
    await dialogue.receive({ op: 'patch-presence', 'room-id': 'r1', edits: [[[], 'r', { D: peer({ d: 1 }, 'D') }]] });
    expect(Object.keys(peers(dialogue) as object)).toEqual(['D']);
  });

  test('W-24: a client that receives no presence after joining joins again', async () => {
    const dialogue = await room();
    await dialogue.wait(2_500);
    expect(dialogue.ops.filter((op) => op.endsWith('-room'))).toEqual(['join-room', 'leave-room', 'join-room']);
    await dialogue.receive({ op: 'join-room-ok', 'room-id': 'r1' });
    await dialogue.receive({ op: 'patch-presence', 'room-id': 'r1', edits: [[['B'], '+', peer({})]] });
    expect(dialogue.ops.filter((op) => op.endsWith('-room'))).toEqual(['join-room', 'leave-room', 'join-room', 'leave-room', 'join-room']);
    await dialogue.receive(
      { op: 'join-room-ok', 'room-id': 'r1' },
      { op: 'refresh-presence', 'room-id': 'r1', data: { B: peer({ b: 1 }) } },
    );
    await dialogue.wait(5_000);
    expect(peers(dialogue)).toMatchObject({ B: { b: 1 } });
    expect(dialogue.sentMessages('join-room')).toHaveLength(3);
  });

  test('W-25: rooms of the same id and another type are separate if roomsByType is set', async () => {
    const worlds = [
      [false, ['r1']],
      [true, ['chat/r1', 'table/r1']],
    ] as const;
    for (const [roomsByType, expected] of worlds) {
      const dialogue = await ready({ roomsByType });
      for (const type of ['chat', 'table']) openRoom(dialogue.client.reactor, type, 'r1', { type });
      expect(dialogue.sentMessages('join-room').map((message) => message['room-id'])).toEqual(expected);
    }
  });

  test('W-26: a rejected join is reported to the presence listeners of the room', async () => {
    const dialogue = await ready();
    const { rooms } = dialogue.client.reactor;
    rooms.acquire('chat', 'r1');
    const notified: unknown[] = [];
    rooms.subscribePresence('r1', {}, (slice) => notified.push(slice));
    await dialogue.receive(
      rejection('e9', { type: 'app-disabled', message: 'disabled', 'original-event': { op: 'join-room', 'room-id': 'r1' } }),
    );
    expect(notified.at(-1)).toMatchObject({ isLoading: false, error: 'disabled' });
  });

  test('W-27: several messages in one frame are received in order', () => {
    const received: string[] = [];
    const socket = { readyState: 1, onopen: null, onmessage: null as ((event: never) => void) | null, onerror: null, onclose: null, send() {}, close() {} }; // prettier-ignore
    const on = { opened() {}, activity() {}, fault() {}, closed() {}, message: ({ op }: { op: string }) => void received.push(op) };
    webSocketTransport({ url: 'wss://x.example', create: () => socket }).open(on);
    socket.onmessage?.({ data: JSON.stringify([initOk(), addQueryOk([], 1), { op: 'nothing-known' }, refreshOk([], 2)]) } as never);
    expect(received).toEqual(['init-ok', 'add-query-ok', 'refresh-ok']);
  });
});
