// In a room of thousands, each change is a message to each member: changes that come together are told together, in slices.

import { expect, test } from 'vitest';
import { bench, newId, rest, type TestPeer } from '../bench.ts';

const members = 900;
const join = (peer: TestPeer): string => peer.send({ op: 'join-room', 'room-type': 'r', 'room-id': 'hall', data: {} });
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const presence = ['patch-presence', 'refresh-presence'];
const toldTo = (peers: readonly TestPeer[]): number =>
  peers.reduce((sum, { heard }) => sum + heard.filter(({ op }) => presence.includes(op)).length, 0);

async function hall(): Promise<{ readonly peers: readonly TestPeer[]; readonly late: readonly TestPeer[] }> {
  const world = bench();
  const peers: TestPeer[] = [];
  for (let n = 0; n < members + 20; n++) peers.push(await world.open());
  const late = peers.splice(members);
  for (const peer of peers) join(peer);
  await rest();
  for (let turns = 0; turns < 60; turns++) await turn();
  for (const peer of peers) peer.heard.length = 0;
  return { peers, late };
}

test('those who join in the same turn of the event loop are told of together, a few hundred messages at a time', async () => {
  const { peers, late } = await hall();
  for (const peer of late) {
    join(peer);
    // As after each frame that arrives.
    await Promise.resolve();
    await Promise.resolve();
  }
  let [last, most] = [0, 0];
  for (let turns = 0; turns < 20; turns++) {
    const told = toldTo(peers);
    most = Math.max(most, told - last);
    last = told;
    await turn();
  }
  expect(most).toBeLessThanOrEqual(500);
  // The first by itself, the others together.
  expect(last).toBe(2 * members);
  for (const peer of late) peer.heard.length = 0;
  const topic = { op: 'client-broadcast', 'room-id': 'hall', topic: newId(), data: 1 };
  expect((await late[0]?.request(topic))?.map(({ op }) => op)).toEqual(['client-broadcast-ok']);
  for (let turns = 0; turns < 10; turns++) await turn();
  expect(peers.every(({ heard }) => heard.at(-1)?.op === 'server-broadcast')).toBe(true);
});

test('who joins while others are being told of is told of all, and hears all that comes later', async () => {
  const { peers, late } = await hall();
  const [first, second] = late;
  if (!first || !second) throw new Error('nobody is late');
  join(first);
  await turn();
  join(second);
  first.send({ op: 'set-presence', 'room-id': 'hall', data: { is: 'changed' } });
  for (let turns = 0; turns < 10; turns++) await turn();
  const whole = second.heard.find(({ op }) => op === 'refresh-presence');
  expect(Object.keys((whole as { readonly data: object }).data)).toHaveLength(members + 2);
  expect(JSON.stringify(whole)).toContain('changed');
  for (const { heard } of peers) expect(JSON.stringify(heard)).toContain('changed');
});
