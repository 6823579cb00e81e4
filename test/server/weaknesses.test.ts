// Every weakness of the reference that a server can mend, by its number in the wire specification (section 5). Those whose
// remedy is tested at length elsewhere have their shortest form here.

import { beforeEach, describe, expect, test } from 'vitest';
import { memory } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/storage.ts';
import { adminToken, appId, type Bench, bench, blob, newId, rest, type TestPeer } from './bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const goal = newId();
const attrs = [goalsId, title].map((attr) => ['add-attr', attr]);
const born = ['add-triple', goal, goalsId.id, goal];
const titled = (text: unknown) => ['add-triple', goal, title.id, text];

let world: Bench;
let writer: TestPeer;
let reader: TestPeer;

beforeEach(async () => {
  world = bench();
  [writer, reader] = [await world.open(), await world.open()];
  await writer.request({ op: 'transact', 'tx-steps': [...attrs, born, titled('a')] });
  reader.heard.length = 0;
});

const transact = (steps: readonly unknown[], peer = writer, eventId = newId()) =>
  peer.request({ op: 'transact', 'client-event-id': eventId, 'tx-steps': steps });
const subscribe = (peer: TestPeer, q: object, rest: object = {}) => peer.response('add-query-ok', { op: 'add-query', q, ...rest });
const titleOf = async (): Promise<unknown> => (await subscribe(await world.open(), { goals: {} }, { 'return-type': 'tree' })).result;

/** A storage whose appends wait until they are let go. */
function held(): { storage: Storage; release: () => void; isHeld: boolean } {
  const plain = memory();
  let waiting: (() => void)[] = [];
  const gate = {
    isHeld: false,
    release: () => {
      waiting.forEach((go) => go());
      waiting = [];
    },
    storage: {
      ...plain,
      open: async (id: string) => {
        const log = await plain.open(id);
        type Append = typeof log.append;
        const append: Append = async (entries) => {
          if (gate.isHeld) await new Promise<void>((go) => waiting.push(go));
          return log.append(entries);
        };
        return { ...log, append };
      },
    },
  };
  return gate;
}

