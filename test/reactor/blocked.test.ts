// A request that no line takes, however often it is sent: it is set aside within 90 s, and keeps the others from the server no longer.

import { describe, expect, it } from 'vitest';

import { eventSourceTransport } from '../../src/connection/sse/transport.ts';
import type { ChannelEvents, Transport } from '../../src/connection/transport.ts';
import { encode } from '../../src/protocol/codec.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import type { EventSourceType } from '../../src/types/ports.ts';
import { listener, testClient, type TestClient } from '../support/client.ts';
import { addQueryOk, chunk, goalId, initOk } from '../support/goals.ts';
import { sseHead } from '../support/sse-server.ts';

// Loaded on first use otherwise, which the virtual clock does not wait for.
await import('../../src/reactor/recovery.ts');

const big = 'x'.repeat(200_000);
const random = { ...systemRandom, next: () => 0.5 };

/** What gets through a line: everything, everything but large messages, or nothing. */
interface Line {
  passes: (size: number, nowMs: number) => boolean;
  /** What reached the server. */
  readonly arrived: ClientMessage[];
}

function answers(message: ClientMessage): ServerMessage[] {
  const presence = (roomId: string): ServerMessage => ({ op: 'refresh-presence', 'room-id': roomId, data: {} });
  const first = answer(message);
  if (!first) return [];
  return message.op === 'join-room' ? [first, presence(message['room-id'])] : [first];
}

function answer(message: ClientMessage): ServerMessage | undefined {
  const eventId = message['client-event-id'];
  switch (message.op) {
    case 'init':
      return initOk();
    case 'transact':
      return { op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 9 };
    case 'add-query':
      return { ...addQueryOk([], 1, message.q), 'client-event-id': eventId };
    case 'remove-query':
      return { op: 'remove-query-ok', 'client-event-id': eventId, q: message.q };
    case 'join-room':
      return { op: 'join-room-ok', 'client-event-id': eventId, 'room-id': message['room-id'] };
    case 'leave-room':
      return { op: 'leave-room-ok', 'client-event-id': eventId, 'room-id': message['room-id'] };
    case 'set-presence':
      return { op: 'set-presence-ok', 'client-event-id': eventId, 'room-id': message['room-id'] };
    case 'client-broadcast':
      return { op: 'client-broadcast-ok', 'client-event-id': eventId, 'room-id': message['room-id'], topic: message.topic };
    default:
      return undefined;
  }
}

/** POSTs that do not pass are reset; the event stream stays. */
function eventStream(clock: VirtualClock, line: Line): Transport {
  class Source implements EventSourceType {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSED = 2;
    readonly readyState = 1;
    readonly url = '';
    onopen = null;
    onmessage: EventSourceType['onmessage'] = null;
    onerror: EventSourceType['onerror'] = null;
    constructor() {
      say = (message) => this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
      clock.setTimeout(() => say(sseHead), 5);
    }
    close(): void {}
  }
  let say: (message: ServerMessage) => void = () => {};
  const post: typeof fetch = (_url, init) => {
    const body = init?.body as string;
    if (!line.passes(body.length, clock.monotonicNow())) return Promise.reject(new TypeError('connection reset'));
    for (const message of (JSON.parse(body) as { messages: ClientMessage[] }).messages) {
      line.arrived.push(message);
      for (const response of answers(message)) say(response);
    }
    return Promise.resolve(new Response('{}'));
  };
  return eventSourceTransport({ url: 'http://server', fetch: post, EventSource: Source, clock, random, canProbe: true });
}

/** The connection is lost 1 s after a frame that does not pass, and nothing else arrives meanwhile. */
function socket(clock: VirtualClock, line: Line): Transport {
  const open = (on: ChannelEvents): ReturnType<Transport['open']> => {
    let isBlocked = false;
    let isClosed = false;
    const after = (ms: number, run: () => void): void => void clock.setTimeout(() => isClosed || run(), ms);
    after(5, () => on.opened());
    return {
      send(message) {
        if (isBlocked) return;
        isBlocked = !line.passes(encode(message).length, clock.monotonicNow());
        if (isBlocked) {
          return after(1_000, () => {
            isClosed = true;
            on.closed({ code: 1006, reason: '' });
          });
        }
        line.arrived.push(message);
        for (const response of answers(message)) after(5, () => on.message(response));
      },
      close: () => void (isClosed = true),
    };
  };
  return { name: 'ws', open };
}

const transports = { 'event stream': eventStream, WebSocket: socket };

async function connected(name: keyof typeof transports, passes: Line['passes']): Promise<TestClient & { line: Line }> {
  const line: Line = { passes: () => true, arrived: [] };
  const clock = new VirtualClock();
  const client = testClient({ clock, random, transports: [transports[name](clock, line)] });
  await clock.advance(1_000);
  expect(client.reactor.status).toBe('authenticated');
  line.passes = passes;
  return { ...client, clock, line };
}

interface Fate {
  state: 'pending' | 'done' | 'failed';
  error?: unknown;
}

