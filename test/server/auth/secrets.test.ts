// Codes and tokens: what is kept are hashes, and nobody reads them in a log or in an error.

import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Log } from '../../../src/lib/log.ts';
import { createServer, memory, type Storage, type TriplaneServer } from '../../../src/server/index.ts';

const logged: string[] = [];
const note = (...text: readonly unknown[]): void =>
  void logged.push(text.map((each) => (each instanceof Error ? `${each.stack} ${JSON.stringify(each)}` : JSON.stringify(each))).join(' '));
const log: Log = { debug: note, info: note, warn: note, error: note };
const running: TriplaneServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function post(server: TriplaneServer, path: string, body: object, headers: Record<string, string> = {}): Promise<HttpResponse> {
  const sent = { 'content-type': 'application/json', 'app-id': server.appId, ...headers };
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: sent,
    body: JSON.stringify({ 'app-id': server.appId, ...body }),
  });
  const text = await response.text();
  return { status: response.status, text, user: (JSON.parse(text) as Partial<HttpResponse>).user };
}

interface HttpResponse {
  readonly status: number;
  readonly text: string;
  readonly user?: { readonly refresh_token: string } | undefined;
}

/** All that a session is told, until it has been told so many messages. */
function session(server: TriplaneServer, messages: readonly object[]): Promise<string> {
  const socket = new WebSocket(`${server.websocketURI}?app_id=${server.appId}`);
  const received: string[] = [];
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => messages.forEach((message) => socket.send(JSON.stringify(message))));
    socket.on('message', (data) => {
      received.push((data as Buffer).toString('utf8'));
      if (received.length < messages.length) return;
      socket.close();
      resolve(received.join('\n'));
    });
  });
}

test('no code and no token appears in the storage, in the log or in an error', async () => {
  const storage: Storage = memory();
  const codes: string[] = [];
  const server = await createServer({ storage, log, sendMagicCode: ({ code }) => void codes.push(code) });
  running.push(server);
  const { appId, adminToken } = server;

  await post(server, '/runtime/auth/send_magic_code', { email: 'ann@example.com' });
  const wrong = await post(server, '/runtime/auth/verify_magic_code', { email: 'ann@example.com', code: 'no code' });
  const byCode = await post(server, '/runtime/auth/verify_magic_code', { email: 'ann@example.com', code: codes[0] });
  const asGuest = await post(server, '/runtime/auth/sign_in_guest', {});
  expect([byCode.status, asGuest.status, wrong.status]).toEqual([200, 200, 400]);
  await post(server, '/runtime/auth/send_magic_code', { email: 'bob@example.com' });
  const tokens = [byCode, asGuest].map(({ user }) => user?.refresh_token ?? '');
  const strange = '5ec4e700-0000-4000-8000-000000000001';

  const init = { op: 'init', 'app-id': appId, versions: {} };
  const rejected = [
    wrong.text,
    (await post(server, '/runtime/auth/verify_refresh_token', { 'refresh-token': strange })).text,
    (await post(server, '/admin/query', { query: { goals: 5 } }, { authorization: `Bearer ${strange}` })).text,
    (await post(server, '/admin/query', { query: { goals: 5 } }, { authorization: `Bearer ${adminToken}` })).text,
    (await post(server, '/admin/query', { query: { goals: 5 } }, { authorization: `Bearer ${adminToken}`, 'as-token': strange })).text,
    await session(server, [
      { ...init, 'refresh-token': strange },
      { ...init, 'refresh-token': tokens[0], '__admin-token': 7 },
    ]),
    await session(server, [{ ...init, 'app-id': 7, 'refresh-token': tokens[0], '__admin-token': adminToken }]),
    await session(server, [
      { ...init, 'refresh-token': tokens[0], '__admin-token': adminToken },
      { op: 'nothing', 'refresh-token': tokens[0] },
    ]).then((text) => text.split('\n')[1] ?? ''),
  ];
  const stored = JSON.stringify(await (await storage.open(appId)).load());
  expect(stored).toContain('ann@example.com');
  for (const text of rejected) expect(text).toMatch(/"(type|message)"/);
  for (const secret of [...tokens, ...codes.map((code) => `"${code}"`), adminToken, strange]) {
    for (const form of [secret, secret.replaceAll('-', '')]) {
      expect(stored, 'kept').not.toContain(form);
      expect(logged.join('\n'), 'logged').not.toContain(form);
      for (const text of rejected) expect(text, 'told').not.toContain(form);
    }
  }
});