describe('writes', () => {
  test('W-01: a write that is sent again gets the response of the first time and is not applied again', async () => {
    const eventId = newId();
    const steps = [['add-triple', newId(), goalsId.id, newId(), { mode: 'create' }]].map(([op, e, a, , mode]) => [op, e, a, e, mode]);
    const [first] = await transact(steps, writer, eventId);
    await transact([titled('newer')]);
    const [again] = await transact(steps, await world.open(), eventId);
    expect(again).toMatchObject({ op: 'transact-ok', 'tx-id': (first as { 'tx-id': number })['tx-id'] });
    expect(await titleOf()).toMatchObject({ goals: expect.arrayContaining([expect.objectContaining({ id: goal, title: 'newer' })]) });
  });

  test('W-01: also by another process on the same storage', async () => {
    const storage = memory();
    const first = bench({ storage });
    const eventId = newId();
    await transact([...attrs, born], await first.open(), eventId);
    await first.hub.close();
    const [again] = await transact([['add-triple', goal, goalsId.id, goal, { mode: 'create' }]], await bench({ storage }).open(), eventId);
    expect(again).toMatchObject({ op: 'transact-ok', 'tx-id': 1 });
  });

  test('W-03: a write in progress completes although its sender disconnected, and its outcome is stored', async () => {
    const gate = held();
    const slow = bench({ storage: gate.storage });
    const peer = await slow.open();
    gate.isHeld = true;
    const eventId = newId();
    peer.send({ op: 'transact', 'client-event-id': eventId, 'tx-steps': [...attrs, born] });
    await rest();
    peer.session.end();
    gate.release();
    gate.isHeld = false;
    await rest();
    expect((await transact([], await slow.open(), eventId))[0]).toMatchObject({ op: 'transact-ok', 'tx-id': 1 });
  });

  test('W-05: the writer receives a refresh for its write, also if no result changed', async () => {
    await subscribe(writer, { goals: {} });
    const [ok, refresh] = await transact([titled('a')]);
    expect(refresh).toMatchObject({ op: 'refresh-ok', computations: [], 'processed-tx-id': (ok as { 'tx-id': number })['tx-id'] });
  });

  test('W-06: transaction ids are in commit order, and a refresh has all transactions up to its id', async () => {
    await subscribe(reader, { goals: {} });
    reader.heard.length = 0;
    const peers = await Promise.all(Array.from({ length: 5 }, () => world.open()));
    for (let n = 0; n < 50; n++) peers[n % 5]?.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [titled(n)] });
    await rest();
    const received = peers.flatMap((peer) => peer.take('transact-ok').map((ok) => ok['tx-id']));
    expect([...received].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => Number(received[0]) + n));
    const [refresh] = reader.take('refresh-ok');
    expect(refresh?.['processed-tx-id']).toBe(Math.max(...received));
    expect(JSON.stringify(refresh)).toContain('49');
  });

  test('W-37: only ids are converted to lower case, values are stored as they were sent', async () => {
    const shouting = 'AB000000-0000-4000-8000-00000000000C';
    await transact([titled(shouting)]);
    expect(await titleOf()).toMatchObject({ goals: [{ title: shouting }] });
  });

  test('W-42: of two attrs created at once under one name the first is kept, and the other write is rejected because the name is taken', async () => {
    writer.heard.length = 0;
    const [mine, theirs] = [blob('goals', 'done'), blob('goals', 'done')];
    writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [['add-attr', mine], born, ['add-triple', goal, mine.id, 1]] });
    reader.send({
      op: 'transact',
      'client-event-id': newId(),
      'tx-steps': [['add-attr', theirs], born, ['add-triple', goal, theirs.id, 2]],
    });
    await rest();
    const [error] = reader.take('error');
    expect([writer.take('transact-ok').length, error]).toMatchObject([1, { type: 'record-not-unique' }]);
    expect(await titleOf()).toMatchObject({ goals: [{ done: 1 }] });
    // In the terms of the first attr the same write is accepted, under the same id.
    reader.send({ op: 'transact', 'client-event-id': error?.['client-event-id'] ?? '', 'tx-steps': [['add-triple', goal, mine.id, 2]] });
    await rest();
    expect(reader.take('transact-ok')).toHaveLength(1);
    expect(await titleOf()).toMatchObject({ goals: [{ done: 2 }] });
  });

  test('W-44: two writes to one field are two transactions, and both are in the log', async () => {
    const admin = await world.open({ '__admin-token': adminToken });
    await admin.request({ op: 'start-sync', q: { goals: {} } });
    admin.heard.length = 0;
    for (const text of ['b', 'c']) writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [titled(text)] });
    await rest();
    const values = admin
      .take('sync-update-triples')
      .flatMap(({ txes }) => txes.flatMap(({ changes }) => changes.map(({ triple }) => triple[2])));
    expect(values).toEqual(['a', 'b', 'b', 'c']);
  });
});

