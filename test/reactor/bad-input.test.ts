// What is wrong with what we are given: by the app, by the server, by the network. Each gives one clear error, to whom it
// concerns; none an unhandled rejection, none a promise that never settles.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Dialogue, lastTitles } from '../support/dialogue.ts';
import { VirtualClock, settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, goalAttrs, goalId, goalsQuery, initOk, rejection } from '../support/goals.ts';
import { appId, testClient } from '../support/client.ts';
import { checkAsync, patience } from '../support/runs.ts';
import { type WebSocketLike, webSocketTransport } from '../../src/connection/web-socket.ts';
import { TriplaneError } from '../../src/errors.ts';
import { i, init } from '../../src/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import { internals } from '../../src/lib/internals.ts';

const [g1, g2] = [goalId(1), goalId(2)];
const all: Dialogue[] = [];
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

function started(...args: ConstructorParameters<typeof Dialogue>): Dialogue {
  const dialogue = new Dialogue(...args);
  all.push(dialogue);
  return dialogue;
}

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});

afterEach(async () => {
  for (const dialogue of all.splice(0)) dialogue.end();
  await settled();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('init is rejected', () => {
  const initId = (dialogue: Dialogue): string => String(dialogue.sentMessages('init')[0]?.['client-event-id']);
  const noApp = { type: 'record-not-found', message: 'Record not found: app', hint: { 'record-type': 'app' }, 'original-event': { op: 'init' } }; // prettier-ignore

  test.each([
    ['an app that does not exist', noApp],
    ['an app id the server cannot read', { type: 'param-malformed', hint: { in: ['app-id'] }, 'original-event': { op: 'init' } }],
    ['an unknown error type', { type: 'brand-new', hint: null, 'original-event': null }],
  ])('%s: each query and onError receive the error once, however often init is retried', async (_name, more) => {
    const dialogue = started();
    const seen = await dialogue.subscribe();
    const once = dialogue.client.reactor.queries.once({ goals: { $: { limit: 1 } } }).catch((error: unknown) => error);
    const write = await dialogue.create(g1, { title: 'a' });
    await settled();
    await dialogue.receive(rejection(initId(dialogue), more));
    expect(await once).toMatchObject({ code: 'refused', type: more.type });
    expect([write.status, write.outcome, dialogue.client.reactor.status]).toEqual(['enqueued', 'waiting', 'errored']);
    for (let at = 0; at < 5; at += 1) {
      await dialogue.nextChannelSoon();
      await dialogue.receive(rejection(initId(dialogue), more));
    }
    expect(seen.errors).toMatchObject([{ code: 'refused', type: more.type, status: 400 }]);
    expect(dialogue.client.errors).toMatchObject([{ code: 'refused', type: more.type }]);
    await dialogue.nextChannelSoon();
    await dialogue.open();
    await dialogue.receive(addQueryOk([], 1));
    expect([lastTitles(seen), dialogue.sentIds()]).toEqual([['a'], [write.eventId]]);
  });

  test('a query subscribed to after init was rejected receives the error', async () => {
    const dialogue = started();
    await settled();
    await dialogue.receive(rejection(initId(dialogue), noApp));
    const seen = await dialogue.subscribe();
    await dialogue.nextChannelSoon();
    await dialogue.receive(rejection(initId(dialogue), noApp));
    expect(seen.errors).toHaveLength(1);
  });

  test.each(['sql-exception', 'timeout', null])(
    'a server that fails (%s) is retried, and the app receives at most one error',
    async (type) => {
      const dialogue = started();
      const seen = await dialogue.subscribe();
      await settled();
      for (let at = 0; at < 5; at += 1) {
        await dialogue.receive(rejection(initId(dialogue), { status: 500, type, hint: null, 'original-event': { op: 'init' } }));
        await dialogue.nextChannel();
      }
      await dialogue.open();
      await dialogue.receive(addQueryOk([{ id: g1, title: 'a' }], 1));
      expect([lastTitles(seen), seen.errors]).toEqual([['a'], []]);
      expect(dialogue.client.errors.length).toBeLessThanOrEqual(1);
    },
  );

  test('an expired token signs the user out, emits auth with null, and the client continues anonymously', async () => {
    const dialogue = started();
    const { account } = dialogue.client.reactor;
    const notified: unknown[] = [];
    await account.setUser({ id: 'u1', refresh_token: 't1', isGuest: false });
    dialogue.client.reactor.events.on('auth', (user) => notified.push(user));
    await settled();
    const hint = { 'record-type': 'app-user' };
    await dialogue.receive(rejection(initId(dialogue), { type: 'record-not-found', hint, 'original-event': { op: 'init' } }));
    await dialogue.nextChannelSoon();
    await dialogue.open();
    expect([notified, await account.getUser(), dialogue.client.reactor.status]).toEqual([[null], null, 'authenticated']);
    expect(dialogue.sentMessages('init')[0]).not.toHaveProperty('refresh-token');
  });
});

describe('requests by the app', () => {
  const schema = i.schema({ entities: { goals: i.entity({ title: i.string(), done: i.boolean().optional() }) } });
  const uris = { apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9/runtime/session' };

  test.each([
    [{ nowhere: {} }, 'nowhere'],
    [{ goals: { $: { where: { nothing: 1 } } } }, 'nothing'],
    [{ goals: 7 }, 'goals'],
    [null, ''],
  ])('an invalid query is rejected at once: %j', async (query, word) => {
    const db = init({ appId, schema, ...uris, onError: () => {} });
    const matcher = expect.objectContaining({ code: 'query-invalid', message: expect.stringContaining(word) });
    expect(() => db.subscribeQuery(query as never, () => {})).toThrow(matcher);
    const once = await Promise.resolve()
      .then(() => db.queryOnce(query as never))
      .catch((error: unknown) => error);
    expect(once).toEqual(matcher);
    db.shutdown();
  });

  test.each([
    ['undefined', undefined],
    ['an object that is not a chunk', { title: 'a' }],
    ['a list without a chunk', [7]],
    ['an invalid id', { __ops: [['update', 'goals', 'not-a-uuid', { title: 'a' }]], __etype: 'goals' }],
    ['a value of the wrong type', { __ops: [['update', 'goals', g1, { title: 7 }]], __etype: 'goals' }],
    ['an unknown namespace', { __ops: [['update', 'nowhere', g1, { title: 'a' }]], __etype: 'nowhere' }],
    ['values that cannot be serialized', { __ops: [['update', 'goals', g1, { title: 1n }]], __etype: 'goals' }],
    ['circular values', { __ops: [['update', 'goals', g1, circle()]], __etype: 'goals' }],
  ])('an invalid transaction is rejected at once, and the outbox stays empty: %s', async (_name, chunks) => {
    const db = init({ appId, schema, ...uris, onError: () => {} });
    const outcome = await Promise.resolve()
      .then(() => db.transact(chunks as never))
      .then(() => 'taken', (error: unknown) => error); // prettier-ignore
    expect(outcome).toMatchObject({ code: 'transaction-invalid' });
    expect(db[internals].reactor.state.outbox.size).toBe(0);
    db.shutdown();
  });

  test('without a schema, a value that cannot be serialized is rejected, and the next write is sent', async () => {
    const dialogue = await Dialogue.ready();
    all.push(dialogue);
    const outcome = await Promise.resolve()
      .then(() => dialogue.client.reactor.writes.transact([chunk('update', g1, { title: (() => 'a function') as never })]))
      .then(() => 'taken', (error: { code?: string }) => error.code); // prettier-ignore
    const next = await dialogue.create(g2, { title: 'fine' });
    expect([outcome, dialogue.sentIds()]).toEqual(['transaction-invalid', [next.eventId]]);
  });

  test('a query that the server rejects gives its listeners one error, and is not sent again', async () => {
    const dialogue = await Dialogue.ready();
    all.push(dialogue);
    const seen = await dialogue.subscribe();
    const id = String(dialogue.sentMessages('add-query')[0]?.['client-event-id']);
    await dialogue.receive(rejection(id, { type: 'validation-failed', 'original-event': { op: 'add-query', q: goalsQuery } }));
    await dialogue.wait(120_000);
    expect(seen.errors).toMatchObject([{ code: 'refused', type: 'validation-failed' }]);
    expect([dialogue.sentMessages('add-query').length, dialogue.client.errors.length]).toEqual([1, 0]);
  });

  test('a query that the server rejects keeps no confirmed write in the outbox', async () => {
    const dialogue = await Dialogue.ready();
    all.push(dialogue);
    await dialogue.subscribe();
    const [{ 'client-event-id': eventId } = { 'client-event-id': '' }] = dialogue.sentMessages('add-query');
    const { outbox } = dialogue.client.reactor.state;
    const before = await dialogue.create(g1, { title: 'before' });
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': before.eventId, 'tx-id': 1 });
    expect(outbox.size).toBe(1);
    await dialogue.receive(rejection(String(eventId), { type: 'validation-failed', 'original-event': { op: 'add-query', q: goalsQuery } }));
    expect(outbox.size).toBe(0);
    const after = await dialogue.create(g2, { title: 'after' });
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': after.eventId, 'tx-id': 2 });
    expect(outbox.size).toBe(0);
  });
});

function circle(): object {
  const self: Record<string, unknown> = {};
  self['title'] = self;
  return self;
}

test('a port without a server: one error, queryOnce settles, writes are kept, and closing leaves nothing', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  await new Promise((resolve) => taken.close(resolve));
  const transports = [webSocketTransport({ url: `ws://127.0.0.1:${port}/runtime/session` })];
  const client = testClient({ transports, clock: systemClock, queryTimeoutMs: 1_500 });
  const once = client.reactor.queries.once(goalsQuery);
  await expect(once).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('Check that the server is running') });
  expect(await client.reactor.writes.transact([chunk('create', g1, { title: 'a' })])).toMatchObject({ status: 'enqueued' });
  expect(client.errors).toMatchObject([{ code: 'unreachable' }]);
  client.reactor.shutdown();
});

