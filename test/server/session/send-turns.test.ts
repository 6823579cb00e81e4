// A message for thousands of sessions is sent in turns, while others are served.

import { expect, test } from 'vitest';
import type { Session } from '../../../src/server/session/session.ts';
import { SendBatch } from '../../../src/server/session/send-batch.ts';
import { SendTurns } from '../../../src/server/session/send-turns.ts';
import { appId, bench, rest, type TestPeer } from '../bench.ts';

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const members = 600;

interface Member {
  readonly session: Session;
  /** Frames, not parsed: those about who is there are long. */
  readonly heard: string[];
}

async function hall(): Promise<{ readonly peers: readonly Member[]; readonly other: TestPeer }> {
  const world = bench();
  const peers = Array.from({ length: members }, (): Member => {
    const heard: string[] = [];
    return { heard, session: world.hub.connect({ send: (frame) => void heard.push(frame), close: () => {} }) };
  });
  const say = async (message: object): Promise<void> => {
    for (const { session } of peers) session.receive(JSON.stringify(message));
    await rest();
    for (let turns = 0; turns < 60; turns++) await turn();
  };
  await say({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' } });
  await say({ op: 'join-room', 'room-type': 'r', 'room-id': 'hall', data: {} });
  for (const { heard } of peers) heard.length = 0;
  return { peers, other: await world.open() };
}

const broadcast = (from: Member | undefined, data: unknown): void =>
  from?.session.receive(JSON.stringify({ op: 'client-broadcast', 'client-event-id': 'e', 'room-id': 'hall', topic: 't', data }));

/** The data of the broadcasts a member was told of, in order. */
const dataHeardBy = ({ heard }: Member): unknown[] =>
  heard
    .flatMap((frame) => JSON.parse(frame) as object)
    .flatMap((message) => ((message as { op: string }).op === 'server-broadcast' ? [message] : []))
    .map((message) => (message as { data?: { data?: unknown } }).data?.data);

test('a broadcast to a large room is sent a few hundred messages at a time, and others are answered meanwhile', async () => {
  const { peers, other } = await hall();
  for (const data of [1, 2, 3]) broadcast(peers[0], data);
  let [last, most] = [0, 0];
  for (let turns = 0; turns < 30; turns++) {
    await turn();
    if (turns === 0) other.send({ op: 'join-room', 'room-type': 'r', 'room-id': 'elsewhere', data: {} });
    if (turns === 1) expect(other.heard.map(({ op }) => op)).toContain('join-room-ok');
    const heard = peers.filter((peer) => dataHeardBy(peer).length > 0).length;
    most = Math.max(most, heard - last);
    last = heard;
  }
  expect(most).toBeLessThanOrEqual(450);
  for (const peer of peers.slice(1)) expect(dataHeardBy(peer)).toEqual([1, 2, 3]);
});

test('an end that all sessions are told of comes before their connections close', async () => {
  const { peers } = await hall();
  broadcast(peers[0], 1);
  for (const peer of peers) peer.session.close(1012, 'restart');
  for (const peer of peers.slice(1)) expect(dataHeardBy(peer)).toEqual([1]);
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

/** Waiting messages of many sessions that are never all sent. */
function backlog(
  sessions: number,
  text: string,
): { readonly turns: SendTurns; readonly batches: SendBatch[]; readonly sent: () => number } {
  const turns = new SendTurns();
  let sent = 0;
  const socket = { send: (frame: string) => void (sent += frame.length), close: () => {} };
  const batches = Array.from({ length: sessions }, () => new SendBatch(socket, turns));
  for (const batch of batches) for (let n = 0; n < 5; n++) batch.send(`${n} ${text}`);
  return { turns, batches, sent: () => sent };
}

test('an answer does not wait for all that waits for others', async () => {
  const { turns } = backlog(300, 'x'.repeat(1024 * 1024));
  let heard = '';
  new SendBatch({ send: (frame) => void (heard = frame), close: () => {} }, turns).send('short');
  await turn();
  expect(heard).toBe('short');
});

test('a backlog that lasts is never sent all at once', async () => {
  const { batches, sent } = backlog(400, 'x'.repeat(20_000));
  let most = 0;
  for (let n = 0; n < 2500; n++) {
    const before = sent();
    for (let k = 0; k < 100; k++) batches[(n * 100 + k) % batches.length]?.send(`${n} ${k} ${'y'.repeat(300)}`);
    await turn();
    most = Math.max(most, sent() - before);
  }
  expect(sent()).toBeGreaterThan(64 * 1024 * 1024);
  expect(most).toBeLessThan(16 * 1024 * 1024);
});
