// A connection whose transport throws ends by itself, wherever the server was when it sent: the process goes on, and so do all others.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import type { Session } from '../../../src/server/session/session.ts';
import type { Socket } from '../../../src/server/session/subscriber.ts';
import { adminToken, appId, type Bench, bench, rest, type TestPeer } from '../bench.ts';

const thrown: unknown[] = [];
const note = (error: unknown): void => void thrown.push(error);
beforeEach(() => {
  thrown.length = 0;
  process.prependListener('uncaughtException', note);
  process.prependListener('unhandledRejection', note);
});
afterEach(() => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
});

const asAdmin = { 'app-id': appId, '__admin-token': adminToken };
const roomId = 'hall';
const streamText = 'x'.repeat(600_000);
const versions = { '@instantdb/core': 'v1.0.67' };
const rows = { goals: {} };

interface Failing {
  readonly session: Session;
  /** From now on, what it is sent throws. */
  break(): void;
  readonly closedWith: () => number | undefined;
  say(message: object): void;
}

function failing({ hub }: Bench, more: Partial<Socket> = {}): Failing {
  let [isBroken, events, closed]: [boolean, number, number | undefined] = [false, 0, undefined];
  const fail = (): void => {
    if (isBroken) throw new Error('the transport failed');
  };
  const session = hub.connect({ send: fail, close: (code) => void (closed = code), ...more });
  return {
    session,
    break: () => void (isBroken = true),
    closedWith: () => closed,
    say: (message) => session.receive(JSON.stringify({ 'client-event-id': `f${++events}`, ...message })),
  };
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await rest();
}

const write = (peer: TestPeer): string =>
  peer.send({ op: 'transact', 'tx-steps': [['add-triple', crypto.randomUUID(), idAttr, crypto.randomUUID()]] });
const idAttr = '1d000000-0000-4000-8000-000000000001';

interface World {
  readonly bad: Failing;
  readonly good: TestPeer;
}

/** What makes the server send to the connection. The beginning is done before it breaks. */
interface Place {
  readonly begin?: (world: World) => unknown;
  readonly send: (world: World) => unknown;
}

const startStream = { op: 'start-stream', 'client-id': 'story', 'reconnect-token': '5e000000-0000-4000-8000-000000000001' };

async function streamBegun({ bad, good }: World): Promise<string> {
  const { 'stream-id': id } = await good.response('start-stream-ok', startStream);
  bad.say({ op: 'subscribe-stream', 'stream-id': id });
  await settled();
  return id;
}

let streamId = '';
const places: Readonly<Record<string, Place>> = {
  'the answer to a message': { send: ({ bad }) => bad.say({ op: 'leave-room', 'room-id': 'none' }) },
  'the answer to a write': {
    send: ({ bad }) => bad.say({ op: 'transact', 'tx-steps': [['add-triple', crypto.randomUUID(), idAttr, 'x']] }),
  },
  'answers that wait for a later turn': {
    send: ({ bad }) => {
      for (let n = 0; n < 400; n++) bad.say({ op: 'leave-room', 'room-id': `r${n}` });
    },
  },
  'news of a room': {
    begin: ({ bad }) => bad.say({ op: 'join-room', 'room-type': 'r', 'room-id': roomId, data: {} }),
    send: ({ good }) => good.send({ op: 'join-room', 'room-type': 'r', 'room-id': roomId, data: {} }),
  },
  'a broadcast': {
    begin: async ({ bad, good }) => {
      bad.say({ op: 'join-room', 'room-type': 'r', 'room-id': roomId, data: {} });
      await good.request({ op: 'join-room', 'room-type': 'r', 'room-id': roomId, data: {} });
    },
    send: ({ good }) => good.send({ op: 'client-broadcast', 'room-id': roomId, topic: 't', data: 1 }),
  },
  'a live query': { begin: ({ bad }) => bad.say({ op: 'add-query', q: rows }), send: ({ good }) => write(good) },
  'a sync table': { begin: ({ bad }) => bad.say({ op: 'start-sync', q: rows }), send: ({ good }) => write(good) },
  'a stream': {
    begin: async (world) => (streamId = await streamBegun(world)),
    send: ({ good }) => good.send({ op: 'append-stream', 'stream-id': streamId, chunks: [streamText], offset: 0, done: false }),
  },
  'the end of the server': { send: () => undefined },
};

describe.each(['in frames of their own', 'in batches'])('messages %s', (form) => {
  test.each(Object.keys(places))('%s', async (name) => {
    const world = bench();
    const [bad, good] = [failing(world), await world.open(asAdmin)];
    await good.request({ op: 'transact', 'tx-steps': [['add-attr', goalsId]] });
    bad.say({ op: 'init', ...asAdmin, versions: form === 'in batches' ? versions : {} });
    await settled();
    const { begin, send } = places[name] as Place;
    await begin?.({ bad, good });
    await settled();
    bad.break();
    await send({ bad, good });
    await settled();
    if (name === 'the end of the server') return void (await world.hub.close());
    expect(thrown).toEqual([]);
    expect(bad.closedWith()).toBe(1011);
    expect(world.hub.sessionCount).toBe(1);
    expect((await good.response('join-room-ok', { op: 'join-room', 'room-type': 'r', 'room-id': 'other', data: {} })).op).toBe(
      'join-room-ok',
    );
    await world.hub.close();
    expect(thrown).toEqual([]);
  });
});

const goalsId = {
  id: idAttr,
  'forward-identity': ['f1000000-0000-4000-8000-000000000001', 'goals', 'id'],
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': true,
  'index?': false,
};

describe('a connection', () => {
  test('that cannot tell what was read ends', async () => {
    const world = bench();
    const drained = (): Promise<void> => Promise.reject(new Error('the transport failed'));
    const [bad, good] = [failing(world, { drained }), await world.open(asAdmin)];
    bad.say({ op: 'init', ...asAdmin, versions });
    await settled();
    const id = await streamBegun({ bad, good });
    good.send({ op: 'append-stream', 'stream-id': id, chunks: [streamText, streamText], offset: 0, done: false });
    await settled();
    expect(thrown).toEqual([]);
    expect(bad.closedWith()).toBe(1011);
    await world.hub.close();
  });

  test('that throws when it is closed does not keep others open', async () => {
    const world = bench();
    const close = (): void => {
      throw new Error('the transport failed');
    };
    failing(world, { close });
    const good = await world.open();
    await world.hub.close();
    expect(good.closedWith?.[0]).toBe(1001);
    expect(thrown).toEqual([]);
  });
});

test('the log names the failure once', async () => {
  const errors: (readonly unknown[])[] = [];
  const world = bench({ log: { ...silent, error: (...parts) => void errors.push(parts) } });
  const bad = failing(world);
  bad.say({ op: 'init', 'app-id': appId, versions });
  await settled();
  bad.break();
  for (let n = 0; n < 5; n++) bad.say({ op: 'leave-room', 'room-id': `r${n}` });
  await settled();
  expect(errors).toEqual([['a connection failed', expect.objectContaining({ message: 'the transport failed' })]]);
  await world.hub.close();
});
