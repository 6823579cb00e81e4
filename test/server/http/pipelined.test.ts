// Requests of one connection that are sent without waiting for the answers to earlier ones.

import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = await createServer({ limits: { totalIncomingBytes: 1_000_000 } });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

function opened(): { socket: Socket; isClosed: boolean; text: string } {
  const one = { socket: connect(server.port, '127.0.0.1'), isClosed: false, text: '' };
  one.socket.on('close', () => void (one.isClosed = true)).on('error', () => {});
  one.socket.on('data', (data) => void (one.text += data.toString('latin1')));
  sockets.push(one.socket);
  return one;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (body: string): string =>
  `POST /runtime/auth/sign_in_guest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const answersIn = (text: string): number => text.split('HTTP/1.1 ').length - 1;

test('each gets its answer, in order, however many there are in a row', async () => {
  const one = opened();
  for (let round = 1; round <= 10; round++) {
    one.text = '';
    one.socket.write(Array.from({ length: 100 }, (_, n) => get(`/none/${n}`) + post(JSON.stringify({ 'app-id': `${n}` }))).join(''));
    await until(() => answersIn(one.text) === 200);
    expect([...one.text.matchAll(/nothing at \/none\/(\d+)/g)].map(([, n]) => Number(n))).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(one.text.split('"original-input":').length).toBe(101);
  }
  expect(one.isClosed).toBe(false);
});

test('those that wait for their turn are bounded in bytes: the connection with the most is closed', async () => {
  const [hostile, other] = [opened(), opened()];
  hostile.socket.write(get(`/runtime/sse?app_id=${server.appId}`));
  other.socket.write(get(`/runtime/sse?app_id=${server.appId}`) + get('/health').repeat(10));
  hostile.socket.write(get('/health').repeat(2000));
  await until(() => hostile.isClosed);
  expect(other.isClosed).toBe(false);
  expect((await fetch(`${server.url}/health`)).ok).toBe(true);
});

test('one is not handled if its client went away while it waited', async () => {
  const one = opened();
  one.socket.write(get(`/runtime/sse?app_id=${server.appId}`) + get('/health').repeat(200));
  await until(() => one.text.includes('sse-init'));
  one.socket.destroy();
  // Nothing of it counts any more.
  for (let n = 0; n < 10; n++) {
    const next = opened();
    next.socket.write(get(`/runtime/sse?app_id=${server.appId}`) + get('/health').repeat(200));
    await until(() => next.text.includes('sse-init'));
    expect(next.isClosed).toBe(false);
    next.socket.destroy();
    await until(() => next.isClosed);
  }
});
