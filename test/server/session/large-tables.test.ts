// Table sync of a table that is larger than what a client may leave unread: it is sent as fast as it is read, in frames of a size that a
// client can hold; what is written meanwhile follows.

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { init } from '../../../src/admin/index.ts';
import { createServer } from '../../../src/server/server.ts';
import { memory } from '../../../src/server/storage/memory.ts';

const rows = 4000;
const wait = { timeout: 15_000 };
const idOf = (at: number): string => `e0000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

interface Message {
  readonly op: string;
  readonly 'join-rows'?: readonly unknown[];
  readonly txes?: readonly unknown[];
}

test('a client that reads a large table slowly is not disconnected, and receives every row', async () => {
  const server = await createServer({ storage: memory(), limits: { unreadBytes: 2 * 1024 * 1024 } });
  onTestFinished(() => server.close());
  const { appId, adminToken } = server;
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  for (let from = 0; from < rows; from += 500)
    await db.transact(Array.from({ length: 500 }, (_, at) => db.tx['goals']![idOf(from + at)]!.create({ text: 'x'.repeat(2000) })));
  const socket = new WebSocket(`${server.websocketURI}?app_id=${appId}`);
  onTestFinished(() => socket.terminate());
  const messages: Message[] = [];
  let largest = 0;
  let closed: number | undefined;
  socket.on('close', (code) => (closed = code));
  socket.on('message', (data) => {
    const text = (data as Buffer).toString();
    largest = Math.max(largest, text.length);
    messages.push(...[JSON.parse(text) as Message | Message[]].flat());
    // Reads a frame only after others had their turn.
    socket.pause();
    setImmediate(() => socket.resume());
  });
  await new Promise((opened) => socket.once('open', opened));
  const versions = { '@instantdb/core': 'v1.0.67' };
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId, versions, '__admin-token': adminToken, 'client-event-id': 'i' }));
  socket.send(JSON.stringify({ op: 'start-sync', q: { goals: {} }, 'client-event-id': 's' }));
  await expect.poll(() => messages.some(({ op }) => op === 'sync-load-batch'), wait).toBe(true);
  await db.transact(db.tx['goals']![idOf(7)]!.update({ text: 'changed meanwhile' }));
  await expect.poll(() => messages.some(({ op }) => op === 'sync-update-triples'), wait).toBe(true);
  expect(messages.map(({ op }) => op).filter((op, at, all) => op !== all[at - 1])).toEqual([
    'init-ok',
    'start-sync-ok',
    'sync-load-batch',
    'sync-init-finish',
    'sync-update-triples',
  ]);
  expect(messages.reduce((sum, message) => sum + (message['join-rows']?.length ?? 0), 0)).toBe(rows);
  expect(largest).toBeLessThan(1_000_000);
  expect(closed).toBe(undefined);
});

test('the server keeps working after a session ended in the middle of a table', async () => {
  const server = await createServer({ storage: memory(), limits: { unreadBytes: 2 * 1024 * 1024 } });
  onTestFinished(() => server.close());
  const { appId, adminToken } = server;
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  for (let from = 0; from < rows; from += 500)
    await db.transact(Array.from({ length: 500 }, (_, at) => db.tx['goals']![idOf(from + at)]!.create({ text: 'x'.repeat(2000) })));
  const socket = new WebSocket(`${server.websocketURI}?app_id=${appId}`);
  await new Promise((opened) => socket.once('open', opened));
  const ended = new Promise<void>((resolve) =>
    socket.on('message', (data) => {
      if (!(data as Buffer).includes('sync-load-batch')) return;
      socket.terminate();
      resolve();
    }),
  );
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId, '__admin-token': adminToken, 'client-event-id': 'i' }));
  socket.send(JSON.stringify({ op: 'start-sync', q: { goals: {} }, 'client-event-id': 's' }));
  await ended;
  await db.transact(db.tx['goals']![idOf(7)]!.update({ text: 'changed' }));
  expect((await db.query({ goals: { $: { where: { text: 'changed' } } } })).goals).toHaveLength(1);
});
