// The Reactor in conversation with a server, step by step: what it says, in which order, and what its callers see.

import { afterEach, describe, expect, test } from 'vitest';
import { Dialogue, lastTitles } from '../support/dialogue.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import {
  addQueryOk,
  attrIds,
  chunk,
  goalAttrs,
  goalId,
  goalsQuery,
  goalTriples,
  initOk,
  nodes,
  refreshOk,
  rejection,
} from '../support/goals.ts';
import type { ErrorMessage } from '../../src/protocol/server-error.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const [g1, g2, g3] = [goalId(1), goalId(2), goalId(3)];
const opened: Dialogue[] = [];

async function ready(...args: Parameters<typeof Dialogue.ready>): Promise<Dialogue> {
  const dialogue = await Dialogue.ready(...args);
  opened.push(dialogue);
  return dialogue;
}

afterEach(() => {
  for (const dialogue of opened.splice(0)) dialogue.end();
});

describe('a session', () => {
  test('starts with init, and sends nothing else until init has a response', async () => {
    const dialogue = new Dialogue();
    opened.push(dialogue);
    await dialogue.subscribe();
    const write = await dialogue.update(g1, { title: 'Learn to swim' });
    await dialogue.wait(1_000);
    expect(dialogue.ops).toEqual(['init']);
    expect(write.status).toBe('enqueued');
    await dialogue.open();
    expect(dialogue.ops).toEqual(['init', 'add-query', 'transact']);
    expect(dialogue.sentMessages('init')[0]).toMatchObject({
      'app-id': expect.any(String),
      versions: { '@instantdb/core': expect.any(String) },
    });
    expect(dialogue.sentMessages('init')[0]).not.toHaveProperty('refresh-token');
  });

  test('emits each status change', async () => {
    const dialogue = new Dialogue();
    opened.push(dialogue);
    const notified: string[] = [];
    dialogue.client.reactor.events.on('status', (status) => notified.push(status));
    await dialogue.open();
    await dialogue.drop();
    expect(notified).toEqual(['opened', 'authenticated', 'closed', 'connecting', 'opened', 'authenticated']);
  });

  test('sends the refresh token of the stored user with init', async () => {
    const store = memoryStore();
    const user = { id: 'u1', refresh_token: 't1', isGuest: false };
    await store.write([{ put: 'user', value: user }]);
    const dialogue = await ready({ store });
    expect(dialogue.sentMessages('init')[0]).toMatchObject({ 'refresh-token': 't1' });
    expect(await dialogue.client.reactor.account.getUser()).toEqual(user);
  });

  test('ignores a second init-ok', async () => {
    const dialogue = await ready();
    await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    const write = await dialogue.update(g1, { title: 'b' });
    await dialogue.receive(initOk());
    expect(dialogue.sentIds()).toEqual([write.eventId]);
  });

  const initError = (eventId: string, more: Partial<ErrorMessage>): ErrorMessage =>
    rejection(eventId, { 'original-event': { op: 'init', 'client-event-id': eventId }, hint: undefined, ...more });

  test.each<[what: string, error: (own: string) => ErrorMessage]>([
    ['an init that is not its own', () => initError('another', { type: 'record-not-found', message: 'Record not found: app' })],
    [
      'its own init, sent twice',
      (own) => initError(own, { type: 'validation-failed', message: '`init` has already run for this session.' }),
    ],
    ['an init without an event id', () => ({ ...initError('', { type: 'validation-failed' }), 'client-event-id': null })],
  ])('that is open is not closed by an error about %s', async (_what, error) => {
    const dialogue = await ready();
    await dialogue.receive(error(String(dialogue.sentMessages('init')[0]?.['client-event-id'])));
    expect([dialogue.channel.isClosed, dialogue.client.reactor.status]).toEqual([false, 'authenticated']);
  });

  test('that is open is closed when the server rejects its init afterwards', async () => {
    const dialogue = await ready();
    const own = String(dialogue.sentMessages('init')[0]?.['client-event-id']);
    await dialogue.receive(initError(own, { type: 'record-not-found', message: 'Record not found: app-user' }));
    expect([dialogue.channel.isClosed, dialogue.client.reactor.status]).toEqual([true, 'errored']);
  });

  test('ignores messages about unknown queries and writes', async () => {
    const dialogue = await ready();
    for (const op of ['remove-query-ok', 'add-query-exists'] as const) await dialogue.receive({ op, q: { nothing: {} } });
    await dialogue.receive(refreshOk([], 1, { others: {} }), { op: 'transact-ok', 'tx-id': 1, 'client-event-id': 'nobody' });
    expect(dialogue.client.errors).toEqual([]);
  });
});

