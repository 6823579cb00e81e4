// Long answers are compressed for clients that can read it, each by itself.

import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type ServerOptions, type TriplaneServer } from '../../src/server/index.ts';

const running: TriplaneServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<TriplaneServer> {
  const server = await createServer(options);
  running.push(server);
  const steps = Array.from({ length: 200 }, (_, n) => ['update', 'goals', id(), { title: `Goal ${n}`, n }]);
  const headers = { 'content-type': 'application/json', 'app-id': server.appId, authorization: `Bearer ${server.adminToken}` };
  await fetch(`${server.url}/admin/transact`, { method: 'POST', headers, body: JSON.stringify({ steps }) });
  return server;
}

interface Client {
  readonly socket: WebSocket;
  /** What is answered, and how many bytes came over the line for it. */
  ask(message: object): Promise<{ readonly text: string; readonly bytes: number }>;
}

async function connect({ websocketURI, appId, adminToken }: TriplaneServer, perMessageDeflate: boolean): Promise<Client> {
  const socket = new WebSocket(`${websocketURI}?app_id=${appId}`, { perMessageDeflate });
  let line: Socket | undefined;
  socket.on('upgrade', (response) => (line = response.socket));
  await new Promise((opened) => socket.once('open', opened));
  const ask = async (message: object): Promise<{ text: string; bytes: number }> => {
    const before = line?.bytesRead ?? 0;
    const answered = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(String(data))));
    socket.send(JSON.stringify({ 'client-event-id': id(), ...message }));
    const text = await answered;
    return { text, bytes: (line?.bytesRead ?? 0) - before };
  };
  await ask({ op: 'init', 'app-id': appId, '__admin-token': adminToken, versions: {} });
  return { socket, ask };
}

const all = { op: 'add-query', q: { goals: {} } };
const few = { op: 'add-query', q: { goals: { $: { limit: 2 } } } };

test('a message of 8 kB or more is compressed, a shorter one is not', async () => {
  const server = await start();
  const { socket, ask } = await connect(server, true);
  expect(socket.extensions).toContain('permessage-deflate');
  const long = await ask(all);
  expect(long.text.length).toBeGreaterThan(8192);
  expect(long.bytes).toBeLessThan(long.text.length / 2);
  const short = await ask(few);
  expect(short.text.length).toBeLessThan(8192);
  expect(short.bytes).toBeGreaterThan(short.text.length);
  expect((await ask({ ...all, q: { goals: {}, other: {} } })).bytes).toBeLessThan(long.text.length / 2);
  socket.terminate();
});

test('no compression context is kept between messages', async () => {
  const { socket } = await connect(await start(), true);
  expect(socket.extensions).toContain('permessage-deflate');
  const { params } = (socket as unknown as { _extensions: Record<string, { params: Record<string, boolean> }> })._extensions[
    'permessage-deflate'
  ] ?? { params: {} };
  expect(params).toMatchObject({ server_no_context_takeover: true, client_no_context_takeover: true });
  socket.terminate();
});

test.each([
  ['a client that does not offer it', true, false],
  ['a server with compression switched off', false, true],
])('%s has no compression', async (_what, compression, asks) => {
  const { socket, ask } = await connect(await start({ compression }), asks);
  expect(socket.extensions).toBe('');
  const { text, bytes } = await ask(all);
  expect(bytes).toBeGreaterThan(text.length);
  socket.terminate();
});