describe('queries', () => {
  test('W-08: the results of one query come in the order of their transaction ids', async () => {
    for (let n = 0; n < 20; n++) {
      writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [titled(n)] });
      if (n % 4 === 0) reader.send({ op: 'remove-query', q: { goals: {} } });
      if (n % 4 === 0) reader.send({ op: 'add-query', q: { goals: {} } });
      if (n % 3 === 0) await rest();
    }
    await rest();
    const places = reader.heard.flatMap((message) => ('processed-tx-id' in message ? [Number(message['processed-tx-id'])] : []));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.length).toBeGreaterThan(5);
  });

  test('W-10: one query that can no longer be evaluated ends with an error, and other queries are refreshed', async () => {
    const todos = blob('goals', 'n', { 'index?': true, 'checked-data-type': 'number' });
    const admin = await world.open({ '__admin-token': adminToken });
    await transact([['add-attr', todos]], admin);
    const doomed = { goals: { $: { where: { n: { $gt: 1 } } } } };
    await subscribe(reader, doomed);
    await subscribe(reader, { goals: {} });
    reader.heard.length = 0;
    await transact([['update-attr', { id: todos.id, 'index?': false }], titled('b')], admin);
    const errors = reader.heard.filter(({ op }) => op === 'error');
    expect(errors).toMatchObject([{ 'original-event': { op: 'refresh', q: doomed, 'instaql-queries': [doomed] } }]);
    expect(reader.take('refresh-ok')).toMatchObject([{ computations: [{ 'instaql-query': { goals: {} } }] }]);
    await transact([titled('c')]);
    expect(reader.take('refresh-ok')).toHaveLength(1);
  });

  test('W-29: sessions with the same query receive the same text, and a session that accepts deltas receives only these', async () => {
    const frames: string[][] = [[], []];
    for (const received of frames) {
      const session = world.hub.connect({ send: (frame) => received.push(frame), close: () => {} });
      session.receive(JSON.stringify({ op: 'init', 'app-id': appId, triplane: { deltas: true } }));
      await rest();
      session.receive(JSON.stringify({ op: 'add-query', q: { goals: {} } }));
      await rest();
      received.length = 0;
    }
    await transact([titled('x'.repeat(10))]);
    expect(frames[0]).toEqual(frames[1]);
    expect(JSON.parse(frames[0]?.at(-1) ?? '')).toMatchObject({
      deltas: [{ removed: [], added: [[goal, title.id, 'xxxxxxxxxx', expect.any(Number)]] }],
    });
  });

  test('W-31: init-ok reveals nothing of the app but its id', async () => {
    const [hello] = await world.connect().request({ op: 'init', 'app-id': appId });
    expect(hello).toMatchObject({ auth: { app: { id: appId }, user: null } });
    expect(Object.keys((hello as { auth: { app: object } }).auth.app)).toEqual(['id']);
    const etypes = new Set(
      (hello as unknown as { attrs: { 'forward-identity': string[] }[] }).attrs.map((attr) => String(attr['forward-identity'][1])),
    );
    expect([...etypes].filter((etype) => etype.startsWith('$')).sort()).toEqual(['$files', '$streams', '$users']);
  });

  test('W-40: results are compared in full', async () => {
    await subscribe(reader, { goals: {} });
    // Texts of one 32-bit hash, as Java has it.
    for (const text of ['Aa', 'BB', 'AaAa', 'BBBB', 'AaBB']) {
      reader.heard.length = 0;
      await transact([titled(text)]);
      expect(JSON.stringify(reader.take('refresh-ok'))).toContain(`"${text}"`);
    }
  });

  test('W-43: a storage that is far behind loses no write', async () => {
    const gate = held();
    const slow = bench({ storage: gate.storage });
    const [one, two] = [await slow.open(), await slow.open()];
    await transact([...attrs, born], one);
    await subscribe(two, { goals: {} });
    one.heard.length = 0;
    gate.isHeld = true;
    for (let n = 0; n < 3000; n++) one.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [titled(n)] });
    await slow.clock.advance(60_000);
    gate.isHeld = false;
    for (let n = 0; n < 10; n++) {
      gate.release();
      await rest();
    }
    expect(one.take('transact-ok')).toHaveLength(3000);
    expect(JSON.stringify(two.take('refresh-ok').at(-1))).toContain('2999');
  });
});

describe('connection', () => {
  test('W-30: an error names the limit that was exceeded, and the session stays usable', async () => {
    const tight = bench({ limits: { queries: 1, rooms: 1, pendingWrites: 1, steps: 1, streams: 1, messagesPerSecond: 4 } });
    const peer = await tight.open();
    await subscribe(peer, { goals: {} });
    expect(await peer.response('error', { op: 'add-query', q: { todos: {} } })).toMatchObject({
      hint: { 'data-type': 'limit', limit: 'queries', most: 1 },
    });
    await peer.request({ op: 'join-room', 'room-id': 'a' });
    expect(await peer.response('error', { op: 'join-room', 'room-id': 'b' })).toMatchObject({ hint: { limit: 'rooms' } });
    expect(await peer.response('error', { op: 'transact', 'tx-steps': attrs })).toMatchObject({ hint: { limit: 'steps' } });
    for (let n = 0; n < 40; n++) peer.send({ op: 'leave-room', 'room-id': 'a' });
    await rest();
    expect(peer.heard.at(-1)).toMatchObject({ op: 'error', type: 'rate-limited', hint: { 'retry-after': 1 } });
    await tight.clock.advance(1000);
    expect(await peer.response('remove-query-ok', { op: 'remove-query', q: { goals: {} } })).toBeDefined();
  });

  test.each(['refresh', 'refresh-presence', 'refresh-sync-table', 'server-broadcast', 'error', 'sse-init'])(
    'W-33: %s, which is not a client op, is rejected',
    async (op) => {
      expect(await writer.response('error', { op, 'room-id': 'r' })).toMatchObject({ status: 400, type: 'param-malformed', hint: { op } });
    },
  );

  test.each<[string, unknown]>([
    ['invalid JSON', '{'],
    ['bytes', Buffer.from('{}')],
    ['a list of numbers', '[1]'],
    ['a JSON string', '"init"'],
  ])('W-34: a frame of %s gets an error, and after several the client is disconnected', async (_what, frame) => {
    const strict = bench({ limits: { badFrames: 3 } });
    const peer = await strict.open();
    for (let n = 0; n < 3; n++) peer.session.receive(frame);
    await rest();
    expect(peer.heard).toHaveLength(3);
    expect(peer.heard[0]).toMatchObject({ op: 'error', status: 400, type: 'param-malformed' });
    expect(peer.closedWith?.[0]).toBe(1008);
  });
});