describe('a query', () => {
  test('is sent once for any number of listeners, and each is notified', async () => {
    const dialogue = await ready();
    const one = await dialogue.subscribe();
    const other = await dialogue.subscribe();
    expect(dialogue.sentMessages('add-query')).toHaveLength(1);
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    const late = await dialogue.subscribe();
    for (const seen of [one, other, late]) expect(lastTitles(seen)).toEqual(['a']);
    expect(one.results).toHaveLength(1);
    one.stop();
    other.stop();
    expect(dialogue.sentMessages('remove-query')).toEqual([]);
    late.stop();
    expect(dialogue.sentMessages('remove-query')).toMatchObject([{ q: goalsQuery }]);
    await dialogue.receive(refreshOk([{ id: g1, title: 'late' }], 2));
    expect(lastTitles(late)).toEqual(['a']);
  });

  test('results are matched to their query independently of key order', async () => {
    const dialogue = await ready();
    const query = { goals: { $: { where: { done: true, title: 'x' } } } };
    const done = await dialogue.subscribe(query);
    const all = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g2, title: 'x', done: true }], 1, { goals: { $: { where: { title: 'x', done: true } } } }));
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    expect([lastTitles(done), lastTitles(all)]).toEqual([['x'], ['a']]);
  });

  test('add-query-exists is neither a result nor an error', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive({ op: 'add-query-exists', q: goalsQuery });
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    await dialogue.receive({ op: 'add-query-exists', q: goalsQuery });
    expect(lastTitles(seen)).toEqual(['a']);
    expect(seen.results).toHaveLength(1);
  });

  test('add-query-exists in place of the first result makes the client send the query again', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    const [asked] = dialogue.sentMessages('add-query');
    await dialogue.receive({ op: 'add-query-exists', q: goalsQuery, 'client-event-id': asked?.['client-event-id'] });
    expect(dialogue.ops.slice(-3)).toEqual(['add-query', 'remove-query', 'add-query']);
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    await dialogue.receive({ op: 'add-query-exists', q: goalsQuery, 'client-event-id': asked?.['client-event-id'] });
    expect(dialogue.ops.filter((op) => op === 'add-query')).toHaveLength(2);
    expect(lastTitles(seen)).toEqual(['a']);
  });

  test('a refresh replaces the old result with the new one', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    await dialogue.receive(refreshOk([{ id: g2, title: 'b' }], 2));
    expect(lastTitles(seen)).toEqual(['b']);
  });

  test('unchanged rows keep their identity', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }, { id: g2, title: 'b' }], 1)); // prettier-ignore
    await dialogue.receive(refreshOk([{ id: g1, title: 'a' }, { id: g2, title: 'c' }], 2)); // prettier-ignore
    const [before, after] = seen.results.map(({ data }) => data['goals'] ?? []);
    expect(after?.[0]).toBe(before?.[0]);
    expect(after?.[1]).not.toBe(before?.[1]);
  });

  test('the attrs of a refresh are applied before its results', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 1));
    const note = { ...goalAttrs[1], id: 'a7000000-0000-4000-8000-000000000009', 'forward-identity': ['f9', 'goals', 'note'] as const };
    const triples = [...goalTriples({ id: g1 }), [g1, note.id, 'new', 1] as const];
    const computations = [{ 'instaql-query': goalsQuery, 'instaql-result': nodes(triples) }];
    await dialogue.receive({ op: 'refresh-ok', computations, attrs: [...goalAttrs, note as never], 'processed-tx-id': 2 });
    expect(seen.results.at(-1)?.data['goals']).toEqual([{ id: g1, note: 'new' }]);
  });

  test('queryOnce resolves with the result, and is then removed', async () => {
    const dialogue = await ready();
    const once = dialogue.client.reactor.queries.once(goalsQuery);
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    expect((await once).data['goals']).toEqual([{ id: g1, title: 'a' }]);
    expect(dialogue.ops).toEqual(['init', 'add-query', 'remove-query']);
    await dialogue.drop();
    expect(dialogue.ops).toEqual(['init']);
  });

  test('queryOnce uses the result of a live subscription without a request', async () => {
    const dialogue = await ready();
    await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
    expect((await dialogue.client.reactor.queries.once(goalsQuery)).data['goals']).toHaveLength(1);
    expect(dialogue.ops).toEqual(['init', 'add-query']);
  });

  test('queryOnce on a connection that is lost resolves on the next one', async () => {
    const dialogue = await ready();
    const once = dialogue.client.reactor.queries.once(goalsQuery);
    await settled();
    await dialogue.drop();
    expect(dialogue.ops).toEqual(['init', 'add-query']);
    await dialogue.receive(addQueryOk([], 1));
    expect((await once).data).toEqual({ goals: [] });
  });

  test('queryOnce rejects with a timeout if the server does not respond', async () => {
    const dialogue = await ready();
    const once = dialogue.client.reactor.queries.once(goalsQuery).catch((error: unknown) => error);
    await dialogue.wait(30_000);
    expect(await once).toMatchObject({ code: 'timeout', message: expect.stringContaining('the test server') });
    expect(dialogue.sentMessages('remove-query')).toContainEqual(expect.objectContaining({ q: goalsQuery }));
  });

  test('a rejected query gives an error to its listeners, and none to those of other queries', async () => {
    const dialogue = await ready();
    const other = await dialogue.subscribe();
    const seen = await dialogue.subscribe({ secrets: {} });
    const [, requested] = dialogue.sentMessages('add-query');
    await dialogue.receive(
      rejection(String(requested?.['client-event-id']), { 'original-event': { op: 'add-query', q: { secrets: {} } } }),
    );
    expect(seen.errors).toMatchObject([{ code: 'refused', status: 400, type: 'permission-denied', traceId: 'trace-1' }]);
    expect([other.errors, dialogue.client.errors]).toEqual([[], []]);
  });
});

