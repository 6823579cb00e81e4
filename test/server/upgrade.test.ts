// Requests that ask for another protocol, sent byte by byte: none may end the process, and none but WebSocket is an upgrade.

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

let server: TriplaneServer;

beforeAll(async () => void (server = await createServer()));
afterAll(() => server.close());

/** Sends text as it is, and resolves with the statuses of all responses once the server or the test closes the connection. */
function statuses(text: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (data) => {
      received += String(data);
      if (received.includes('"status":"ok"')) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve([...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? '')));
  });
}

const upgrade = (target: string, protocol: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;

test.each(['//', '///', '/\\', '//[::1', 'http://[', 'http://%', 'http://a:99999/', 'http://user:pass@[/'])(
  'a WebSocket upgrade of %s, which is not a URL, gets a 400',
  async (target) => {
    expect(await statuses(upgrade(target, 'websocket'))).toEqual(['400']);
    expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ status: 'ok' });
  },
);

test.each([
  ['a path without sockets', '/elsewhere', '404'],
  ['an app id that is not a UUID', '/runtime/session?app_id=1', '400'],
  ['no WebSocket key', '/runtime/session', '400'],
])('a WebSocket upgrade with %s is rejected', async (_what, target, status) => {
  expect(await statuses(upgrade(target, 'websocket'))).toEqual([status]);
});

test.each(['h2c', 'TLS/1.0', 'foo/2, h2c'])('an upgrade to %s is ignored: the request is answered as it stands', async (protocol) => {
  expect(await statuses(upgrade('/health', protocol, 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n'))).toEqual(['200']);
});

test('a body and further requests behind an ignored upgrade are read', async () => {
  const body = JSON.stringify({ query: {} });
  const post =
    'POST /admin/query HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n' +
    `app-id: ${server.appId}\r\nAuthorization: Bearer ${server.adminToken}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  expect(await statuses(`${post}GET /health HTTP/1.1\r\nHost: x\r\n\r\n`)).toEqual(['200', '200']);
});

test('requests that all ask for an upgrade, sent at once, are answered one after the other', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const count = 20;
  let received = '';
  await new Promise<void>((resolve, reject) => {
    socket.on('data', (data) => {
      received += String(data);
      if (received.split('"status":"ok"').length > count) resolve();
    });
    socket.on('error', reject);
    for (let n = 0; n < count; n++) socket.write(upgrade('/health', 'h2c'));
  });
  socket.destroy();
  expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(count);
});

test.each([
  ['the server', '/elsewhere', ''],
  ['the WebSocket package', '/runtime/session', 'Sec-WebSocket-Version: 1\r\n'],
])('a connection whose upgrade was rejected by %s is closed, also if the client never closes its end', async (_who, target, more) => {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(upgrade(target, 'websocket', more));
  await new Promise((resolve) => socket.resume().once('end', resolve));
  // What arrives at a connection that is closed at both ends is answered with a reset.
  const isReset = new Promise((resolve) => socket.once('error', resolve));
  const writing = setInterval(() => socket.write('more'), 10);
  await isReset;
  clearInterval(writing);
});