describe('rooms', () => {
  test('W-24: a peer that joins receives all peers, also with other changes in the same tick', async () => {
    const [a, b, c] = [await world.open(), await world.open(), await world.open()] as const;
    await a.request({ op: 'join-room', 'room-id': 'r', data: { n: 1 } });
    for (const peer of [b, c]) peer.send({ op: 'join-room', 'room-id': 'r' });
    a.send({ op: 'set-presence', 'room-id': 'r', data: { n: 2 } });
    b.send({ op: 'leave-room', 'room-id': 'r' });
    b.send({ op: 'join-room', 'room-id': 'r' });
    await rest();
    for (const peer of [b, c]) {
      const [whole] = peer.take('refresh-presence');
      expect(Object.keys(whole?.data ?? {}).sort()).toEqual([a, b, c].map(({ session }) => session.id).sort());
    }
  });

  test('W-25: the room type is accepted under either of its names', async () => {
    await writer.request({ op: 'join-room', 'room-id': 'r', roomType: 'chat' });
    await reader.request({ op: 'join-room', 'room-id': 'r', 'room-type': 'chat' });
    expect(
      await writer.response('client-broadcast-ok', { op: 'client-broadcast', 'room-id': 'r', 'room-type': 'chat', topic: 't' }),
    ).toBeDefined();
    expect(reader.take('server-broadcast')).toHaveLength(1);
  });

  test('W-26: a rejected join is answered with the op that the official client handles', async () => {
    await (await world.hub.app(appId)).setStatus('disabled');
    const received = await reader.request({ op: 'join-room', 'room-id': 'r' });
    expect(received.map(({ op }) => op)).toEqual(['error', 'join-room-error']);
    expect(received[1]).toMatchObject({ 'room-id': 'r', error: expect.any(String) });
  });

  test('W-27: messages of one tick are sent in one frame to clients that support it', async () => {
    const frames: string[] = [];
    const open = (version: string): ReturnType<typeof world.hub.connect> => {
      const session = world.hub.connect({ send: (frame) => frames.push(frame), close: () => {} });
      session.receive(JSON.stringify({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': version } }));
      return session;
    };
    for (const [version, count] of [
      ['v1.0.67', 1],
      ['v0.22.75', 2],
    ] as const) {
      const session = open(version);
      await rest();
      frames.length = 0;
      session.receive(
        JSON.stringify([
          { op: 'leave-room', 'room-id': 'r' },
          { op: 'remove-query', q: {} },
        ]),
      );
      await rest();
      expect(frames).toHaveLength(count);
      session.end();
    }
  });
});

describe('namespaces kept in step', () => {
  test('W-35: a resync from before the start of the log is rejected', async () => {
    const short = bench({ limits: { history: 2 } });
    const admin = await short.open({ '__admin-token': adminToken });
    await transact([...attrs, born], admin);
    const loaded = await admin.request({ op: 'start-sync', q: { goals: {} } });
    const { 'subscription-id': id, token } = loaded[0] as { 'subscription-id': string; token: string };
    admin.session.end();
    const other = await short.open();
    for (let n = 0; n < 10; n++) await transact([titled(n)], other);
    const again = await short.open({ '__admin-token': adminToken });
    expect(await again.response('error', { op: 'resync-table', 'subscription-id': id, token, 'tx-id': 1 })).toMatchObject({
      status: 400,
      type: 'validation-failed',
      'original-event': { op: 'resync-table' },
    });
  });
});
