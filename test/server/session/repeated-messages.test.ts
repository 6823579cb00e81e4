// An event stream's POST is repeated if its response was lost: what it contains is then received twice in one session.

import { expect, test } from 'vitest';
import { adminToken, appId, type Bench, bench, blob, newId, rest, TestPeer } from '../bench.ts';

const init = { op: 'init', 'app-id': appId, 'client-event-id': 'i' } as const;
const join = { op: 'join-room', 'room-id': 'r', 'client-event-id': 'j' } as const;
const broadcast = { op: 'client-broadcast', 'room-id': 'r', topic: 't', data: 1, 'client-event-id': 'b' } as const;

const streamOf = (world: Bench): TestPeer => new TestPeer((peer) => world.hub.connect({ ...peer, mayRepeat: true }));

async function ready(world: Bench, more: object = {}): Promise<TestPeer> {
  const peer = streamOf(world);
  await peer.request({ ...init, ...more });
  peer.heard.length = 0;
  return peer;
}

test.each([['before the session is ready'], ['in a session that is ready']])('a repeated POST with init %s is no error', async (when) => {
  const peer = streamOf(bench());
  const batch = JSON.stringify([init, join]);
  peer.session.receive(batch);
  if (when.startsWith('in')) await rest();
  peer.session.receive(batch);
  await rest();
  expect(peer.heard.map(({ op }) => op).sort()).toEqual(['init-ok', 'join-room-ok', 'join-room-ok', 'refresh-presence']);
});

test('another init is rejected in a session that is ready, and one that was rejected may come again', async () => {
  const peer = streamOf(bench());
  expect(await peer.request({ ...init, 'app-id': 'none' })).toMatchObject([{ op: 'error' }]);
  expect(await peer.request(init)).toMatchObject([{ op: 'init-ok' }]);
  expect(await peer.request({ ...init, 'client-event-id': 'other' })).toMatchObject([{ op: 'error' }]);
});

test('a repeated broadcast is heard once; one that was rejected may come again', async () => {
  const world = bench();
  const [ann, bob] = [await ready(world), await ready(world)];
  expect(await ann.request(broadcast)).toMatchObject([{ op: 'error' }]);
  for (const peer of [ann, bob]) await peer.request(join);
  bob.heard.length = 0;
  for (let times = 0; times < 3; times++) await ann.request(broadcast);
  await ann.request({ ...broadcast, 'client-event-id': 'b2' });
  await rest();
  expect(bob.take('server-broadcast')).toHaveLength(2);
});

test('a repeated start-sync makes one subscription', async () => {
  const world = bench();
  const peer = await ready(world, { '__admin-token': adminToken });
  const goalId = newId();
  const attr = blob('goals', 'id');
  await peer.request({
    op: 'transact',
    'client-event-id': 't',
    'tx-steps': [
      ['add-attr', attr],
      ['add-triple', goalId, attr.id, goalId],
    ],
  });
  const start = { op: 'start-sync', q: { goals: {} }, 'client-event-id': 's' };
  peer.session.receive(JSON.stringify([start]));
  peer.session.receive(JSON.stringify([start]));
  await rest();
  expect(peer.take('start-sync-ok')).toHaveLength(1);
});
