// What strangers make a server hold without ever completing a request, or without reading the answer: all of them together so much.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

const limit = 1_000_000;
const part = Buffer.alloc(100_000, 'x');
let server: TriplaneServer;
let sockets: Socket[] = [];
let webSockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  for (const socket of webSockets) socket.terminate();
  webSockets = [];
  await server.close();
});

/** Connections that were made, and have been closed by the server. */
function open(): { socket: Socket; isClosed: boolean } {
  const one = { socket: connect(server.port, '127.0.0.1'), isClosed: false };
  one.socket.on('close', () => void (one.isClosed = true)).on('error', () => {});
  sockets.push(one.socket);
  return one;
}

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const isHealthy = async (): Promise<boolean> => (await fetch(`${server.url}/health`)).ok;

describe('incomplete', () => {
  const beginnings = {
    'a frame': `GET /runtime/session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    'a body':
      'POST /runtime/framework/query HTTP/1.1\r\nHost: x\r\napp-id: APP\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n',
    'a body of unknown length': 'POST /runtime/sse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\ndbba0\r\n',
  };
  /** Text, masked, with a length of 64 bits. */
  const frameHead = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0d, 0xbb, 0xa0, 0, 0, 0, 0]);

  test.each(Object.entries(beginnings))(
    '%s on each of many connections: connections above the total are closed',
    async (what, beginning) => {
      server = await createServer({ limits: { totalIncomingBytes: limit } });
      const all = [open(), open(), open(), open()];
      for (const { socket } of all) {
        socket.resume().write(beginning.replace('APP', server.appId));
        if (what === 'a frame') {
          await new Promise((resolve) => socket.once('data', resolve));
          socket.write(frameHead);
        }
        for (let n = 0; n < 6; n++) socket.write(part);
      }
      // Twice and a half as much as there may be.
      await until(() => all.filter(({ isClosed }) => isClosed).length >= 3);
      expect(all.some(({ isClosed }) => !isClosed)).toBe(true);
      expect(await isHealthy()).toBe(true);
    },
  );
});

test('a body above the total is refused with an answer before its connection closes, also if no more of it comes', async () => {
  server = await createServer({ limits: { totalIncomingBytes: limit } });
  const all = [open(), open()];
  const texts = ['', ''];
  for (const [at, { socket }] of all.entries()) {
    socket.on('data', (data) => void (texts[at] += data.toString()));
    socket.write('POST /runtime/framework/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n');
    for (let n = 0; n < 6; n++) socket.write(part);
  }
  await until(() => all.some(({ isClosed }) => isClosed));
  const at = all.findIndex(({ isClosed }) => isClosed);
  expect(texts[at]).toMatch(/^HTTP\/1.1 429 .*\r\nretry-after: 1\r\n.*"type":"rate-limited"/is);
  expect([all[1 - at]?.isClosed, texts[1 - at]]).toEqual([false, '']);
});

test('fragments of compressed messages count by what they inflate to', async () => {
  server = await createServer({ limits: { totalIncomingBytes: limit, frameBytes: limit } });
  const fragment = Buffer.alloc(400_000, 'x');
  const closed: boolean[] = [];
  for (let n = 0; n < 4; n++) {
    const socket = new WebSocket(server.websocketURI, { perMessageDeflate: { threshold: 0 } });
    webSockets.push(socket);
    socket.on('close', () => void (closed[n] = true)).on('error', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(fragment, { binary: false, compress: true, fin: false });
  }
  await until(() => closed.some(Boolean));
  expect(closed.filter(Boolean).length).toBeLessThan(4);
  expect(await isHealthy()).toBe(true);
});

test('a long compressed message in many fragments is taken, and no longer counts', async () => {
  server = await createServer({ limits: { totalIncomingBytes: 2 * limit, frameBytes: limit } });
  const socket = new WebSocket(server.websocketURI, { perMessageDeflate: { threshold: 0 } });
  webSockets.push(socket);
  await new Promise((resolve) => socket.once('open', resolve));
  for (let n = 0; n < 5; n++) {
    const text = JSON.stringify({ op: 'init', 'app-id': 'x'.repeat(900_000) });
    for (let from = 0; from < text.length; from += 100_000)
      socket.send(text.slice(from, from + 100_000), { compress: true, fin: from + 100_000 >= text.length });
    await new Promise((resolve) => socket.once('message', resolve));
  }
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test('a complete body no longer counts: many large ones, one after the other, get responses', async () => {
  server = await createServer({ limits: { totalIncomingBytes: limit } });
  for (let n = 0; n < 4; n++) {
    const body = JSON.stringify({ query: {}, rest: 'x'.repeat(600_000) });
    const headers = { 'content-type': 'application/json', 'app-id': server.appId };
    const answer = await fetch(`${server.url}/runtime/framework/query`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  }
});

test('a client that does not read an HTTP response is disconnected above the total', async () => {
  server = await createServer({ limits: { totalUnreadBytes: 10_000_000 } });
  const headers = { 'content-type': 'application/json', 'app-id': server.appId, authorization: `Bearer ${server.adminToken}` };
  const post = (path: string, body: object): Promise<Response> =>
    fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  const steps = [['update', 'notes', crypto.randomUUID(), { text: 'x'.repeat(12_000_000) }]];
  expect((await post('/admin/transact', { steps })).status).toBe(200);
  const body = JSON.stringify({ query: { notes: {} } });
  const request = `POST /runtime/framework/query HTTP/1.1\r\nHost: x\r\napp-id: ${server.appId}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const all = [open(), open(), open(), open()];
  // Each begins to read, and goes no further.
  for (const { socket } of all) {
    socket.write(request);
    await new Promise((resolve) => socket.once('readable', resolve));
  }
  await isHealthy();
  for (const { socket } of all) socket.resume();
  const isCut = ({ isClosed, socket }: (typeof all)[number]): boolean => isClosed && socket.bytesRead < 12_000_000;
  await until(() => all.every((one) => one.isClosed || one.socket.bytesRead > 12_000_000));
  expect(all.map(isCut)).toContain(true);
  expect(all.map(isCut)).toContain(false);
  // Whoever reads is answered.
  expect(await (await post('/admin/query', { query: { notes: {} } })).json()).toMatchObject({ notes: [{}] });
});