describe('a write', () => {
  test('is shown at once, sent, confirmed, and removed when the result contains it', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const write = await dialogue.create(g1, { title: 'Learn to swim' });
    expect(lastTitles(seen)).toEqual(['Learn to swim']);
    expect(dialogue.sentMessages('transact')).toMatchObject([
      {
        'client-event-id': write.eventId,
        'tx-steps': [
          ['add-triple', g1, attrIds.id, g1, { mode: 'create' }],
          ['add-triple', g1, attrIds.title, 'Learn to swim', { mode: 'create' }],
        ],
      },
    ]);
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 11 });
    expect([write.status, dialogue.client.reactor.state.outbox.size]).toEqual(['synced', 1]);
    await dialogue.receive(refreshOk([{ id: g1, title: 'Learn to swim' }], 11));
    expect([lastTitles(seen), dialogue.client.reactor.state.outbox.size]).toEqual([['Learn to swim'], 0]);
  });

  test('is removed as well if the result that contains it arrives before the confirmation', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const write = await dialogue.create(g1, { title: 'a' });
    await dialogue.receive(refreshOk([{ id: g1, title: 'a' }], 11));
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 11 });
    expect([lastTitles(seen), dialogue.client.reactor.state.outbox.size]).toEqual([['a'], 0]);
  });

  test('is shown on top of changes by others, which never cover it', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a', done: false }], 10));
    const write = await dialogue.update(g1, { title: 'mine' });
    await dialogue.receive(refreshOk([{ id: g1, title: 'theirs', done: true }, { id: g2, title: 'new' }], 11)); // prettier-ignore
    expect(seen.results.at(-1)?.data['goals']).toEqual([
      { id: g1, title: 'mine', done: true },
      { id: g2, title: 'new' },
    ]);
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 12 });
    expect(lastTitles(seen)).toEqual(['mine', 'new']);
    await dialogue.receive(refreshOk([{ id: g1, title: 'mine', done: true }, { id: g2, title: 'new' }], 12)); // prettier-ignore
    expect(lastTitles(seen)).toEqual(['mine', 'new']);
    expect(seen.results.map((result) => result.data['goals']?.[0])).not.toContainEqual(expect.objectContaining({ title: 'theirs' }));
  });

  test('disappears when it is rejected, and later writes stay', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    const bad = await dialogue.update(g1, { title: 'bad' });
    await dialogue.create(g2, { title: 'good' });
    await dialogue.receive(rejection(bad.eventId));
    expect(lastTitles(seen)).toEqual(['a', 'good']);
    expect([bad.status, bad.outcome]).toEqual(['refused', 'refused']);
    expect(bad.error).toMatchObject({ status: 400, type: 'permission-denied', hint: { expected: 'perms-pass?' }, traceId: 'trace-1' });
    expect(dialogue.client.errors).toEqual([]);
  });

  test('several writes are sent in the order they were made, without waiting for one another', async () => {
    const dialogue = await ready();
    const made = [dialogue.send(chunk('create', g1, {})), dialogue.send(chunk('create', g2, {})), dialogue.send(chunk('create', g3, {}))];
    await settled();
    expect(dialogue.sentIds()).toEqual(made.map(({ eventId }) => eventId));
  });

  test('a transaction that rejects its promise is not sent', async () => {
    const dialogue = await ready();
    const write = dialogue.client.reactor.writes.transact([{ __ops: [['link', 'goals', g1, { nowhere: 'no-id' }]], __etype: 'goals' }]);
    const outcome = await write.then(
      () => 'went out',
      () => 'rejected',
    );
    expect(dialogue.sentMessages('transact')).toHaveLength(outcome === 'rejected' ? 0 : 1);
  });

  test('a rejected write whose promise has no handler is reported to onError', async () => {
    const dialogue = await ready();
    const write = dialogue.client.reactor.writes.transact([chunk('create', g1, { title: 'bad' })]);
    void write.queued;
    await settled();
    await dialogue.receive(rejection(String(dialogue.sentIds()[0])));
    expect(dialogue.client.errors).toMatchObject([{ code: 'refused', type: 'permission-denied' }]);
  });
});