function follow(promise: Promise<unknown>): Fate {
  const fate: Fate = { state: 'pending' };
  promise.then(
    () => (fate.state = 'done'),
    (error: unknown) => Object.assign(fate, { state: 'failed', error }),
  );
  return fate;
}

function write(client: TestClient, n: number, title: string): Fate {
  const { settled: outcome, ...promise } = client.reactor.writes.transact(chunk('create', goalId(n), { title }));
  void promise;
  return follow(outcome);
}

const bigQuery = { goals: { $: { where: { title: big } } } };
const isSmall = (size: number): boolean => size < 100_000;

const requests: [string, (client: TestClient) => () => unknown][] = [
  [
    'write',
    (client) => {
      const fate = write(client, 1, big);
      return () => fate.error;
    },
  ],
  [
    'query',
    (client) => {
      const seen = listener();
      client.reactor.queries.subscribe(bigQuery, seen);
      return () => seen.errors[0];
    },
  ],
  [
    'presence',
    (client) => {
      client.reactor.rooms.publishPresence('lobby', { big });
      return () => client.errors.find((error) => error.message.includes('sent again'));
    },
  ],
];
const names = Object.keys(transports) as (keyof typeof transports)[];

describe.each(names)('over a line (%s) that takes no large message', (name) => {
  it.each(requests)('a large %s is set aside within 90 s; writes and queries go on', async (kind, request) => {
    const client = await connected(name, isSmall);
    client.reactor.rooms.acquire('chat', 'lobby', {});
    await client.clock.advance(100);
    const error = request(client);
    const writes = [write(client, 2, 'small')];
    const queries: Fate[] = [];
    for (let second = 0; second < 90; second += 1) {
      if (second % 10 === 0) queries.push(follow(client.reactor.queries.once({ goals: { $: { limit: 1 + second } } })));
      if (second === 40) writes.push(write(client, 3, 'later'));
      await client.clock.advance(1_000);
    }
    expect(error()).toMatchObject({ type: 'connection-lost' });
    expect([writes, queries].flat().map(({ state }) => state)).toEqual(Array.from({ length: 11 }, () => 'done'));
    expect(client.reactor.outbox.list().filter((each) => each.error)).toHaveLength(kind === 'write' ? 1 : 0);
    const before = client.line.arrived.length;
    await client.clock.advance(120_000);
    expect(client.reactor.status).toBe('authenticated');
    expect(client.line.arrived.slice(before).every(({ op }) => op === 'remove-query')).toBe(true);
    client.reactor.shutdown();
  });

  it('a large topic is lost, and later ones arrive', async () => {
    const client = await connected(name, isSmall);
    client.reactor.rooms.acquire('chat', 'lobby', {});
    await client.clock.advance(100);
    client.reactor.rooms.publishTopic('lobby', 'note', big);
    await client.clock.advance(90_000);
    client.reactor.rooms.publishTopic('lobby', 'note', 'small');
    const small = write(client, 2, 'small');
    await client.clock.advance(5_000);
    expect(client.line.arrived.flatMap((message) => (message.op === 'client-broadcast' ? [message.data] : []))).toEqual(['small']);
    expect(small.state).toBe('done');
    client.reactor.shutdown();
  });

  it('two such requests are both set aside', async () => {
    const client = await connected(name, isSmall);
    const seen = listener();
    client.reactor.queries.subscribe(bigQuery, seen);
    const [one, two, small] = [write(client, 1, big), write(client, 2, big), write(client, 3, 'small')];
    await client.clock.advance(240_000);
    expect([one.state, two.state, small.state, seen.errors.length]).toEqual(['failed', 'failed', 'done', 1]);
    client.reactor.shutdown();
  });

  it('a suspect that is discarded while it waits is not sent again', async () => {
    const client = await connected(name, isSmall);
    const fates = [write(client, 1, big), write(client, 2, 'small')];
    await client.clock.advance(10_000);
    client.reactor.outbox.discard(client.reactor.outbox.list()[0]?.eventId ?? '');
    client.line.passes = () => true;
    await client.clock.advance(30_000);
    expect(fates.map(({ state }) => state)).toEqual(['failed', 'done']);
    if (name === 'WebSocket') expect(client.line.arrived.filter(({ op }) => op === 'transact')).toHaveLength(1);
    client.reactor.shutdown();
  });

  it('an outage of ten minutes is nobody’s fault', async () => {
    const client = await connected(name, (_size, nowMs) => nowMs > 600_000);
    const fates = [write(client, 1, big), write(client, 2, 'small')];
    await client.clock.advance(700_000);
    expect(fates.map(({ state }) => state)).toEqual(['done', 'done']);
    client.reactor.shutdown();
  });

  it('outages of a minute with a minute between them are nobody’s fault', async () => {
    const client = await connected(name, (_size, nowMs) => nowMs % 120_000 > 60_000);
    const fates: Fate[] = [];
    for (let round = 1; round <= 10; round += 1) {
      fates.push(write(client, 2 * round, big), write(client, 2 * round + 1, 'small'));
      await client.clock.advance(120_000);
    }
    expect(fates.filter(({ state }) => state !== 'done')).toEqual([]);
    client.reactor.shutdown();
  });
});
