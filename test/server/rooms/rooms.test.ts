import { beforeEach, expect, test } from 'vitest';
import { applyPatches } from '../../../src/protocol/presence-edits.ts';
import { type Bench, bench, rest, type TestPeer } from '../bench.ts';

let world: Bench;
let ann: TestPeer;
let bob: TestPeer;

beforeEach(async () => {
  world = bench();
  [ann, bob] = [await world.open(), await world.open({ 'refresh-token': 'f0000000-0000-4000-8000-000000000002' })];
});

const join = (peer: TestPeer, data?: unknown) =>
  peer.request({ op: 'join-room', 'room-id': 'r', 'room-type': 'chat', ...(data !== undefined && { data }) });
const show = (peer: TestPeer, data: unknown) => peer.request({ op: 'set-presence', 'room-id': 'r', data });
const peerOf = (peer: TestPeer, data: unknown, user: object | null = null) => ({
  'peer-id': peer.session.id,
  'instance-id': 'i-1',
  user,
  data,
});

test('a peer that joins receives the whole room, the other peers receive the new peer', async () => {
  expect(await join(ann, { name: 'ann' })).toMatchObject([
    { op: 'join-room-ok', 'room-id': 'r' },
    { op: 'refresh-presence', 'room-id': 'r', data: { [ann.session.id]: peerOf(ann, { name: 'ann' }) } },
  ]);
  ann.heard.length = 0;
  const bobsPeer = peerOf(bob, {}, { id: '0b000000-0000-4000-8000-000000000002' });
  expect(await join(bob)).toMatchObject([
    { op: 'join-room-ok' },
    { op: 'refresh-presence', data: { [ann.session.id]: {}, [bob.session.id]: bobsPeer } },
  ]);
  expect(ann.heard).toEqual([{ op: 'patch-presence', 'room-id': 'r', edits: [[[bob.session.id], '+', bobsPeer]] }]);
});

test('joining a room a second time succeeds and changes nothing', async () => {
  await join(ann, { name: 'ann' });
  expect(await join(ann, { name: 'other' })).toMatchObject([{ op: 'join-room-ok' }]);
});

test('set-presence replaces the presence and is sent to all peers, also to the sender', async () => {
  await join(ann, { name: 'ann' });
  await join(bob, {});
  ann.heard.length = 0;
  const edits = [[[bob.session.id, 'data'], 'r', { name: 'bob', typing: true }]];
  expect(await show(bob, { name: 'bob', typing: true })).toMatchObject([{ op: 'set-presence-ok' }, { op: 'patch-presence', edits }]);
  expect(ann.heard).toMatchObject([{ op: 'patch-presence', edits }]);
  expect(await show(bob, { name: 'bob' })).toMatchObject([
    { op: 'set-presence-ok' },
    { edits: [[[bob.session.id, 'data', 'typing'], '-']] },
  ]);
  expect(await show(bob, { name: 'bob' })).toMatchObject([{ op: 'set-presence-ok' }]);
  expect(await show(bob, null)).toMatchObject([{}, { edits: [[[bob.session.id, 'data'], 'r', null]] }]);
});

test('changes of one tick are sent in one message, and changes that cancel each other are not sent', async () => {
  await join(ann, 1);
  await join(bob, 1);
  ann.heard.length = 0;
  for (let n = 0; n < 10; n++) bob.send({ op: 'set-presence', 'room-id': 'r', data: n });
  await rest();
  expect(ann.heard).toMatchObject([{ op: 'patch-presence', edits: [[[bob.session.id, 'data'], 'r', 9]] }]);
  ann.heard.length = 0;
  bob.send({ op: 'set-presence', 'room-id': 'r', data: 1 });
  bob.send({ op: 'set-presence', 'room-id': 'r', data: 9 });
  await rest();
  expect(ann.heard).toEqual([]);
});

test('a peer that leaves and joins again in one tick receives the whole room', async () => {
  await join(ann, 1);
  await join(bob, 1);
  bob.heard.length = 0;
  bob.send({ op: 'leave-room', 'room-id': 'r' });
  bob.send({ op: 'join-room', 'room-id': 'r', data: 2 });
  await rest();
  expect(bob.heard.map(({ op }) => op)).toEqual(['leave-room-ok', 'join-room-ok', 'refresh-presence']);
});