describe('a lost connection', () => {
  test('the client resends each query, and each pending write under its event id, in order', async () => {
    const dialogue = await ready();
    await dialogue.subscribe();
    await dialogue.subscribe({ goals: { $: { where: { done: true } } } });
    await dialogue.receive(addQueryOk([], 10));
    const sent = [await dialogue.create(g1, { title: 'a' }), await dialogue.create(g2, { title: 'b' })];
    const [first] = sent;
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first!.eventId, 'tx-id': 11 });
    await dialogue.drop({ reopen: false });
    const offline = await dialogue.create(g3, { title: 'c' });
    expect(offline.status).toBe('enqueued');
    await dialogue.nextChannel();
    await dialogue.open();
    expect(dialogue.ops).toEqual(['init', 'add-query', 'add-query', 'transact', 'transact']);
    expect(dialogue.sentIds()).toEqual([sent[1]!.eventId, offline.eventId]);
  });

  test('query results stay as they were, including pending writes', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    await dialogue.create(g2, { title: 'b' });
    await dialogue.drop({ reopen: false });
    await dialogue.wait(120_000);
    expect(lastTitles(seen)).toEqual(['a', 'b']);
    expect(seen.errors).toEqual([]);
  });

  test('the result of the new session is used, even if its transaction id is lower', async () => {
    const dialogue = await ready();
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 10));
    await dialogue.drop();
    await dialogue.receive(addQueryOk([{ id: g1, title: 'restored from backup' }], 3));
    expect(lastTitles(seen)).toEqual(['restored from backup']);
  });

  test('stored writes of earlier runs are sent first, under their own event ids', async () => {
    const cached = memoryStore();
    const store = { ...cached, close: () => {} };
    const before = new Dialogue({ store });
    opened.push(before);
    const writes = [await before.create(g1, { title: 'a' }), await before.create(g2, { title: 'b' })];
    before.end();
    const second = new Dialogue({ store });
    opened.push(second);
    writes.push(await second.create(g3, { title: 'c' }));
    await second.drop({ reopen: false });
    second.end();
    const after = await ready({ store });
    expect(after.sentIds()).toEqual(writes.map(({ eventId }) => eventId));
    for (const [at, { eventId }] of writes.entries())
      await after.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': at + 1 });
    await after.wait(1_000);
    expect(await cached.list('write/')).toEqual([]);
  });
});

describe('shutting down', () => {
  test('settles every promise, and leaves no socket, timer or listener', async () => {
    const dialogue = await ready();
    const { reactor, clock, network, transport } = dialogue.client;
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 1));
    const sent = await dialogue.create(g1, { title: 'a' });
    const persisting = dialogue.send(chunk('create', g2, { title: 'b' }));
    const once = reactor.queries.once({ goals: { $: { limit: 1 } } }).catch((error: unknown) => error);
    dialogue.end();
    await settled();
    expect(await once).toMatchObject({ code: 'closed' });
    expect([sent.outcome, persisting.outcome]).toEqual(['closed', 'closed']);
    expect([sent.status, persisting.status]).not.toContain('waiting');
    expect([clock.timers, network.listeners, transport.openChannels.length]).toEqual([0, 0, 0]);
    const notified = seen.results.length;
    dialogue.channel.on.message(refreshOk([{ id: g2, title: 'late' }], 2));
    await settled();
    expect(seen.results).toHaveLength(notified);
  });

  test('calls made afterwards fail with the code closed', async () => {
    const dialogue = await ready();
    dialogue.end();
    dialogue.end();
    const { reactor } = dialogue.client;
    expect(() => reactor.writes.transact([])).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(() => reactor.queries.subscribe(goalsQuery, { onResult() {}, onError() {} })).toThrow(
      expect.objectContaining({ code: 'closed' }),
    );
    expect(() => reactor.queries.once(goalsQuery)).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(() => reactor.rooms.acquire('chat', 'r1')).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('right after the start settles the write while the store is still being read', async () => {
    const dialogue = new Dialogue();
    const write = dialogue.send(chunk('create', g1, {}));
    dialogue.end();
    await settled();
    expect(write.outcome).toBe('closed');
    expect([dialogue.client.transport.channels.length, dialogue.client.clock.timers]).toEqual([0, 0]);
    expect(dialogue.client.errors).toEqual([]);
  });
});
