// What a refusal repeats of a request: hints reach logs, so nothing that may be a secret.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer();
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly body: { readonly hint: unknown };
}

async function send(method: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const json = { 'content-type': 'application/json', ...headers };
  const answer = await fetch(server.url + path, { method, headers: json, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

const post = (path: string, body: object, headers?: Record<string, string>): Promise<Answer> => send('POST', path, body, headers);
const asAdmin = (): Record<string, string> => ({ authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId });
const asOperator = (): Record<string, string> => ({ authorization: `Bearer ${server.operatorToken}` });
const ofApp = (more: object): object => ({ 'app-id': server.appId, app_id: server.appId, ...more });

/** The error that a session is told. */
function say(message: object): Promise<Answer> {
  const socket = new WebSocket(server.websocketURI);
  return new Promise((resolve) => {
    socket.on('open', () => socket.send(JSON.stringify(message)));
    socket.on('message', (data) => {
      socket.terminate();
      const body = JSON.parse((data as Buffer).toString('utf8')) as Answer & Answer['body'];
      resolve({ status: body.status, body });
    });
  });
}

const [uuid, short, email] = [id(), '314159', 'nobody@example.com'];
const personal = `per_${'a7'.repeat(32)}`;
const signed = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2lnbmVk';

test.each<[what: string, secret: string, refused: () => Promise<Answer>]>([
  ['a wrong magic code', short, () => post('/runtime/auth/verify_magic_code', ofApp({ email, code: short }))],
  ['a wrong magic code, by an admin', short, () => post('/admin/verify_magic_code', { email, code: short }, asAdmin())],
  ['a magic code as a number', short, () => post('/admin/verify_magic_code', { email, code: Number(short) }, asAdmin())],
  ['a magic code in a list', short, () => post('/admin/verify_magic_code', { email, code: [short] }, asAdmin())],
  ['a short password', short, () => post('/admin/query', { query: {} }, { ...asAdmin(), authorization: `Basic ${short}` })],
  ['a token of a user', uuid, () => post('/admin/query', { query: {} }, { 'app-id': server.appId, 'as-token': uuid })],
  ['a malformed token of a user', short, () => post('/admin/query', { query: {} }, { 'app-id': server.appId, 'as-token': short })],
  ['a refresh token in a list', uuid, () => post('/admin/sign_out', { refresh_token: [uuid] }, asAdmin())],
  ['a refresh token under another name', uuid, () => post('/admin/sign_out', { refreshToken: uuid }, asAdmin())],
  ['a refresh token within another parameter', uuid, () => post('/admin/sign_out', { email: { refresh_token: uuid } }, asAdmin())],
  ['a malformed admin token', short, () => post('/dash/apps', { title: 'x', id: id(), admin_token: short }, asOperator())],
  ['a personal token as an app id', personal, () => post('/admin/query', { query: {} }, { ...asAdmin(), 'app-id': personal })],
  ['a personal token in a list', personal, () => post('/admin/query', { query: [personal] }, asAdmin())],
  ['an id token in a list', signed, () => post('/admin/query', { query: ['x', { y: signed }] }, asAdmin())],
  ['an OAuth code', short, () => post('/runtime/oauth/token', ofApp({ code: short }))],
  ['a nonce', short, () => post('/runtime/oauth/id_token', ofApp({ client_name: 'x', id_token: 'x', nonce: [short] }))],
  ['the refresh token of a session', uuid, () => say({ op: 'init', 'app-id': server.appId, 'refresh-token': uuid })],
  ['a malformed refresh token of a session', uuid, () => say({ op: 'init', 'app-id': server.appId, 'refresh-token': [uuid] })],
  ['the admin token of a session', uuid, () => say({ op: 'init', 'app-id': server.appId, '__admin-token': uuid })],
  ['a token within a field of a session', uuid, () => say({ op: 'init', 'app-id': [{ token: uuid }] })],
  ['a token as an app id of a session', personal, () => say({ op: 'init', 'app-id': personal })],
])('an error does not repeat %s', async (_what, secret, refused) => {
  const { status, body } = await refused();
  expect(status).toBe(400);
  expect(JSON.stringify(body)).not.toContain(secret);
});

test('other input is repeated, without the secrets in it', async () => {
  expect((await post('/admin/sign_out', { email: ['x'], refresh_token: 'y' }, asAdmin())).body.hint).toEqual({
    in: ['body', 'email'],
    'original-input': ['x'],
  });
  expect((await post('/admin/query', { query: [1, { refresh_token: 'y', deep: { id: 7, code: 8 } }] }, asAdmin())).body.hint).toEqual({
    in: ['body', 'query'],
    'original-input': [1, { deep: { id: 7 } }],
  });
});