describe('malformed frames', () => {
  const frames = readFileSync(new URL('../protocol/transcripts.txt', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((channel) => /^[AB]?← (.*)$/.exec(channel)?.[1] ?? []);

  /** Changes at a place in a frame; `id` puts in one of our own event ids, so that it is taken for an answer to us. */
  const change = fc.record({
    place: fc.nat(200),
    what: fc.oneof(
      fc.constantFrom<unknown>(null, 0, -1, '', 'x', [], {}, [[]], [null], true, 1e308, '__proto__', { op: 'init-ok' }),
      fc.jsonValue({ maxDepth: 3 }),
    ),
    how: fc.constantFrom('put', 'put', 'put', 'cut', 'id', 'id', 'proto', 'list', 'text', 'twice'),
  });
  const mutated = fc.record({ frame: fc.constantFrom(...frames), changes: fc.array(change, { maxLength: 3 }), id: fc.nat(5) });

  test('5,000 of them cause no exception and no corrupt state, and the connection stays usable', { timeout: patience }, async () => {
    const life = async (mutations: readonly { frame: string; changes: readonly Change[]; id: number }[]): Promise<void> => {
      const world = new FrameWorld();
      await world.begin();
      for (const { frame, changes, id } of mutations) await world.receive(mutate(frame, changes, world.ids[id % world.ids.length] ?? ''));
      await world.checkUse();
      world.end();
    };
    const runs = fc.array(mutated, { minLength: 50, maxLength: 50, size: 'max' });
    await checkAsync(fc.asyncProperty(runs, life), 100);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

interface Change {
  readonly place: number;
  readonly what: unknown;
  readonly how: string;
}

function mutate(frame: string, changes: readonly Change[], id: string): string {
  let value: unknown = JSON.parse(frame);
  let text: string | undefined;
  for (const { place, what: given, how } of changes) {
    const what = structuredClone(given);
    const places: [holder: Record<string, unknown>, key: string][] = [];
    collect(value, places);
    const at = places[place % Math.max(1, places.length)];
    if (how === 'list') value = [value, what];
    if (how === 'id' && typeof value === 'object' && value !== null) (value as Record<string, unknown>)['client-event-id'] = id;
    if (how === 'text') text = JSON.stringify(value).slice(0, place) + String(JSON.stringify(what)).slice(0, 2);
    if (!at) continue;
    if (how === 'put') at[0][at[1]] = what;
    if (how === 'cut') delete at[0][at[1]];
    if (how === 'twice') at[0][`${at[1]}?`] = at[0][at[1]];
    if (how === 'proto') at[0][at[1]] = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  }
  return text ?? JSON.stringify(value);
}

function collect(value: unknown, places: [holder: Record<string, unknown>, key: string][]): void {
  if (typeof value !== 'object' || value === null || places.length > 300) return;
  for (const key of Object.keys(value)) {
    places.push([value as Record<string, unknown>, key]);
    collect((value as Record<string, unknown>)[key], places);
  }
}

/** A client that does a little of everything, on sockets of which the newest is the one that speaks. */
class FrameWorld {
  readonly clock = new VirtualClock();
  readonly errors: Error[] = [];
  readonly ids: string[] = [];
  readonly #sockets: (WebSocketLike & { readonly said: ClientMessage[] })[] = [];
  readonly #client: ReturnType<typeof testClient>;
  #results = 0;

  constructor() {
    const transports = [webSocketTransport({ url: 'wss://x.example', create: () => this.#newSocket() })];
    this.#client = testClient({ transports, clock: this.clock, onError: (error) => void this.errors.push(error) });
  }

  async begin(): Promise<void> {
    const { reactor } = this.#client;
    await settled();
    const notified = (): void => void (this.#results += 1);
    reactor.queries.subscribe(goalsQuery, { onResult: notified, onError: () => {} });
    reactor.rooms.acquire('chat', 'room-1', { name: 'ann' });
    reactor.rooms.subscribePresence('room-1', {}, () => {});
    reactor.rooms.subscribeTopic('room-1', 'emoji', () => {});
    await this.#open();
    await this.receive(JSON.stringify(addQueryOk([{ id: g1, title: 'a' }], 4711)));
    for (const id of [g1, g2]) reactor.writes.transact([chunk('update', id, { title: 'mine' })]).catch(() => {});
    await settled();
    for (const { op, 'client-event-id': id } of this.#socket.said) if (op !== 'join-room') this.ids.push(String(id));
  }

  /** Nothing is thrown, nothing is taken halfway. */
  async receive(text: string): Promise<void> {
    this.#socket.onmessage?.({ data: text } as never);
    await settled();
    for (const error of this.errors.splice(0)) {
      expect(error, text).toBeInstanceOf(TriplaneError);
      expect(error.message, `${text}\n${String((error.cause as Error | undefined)?.stack)}`).not.toContain('could not be taken');
    }
  }

  /** Whatever was heard: a line comes back, and an answer on it is seen. */
  async checkUse(): Promise<void> {
    await this.receive(JSON.stringify({ op: 'app-status-changed', status: 'active' }));
    const { reactor } = this.#client;
    for (let second = 0; second < 120 && !reactor.isReady; second += 1) {
      await this.clock.advance(1_000);
      if (reactor.status === 'connecting') await this.#open();
    }
    expect(this.#client.reactor.status).toBe('authenticated');
    const before = this.#results;
    await this.receive(JSON.stringify({ ...initOk({ attrs: goalAttrs }) }));
    await this.receive(JSON.stringify(addQueryOk([{ id: g1, title: `news ${Math.random()}` }, { id: goalId(9), title: 'x' }], 9_007_199_254_740_991))); // prettier-ignore
    expect(this.#results).toBeGreaterThan(before);
  }

  end(): void {
    this.#client.reactor.shutdown();
    expect(this.clock.timers).toBe(0);
  }

  get #socket(): WebSocketLike & { readonly said: ClientMessage[] } {
    const socket = this.#sockets.at(-1);
    if (!socket) throw new Error('No socket was opened');
    return socket;
  }

  async #open(): Promise<void> {
    this.#socket.onopen?.({} as never);
    await settled();
    await this.receive(JSON.stringify(initOk()));
  }

  #newSocket(): WebSocketLike {
    const sent: ClientMessage[] = [];
    const socket = {
      readyState: 1,
      onopen: null,
      onmessage: null,
      onerror: null,
      onclose: null,
      said: sent,
      send: (text: string) => void sent.push(JSON.parse(text) as ClientMessage),
      close: () => {},
    };
    this.#sockets.push(socket);
    return socket;
  }
}
