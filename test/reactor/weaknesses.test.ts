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
  test('W-01: a write whose confirmation was lost goes out under the same id, and is confirmed by the answer to the first', async () => {
    const dialogue = await ready({}, { triplane: { 'deduplicates-transactions': true } });
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.drop();
    expect(dialogue.sentIds()).toEqual([write.eventId]);
    await dialogue.receive(ok(write.eventId, 12));
    expect(write.outcome).toBe('synced');
  });

  test('W-01: a create that is refused after it went out twice is looked up before it is called failed', async () => {
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

  test('W-01: and if it is not there, it has failed', async () => {
    const dialogue = await ready();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.drop();
    await dialogue.receive(rejection(write.eventId, { type: 'validation-failed' }));
    await dialogue.receive(addQueryOk([], 11, dialogue.sentMessages('add-query').at(-1)?.q));
    expect(write.outcome).toBe('refused');
  });

  test('W-02: a server that is away or slow takes no write with it', async () => {
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
    'W-03: status 500 (%s) tells nothing: the write is kept and sent again under its id',
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

  test('W-04: a refused write leaves the screen, also if an answer came while it was on its way', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const write = await dialogue.create(g1, { title: 'mine' });
    await dialogue.receive(refreshOk([{ id: g2, title: 'theirs' }], 11));
    expect(lastTitles(seen)).toEqual(['theirs', 'mine']);
    await dialogue.receive(rejection(write.eventId));
    expect(lastTitles(seen)).toEqual(['theirs']);
  });

  test('W-05: a confirmed write that no answer takes in is asked about, and does not hide the truth for ever', async () => {
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

  test('W-05: a server whose refreshes cover every query needs no asking', async () => {
    const dialogue = await ready({}, { triplane: { 'refresh-covers-all': true } });
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    const write = await dialogue.update(g1, { title: 'b' });
    await dialogue.receive(ok(write.eventId, 11), { op: 'refresh-ok', computations: [], 'processed-tx-id': 12 });
    expect([lastTitles(seen), dialogue.client.reactor.state.outbox.size]).toEqual([['a'], 0]);
  });

  test('W-06: a write is shown until an answer contains it, by its place in the log and not by its number alone', async () => {
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

  test('W-07: a query nobody listens to any more keeps no write from being forgotten', async () => {
    const dialogue = await ready();
    const idle = await dialogue.subscribe({ goals: { $: { where: { done: true } } } });
    await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10, { goals: { $: { where: { done: true } } } }), addQueryOk([], 10));
    idle.stop();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.receive(ok(write.eventId, 11), refreshOk([{ id: g1, title: 'a' }], 11));
    expect(dialogue.client.reactor.state.outbox.size).toBe(0);
  });

  test('W-11: type, status, hint and trace of a refusal reach the app', async () => {
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

  test('W-12: a refused write can be read after the next start', async () => {
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

  test('W-13: a token that is no longer good costs no write', async () => {
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

  test('W-13: writes wait while their maker is away, and go out in nobody else’s name', async () => {
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

  test('W-13: the same user once more changes nothing', async () => {
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

  test('W-13: what one user saw is not shown to the next', async () => {
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
  test('W-14: writes of several tabs are records of their own', async () => {
    const store = disk();
    const tabs = [started({ store }), started({ store })];
    for (let at = 0; at < 20; at += 1) await tabs[at % 2]?.create(goalId(at), { title: String(at) });
    expect(await store.list('write/')).toHaveLength(20);
  });

  test('W-15: steps that change or delete an attr stay in a write that is put in newer terms', async () => {
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

  test('W-16: while the app is closed for writing, what waits is held and not thrown away', async () => {
    const dialogue = started();
    const cached = await dialogue.create(g1, { title: 'a' });
    await dialogue.open({ 'app-status': { status: 'read-only' } });
    expect(dialogue.sentIds()).toEqual([]);
    const late = await dialogue.create(g2, { title: 'b' });
    expect([late.outcome, (late.error as { type?: string }).type]).toEqual(['refused', 'app-read-only']);
    await dialogue.receive({ op: 'app-status-changed', status: 'active' });
    expect([dialogue.sentIds(), cached.outcome]).toEqual([[cached.eventId], 'waiting']);
  });

  test.each(['app-read-only', 'app-disabled', 'rate-limited'])('W-16: a refusal that passes (%s) is no refusal', async (type) => {
    const dialogue = await ready();
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.receive(rejection(write.eventId, { type, hint: { 'retry-after': 2 } }));
    await dialogue.wait(1_900);
    expect(dialogue.sentIds()).toHaveLength(1);
    await dialogue.wait(60_000);
    expect([write.outcome, dialogue.sentIds().length]).toEqual(['waiting', 2]);
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

  test('W-38: a write goes out only when it is on disk, and is on disk before it is told to be kept', async () => {
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

  test('W-42: refused for an attr that somebody else made first, it goes out again with theirs', async () => {
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
  test('W-08: an older answer does not overwrite a newer one', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(refreshOk([{ id: g1, title: 'new' }], 12), addQueryOk([{ id: g1, title: 'old' }], 9));
    expect(lastTitles(seen)).toEqual(['new']);
    await dialogue.receive(refreshOk([{ id: g1, title: 'newer' }], 13), refreshOk([{ id: g1, title: 'new' }], 12));
    expect(lastTitles(seen)).toEqual(['newer']);
  });

  test.each(['rate-limited', 'timeout', 'operation-timed-out', 'sql-exception', null])(
    'W-09: a query that failed with %s is asked again, and nobody is bothered',
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

  test('W-10: after a refresh that failed, every query is removed and asked anew', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'old' }], 10));
    await dialogue.receive({ op: 'error', status: 500, type: 'timeout', message: 'too slow', 'client-event-id': null, 'original-event': { op: 'refresh' } }); // prettier-ignore
    expect(dialogue.ops.slice(-2)).toEqual(['remove-query', 'add-query']);
    await dialogue.receive(addQueryOk([{ id: g1, title: 'new' }], 11));
    expect([lastTitles(seen), dialogue.client.errors]).toEqual([['new'], []]);
  });

  test('W-20: a query asked once that was not answered leaves nothing behind', async () => {
    const dialogue = await ready({ queryTimeoutMs: 5_000 });
    const outcome = dialogue.client.reactor.queries.once(goalsQuery).catch((error: { code: string }) => error.code);
    await dialogue.wait(5_000);
    expect(await outcome).toBe('timeout');
    expect(dialogue.sentMessages('remove-query')).toMatchObject([{ q: goalsQuery }]);
    await dialogue.drop();
    expect(dialogue.ops).toEqual(['init']);
  });

  test('W-29: a change is told once, to those it concerns, with the rows it left alone', async () => {
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
  test('W-17: the network comes back before the timer: one socket, and it is left alone', async () => {
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

  test('W-18: a line that went silent is asked, and given up if it does not answer', async () => {
    const dialogue = await ready();
    await dialogue.client.clock.advance(10_000);
    expect(dialogue.sentMessages('remove-query')).toMatchObject([{ q: { $$probe: {} } }]);
    await dialogue.client.clock.advance(6_000);
    expect(dialogue.client.transport.channels[0]?.isClosed).toBe(true);
    expect(dialogue.client.transport.channels.length + Number(dialogue.client.reactor.status === 'closed')).toBe(2);
  });

  test('W-22: a server that is down does not change the way to it for good', async () => {
    const dialogue = await ready();
    for (let at = 0; at < 3; at += 1) await dialogue.drop();
    expect(dialogue.client.transport.channels).toHaveLength(4);
    expect(dialogue.client.reactor.status).toBe('authenticated');
  });

  test('W-30: what waits for a room has a limit, and says so', async () => {
    const dialogue = await ready();
    const { rooms } = dialogue.client.reactor;
    rooms.acquire('chat', 'r1');
    for (let at = 0; at < 1_000; at += 1) rooms.publishTopic('r1', 'wave', at);
    expect(() => rooms.publishTopic('r1', 'wave', 1_000)).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  test('W-30: what waits to be sent has a limit, and the write that is too many is refused by name', async () => {
    const dialogue = started({ outboxLimit: 3 });
    for (let at = 0; at < 3; at += 1) await dialogue.create(goalId(at), { title: 'a' });
    const last = await dialogue.create(goalId(4), { title: 'b' });
    expect([last.outcome, dialogue.client.reactor.outbox.list().length]).toEqual(['limit', 3]);
  });

  test('W-32: an init the server failed at is tried again soon; one it refused is told, and tried again later', async () => {
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

  test('W-19: what is said between two lines waits, and is said once', async () => {
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

  test('W-24: a joiner who is not told who is there asks again', async () => {
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

  test('W-25: rooms of the same id and another type can be told apart, if the app asks for it', async () => {
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

  test('W-26: a refused join reaches those who wait for the room', async () => {
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

  test('W-27: several messages in one frame are heard in their order', () => {
    const received: string[] = [];
    const socket = { readyState: 1, onopen: null, onmessage: null as ((event: never) => void) | null, onerror: null, onclose: null, send() {}, close() {} }; // prettier-ignore
    const on = { opened() {}, activity() {}, fault() {}, closed() {}, message: ({ op }: { op: string }) => void received.push(op) };
    webSocketTransport({ url: 'wss://x.example', create: () => socket }).open(on);
    socket.onmessage?.({ data: JSON.stringify([initOk(), addQueryOk([], 1), { op: 'nothing-known' }, refreshOk([], 2)]) } as never);
    expect(received).toEqual(['init-ok', 'add-query-ok', 'refresh-ok']);
  });
});
