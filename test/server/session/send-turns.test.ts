// A message for thousands of sessions is sent in turns, while others are served.

import { expect, test } from 'vitest';
import { SendBatch } from '../../../src/server/session/send-batch.ts';
import { SendTurns } from '../../../src/server/session/send-turns.ts';
import { appId, bench, rest, type TestPeer } from '../bench.ts';

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const members = 600;

async function hall(): Promise<{ readonly peers: readonly TestPeer[]; readonly other: TestPeer }> {
  const world = bench();
  const peers: TestPeer[] = [];
  for (let n = 0; n < members; n++) peers.push(await world.open());
  for (const peer of peers) peer.send({ op: 'join-room', 'room-type': 'r', 'room-id': 'hall', data: {} });
  await rest();
  for (let turns = 0; turns < 60; turns++) await turn();
  for (const { heard } of peers) heard.length = 0;
  return { peers, other: await world.open() };
}

const heardBy = (peers: readonly TestPeer[], op: string): number =>
  peers.reduce((sum, { heard }) => sum + heard.filter((message) => message.op === op).length, 0);

test('a broadcast to a large room is sent a few hundred messages at a time, and others are answered meanwhile', async () => {
  const { peers, other } = await hall();
  for (const data of [1, 2, 3]) peers[0]?.send({ op: 'client-broadcast', 'room-id': 'hall', topic: 't', data });
  let [last, most] = [0, 0];
  for (let turns = 0; turns < 30; turns++) {
    await turn();
    if (turns === 0) other.send({ op: 'join-room', 'room-type': 'r', 'room-id': 'elsewhere', data: {} });
    if (turns === 1) expect(heardBy([other], 'join-room-ok')).toBe(1);
    const heard = peers.filter(({ heard: messages }) => messages.some(({ op }) => op === 'server-broadcast')).length;
    most = Math.max(most, heard - last);
    last = heard;
  }
  expect(most).toBeLessThanOrEqual(450);
  expect(heardBy(peers, 'server-broadcast')).toBe(3 * (members - 1));
  for (const { heard } of peers.slice(1))
    expect(heard.map((message) => (message as { data?: { data?: unknown } }).data?.data)).toEqual([1, 2, 3]);
});

test('an end that all sessions are told of comes before their connections close', async () => {
  const { peers } = await hall();
  for (const peer of peers) peer.heard.length = 0;
  peers[0]?.send({ op: 'client-broadcast', 'room-id': 'hall', topic: appId, data: 1 });
  for (const peer of peers) peer.session.close(1012, 'restart');
  expect(heardBy(peers, 'server-broadcast')).toBe(members - 1);
});

test('what waits does not outgrow its bound', async () => {
  const turns = new SendTurns();
  let sent = 0;
  const socket = { send: (frame: string) => void (sent += frame.length), close: () => {} };
  const text = (n: number): string => `${n} ${'x'.repeat(4 * 1024 * 1024)}`;
  for (let n = 0; n < 40; n++) new SendBatch(socket, turns).send(text(n));
  expect(sent).toBeGreaterThan(90 * 1024 * 1024);
  await turns.sent();
  expect(sent).toBeGreaterThan(160 * 1024 * 1024);
});
