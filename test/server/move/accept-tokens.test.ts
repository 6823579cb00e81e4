// Tokens of an old host: each is checked there once, is the server's from then on, and stays ended once it has ended.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { init } from '../../../src/admin/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/server.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { adminToken, appId } from './support.ts';

const user = 'bea12f5f-b372-4ba7-8050-897e9366d071';
const token = '42dc4495-3e5e-4f50-b720-8075c7b56289';
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Answer = (request: IncomingMessage, body: Record<string, string>, response: ServerResponse) => void;

/** An old host, and the bodies it was asked with. */
async function oldHost(answer: Answer): Promise<{ readonly url: string; readonly asked: Record<string, string>[] }> {
  const asked: Record<string, string>[] = [];
  const server = createHttpServer((request, response) => {
    let text = '';
    request.on('data', (data) => (text += String(data)));
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, string>;
      asked.push(body);
      answer(request, body, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const knows: Answer = (request, body, response) => {
  const isKnown = request.url === '/runtime/auth/verify_refresh_token' && body['refresh-token'] === token;
  response.writeHead(isKnown ? 200 : 400, { 'content-type': 'application/json' });
  response.end(JSON.stringify(isKnown ? { user: { id: user, email: 'uma@example.com', isGuest: false } } : { type: 'record-not-found' }));
};

async function serverWith(acceptTokensFrom: string | undefined, storage = memory()): Promise<TriplaneServer> {
  const server = await createServer({ storage, appId, adminToken, ...(acceptTokensFrom !== undefined && { acceptTokensFrom }) });
  ends.push(() => server.close());
  return server;
}

async function verify(server: TriplaneServer, given = token): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.url}/runtime/auth/verify_refresh_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'app-id': appId, 'refresh-token': given }),
  });
  return { status: response.status, body: await response.json() };
}

async function initOver(server: TriplaneServer): Promise<{ op: string; auth?: { user?: { id: string } } }> {
  const socket = new WebSocket(`${server.websocketURI}?app_id=${appId}`);
  ends.push(async () => socket.close());
  const answer = new Promise<never>((resolve) => socket.on('message', (data) => resolve(JSON.parse((data as Buffer).toString()) as never)));
  await new Promise((opened) => socket.on('open', opened));
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId, 'refresh-token': token }));
  return answer;
}

test('tokens of the old host are rejected unless the option is set', async () => {
  const server = await serverWith(undefined);
  expect(await verify(server)).toMatchObject({ status: 400, body: { type: 'record-not-found' } });
});

test('a token of the old host opens sessions and creates its user, with one request to the old host', async () => {
  const { url, asked } = await oldHost(knows);
  const storage = memory();
  const server = await serverWith(url, storage);
  const sessions = await Promise.all([initOver(server), initOver(server), verify(server)]);
  expect(sessions.slice(0, 2)).toMatchObject([{ op: 'init-ok', auth: { user: { id: user } } }, { op: 'init-ok' }]);
  expect(sessions[2]).toMatchObject({ status: 200, body: { user: { id: user, email: 'uma@example.com' } } });
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  expect((await db.asUser({ token }).query({ $users: {} })).$users).toMatchObject([{ id: user }]);
  expect(asked).toEqual([{ 'app-id': appId, 'refresh-token': token }]);
});

test('an unknown token causes one request to the old host and no log entry; a malformed one causes no request', async () => {
  const { url, asked } = await oldHost(knows);
  const storage = memory();
  const server = await serverWith(url, storage);
  for (let time = 0; time < 3; time++) expect((await verify(server, '00000000-0000-4000-8000-000000000000')).status).toBe(400);
  for (const odd of ['', 'x', '../..']) expect((await verify(server, odd)).status).toBe(400);
  expect(asked).toHaveLength(1);
  expect((await (await storage.open(appId)).load()).entries).toEqual([]);
});

test('a user who signed out stays signed out although the old host still accepts the token', async () => {
  const { url, asked } = await oldHost(knows);
  const server = await serverWith(url);
  expect((await verify(server)).status).toBe(200);
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  await db.auth.signOut({ id: user });
  expect((await verify(server)).status).toBe(400);
  expect(asked).toHaveLength(1);
});

test('an ended token of this server causes no request to the old host', async () => {
  const { url, asked } = await oldHost(knows);
  const server = await serverWith(url);
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  const own = await db.auth.createToken({ email: 'ada@example.com' });
  await db.auth.signOut({ email: 'ada@example.com' });
  expect((await verify(server, own)).status).toBe(400);
  expect(asked).toEqual([]);
});

test('while the old host fails its tokens are rejected, and are accepted when it works again', async () => {
  let isUp = false;
  const { url, asked } = await oldHost((request, body, response) => {
    if (isUp) return knows(request, body, response);
    response.writeHead(503);
    response.end();
  });
  const server = await serverWith(url);
  expect((await verify(server)).status).toBe(400);
  isUp = true;
  expect((await verify(server)).status).toBe(200);
  expect(asked).toHaveLength(2);
  const gone = await serverWith('http://127.0.0.1:1', memory());
  expect(await verify(gone)).toMatchObject({ status: 400, body: { type: 'record-not-found' } });
});

test('a user of the old host does not take over the e-mail address of another user', async () => {
  const { url } = await oldHost(knows);
  const server = await serverWith(url);
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  await db.auth.createToken({ email: 'uma@example.com' });
  expect((await verify(server)).status).toBe(400);
  expect((await db.query({ $users: {} })).$users).toHaveLength(1);
});