test('the other peers are notified of a peer that leaves or disconnects', async () => {
  await join(ann, 1);
  await join(bob, 1);
  ann.heard.length = 0;
  expect(await bob.request({ op: 'leave-room', 'room-id': 'r' })).toMatchObject([{ op: 'leave-room-ok', 'room-id': 'r' }]);
  expect(ann.heard).toMatchObject([{ op: 'patch-presence', edits: [[[bob.session.id], '-']] }]);
  expect(await bob.request({ op: 'leave-room', 'room-id': 'r' })).toMatchObject([{ op: 'leave-room-ok' }]);
  await join(bob, 1);
  ann.heard.length = 0;
  bob.session.end();
  await rest();
  expect(ann.heard).toMatchObject([{ op: 'patch-presence', edits: [[[bob.session.id], '-']] }]);
});

test('a session that has not joined a room can neither set presence nor broadcast there', async () => {
  expect(await show(ann, 1)).toMatchObject([{ op: 'error', type: 'validation-failed', hint: { 'data-type': 'room' } }]);
  expect(await ann.request({ op: 'client-broadcast', 'room-id': 'r', topic: 't', data: 1 })).toMatchObject([
    { op: 'error', type: 'validation-failed', hint: { 'data-type': 'room' } },
  ]);
});

test('a broadcast reaches every other peer once', async () => {
  await join(ann, 1);
  await join(bob, 1);
  ann.heard.length = 0;
  const sent = { 'peer-id': bob.session.id, user: { id: '0b000000-0000-4000-8000-000000000002' }, data: { n: 1 } };
  expect(await bob.request({ op: 'client-broadcast', 'room-id': 'r', roomType: 'chat', topic: 't', data: { n: 1 } })).toMatchObject([
    { op: 'client-broadcast-ok', 'room-id': 'r', topic: 't', data: sent },
  ]);
  expect(ann.heard).toEqual([{ op: 'server-broadcast', 'room-id': 'r', topic: 't', data: sent }]);
});

test('an old client receives the whole room at each change', async () => {
  const old = await world.open({ versions: { '@instantdb/core': 'v0.17.5' } });
  await join(old, 1);
  await join(ann, 1);
  old.heard.length = 0;
  await show(ann, 2);
  expect(old.heard).toMatchObject([{ op: 'refresh-presence', data: { [ann.session.id]: { data: 2 }, [old.session.id]: { data: 1 } } }]);
});

test('rooms of two apps with the same id are separate', async () => {
  const { id } = await world.hub.createApp({ id: 'a9900000-0000-4000-8000-000000000002' });
  const other = await world.open({ 'app-id': id });
  await join(ann, 1);
  const [, received] = await join(other, 1);
  expect(Object.keys((received as { data: object }).data)).toEqual([other.session.id]);
});

test('a client that applies all edits has the state of the room', async () => {
  const peers = await Promise.all(Array.from({ length: 4 }, () => world.open()));
  await join(ann, {});
  let state: unknown = {};
  const follow = (): void => {
    for (const message of ann.heard) {
      if (message.op === 'refresh-presence') state = message.data;
      if (message.op === 'patch-presence') state = applyPatches(state, message.edits);
    }
    ann.heard.length = 0;
  };
  follow();
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let turn = 0; turn < 300; turn++) {
    const peer = peers[random(4)]!;
    const what = random(4);
    if (what === 0) peer.send({ op: 'join-room', 'room-id': 'r', data: { n: random(3) } });
    if (what === 1) peer.send({ op: 'leave-room', 'room-id': 'r' });
    if (what > 1)
      peer.send({ op: 'set-presence', 'room-id': 'r', data: [{}, { n: 1 }, [1, 2, random(3)], null, { a: { b: random(2) } }][random(5)] });
    if (random(2)) await rest();
    follow();
  }
  await rest();
  follow();
  const late = await world.open();
  const [, received] = await join(late, 1);
  await rest();
  follow();
  expect(state).toEqual((received as { data: object }).data);
});
