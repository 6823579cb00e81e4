// An admin writes sign-ins, codes and providers as rows, as a program does that copies an app by query.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, memory, type TriplaneServer } from '../../../src/server/index.ts';
import type { Storage } from '../../../src/server/storage/storage.ts';

let storage: Storage;
let server: TriplaneServer;

beforeEach(async () => {
  storage = memory();
  server = await createServer({ storage });
});
afterEach(() => server.close());

type Json = Readonly<Record<string, unknown>>;

async function call(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}, to = server): Promise<Json> {
  const sent = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  return (await (await fetch(to.url + path, sent)).json()) as Json;
}

const asAdmin = (of = server) => ({ authorization: `Bearer ${of.adminToken}`, 'app-id': of.appId });
const query = (q: unknown, of = server) => call('/admin/query', { query: q }, asAdmin(of), of);
const transact = (steps: unknown, headers = {}, to = server) => call('/admin/transact', { steps }, { ...asAdmin(to), ...headers }, to);
const verify = (token: string, of = server) =>
  call('/runtime/auth/verify_refresh_token', { 'app-id': of.appId, 'refresh-token': token }, {}, of);

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const hashOfToken = (token: string): string => hashOf(Buffer.from(token.replaceAll('-', ''), 'hex'));
const done: unknown = { 'tx-id': expect.any(Number) };
const refused = (message: string): unknown =>
  expect.objectContaining({ type: 'validation-failed', message: expect.stringContaining(message) });

async function newUser(email: string): Promise<string> {
  const user = id();
  expect(await transact([['update', '$users', user, { email }]])).toEqual(done);
  return user;
}

test('a token written by its hash signs in its user, can be linked to another user, and can be deleted', async () => {
  const [token, other, row] = [id(), id(), id()];
  const [ann, bob] = [await newUser('ann@example.com'), await newUser('bob@example.com')];
  expect(await transact([['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(token) }]])).toEqual(done);
  expect(await verify(token)).toMatchObject({ type: 'record-not-found' });
  expect(await query({ $userRefreshTokens: {} })).toEqual({ $userRefreshTokens: [{ id: row, hashedToken: hashOfToken(token) }] });
  expect(await transact([['link', '$userRefreshTokens', row, { $user: ann }]])).toEqual(done);
  expect(await verify(token)).toMatchObject({ user: { id: ann } });
  const byLookup = [
    'link',
    '$userRefreshTokens',
    `lookup__hashedToken__"${hashOfToken(token)}"`,
    { $user: 'lookup__email__"bob@example.com"' },
  ];
  expect(await transact([byLookup])).toEqual(done);
  expect(await verify(token)).toMatchObject({ user: { id: bob } });
  expect(await transact([['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(other) }]])).toEqual(done);
  expect([await verify(token), await verify(other)]).toMatchObject([{ type: 'record-not-found' }, { user: { id: bob } }]);
  expect(await transact([['delete', '$userRefreshTokens', row]])).toEqual(done);
  expect(await verify(other)).toMatchObject({ type: 'record-not-found' });
  expect(await query({ $userRefreshTokens: {} })).toEqual({ $userRefreshTokens: [] });
});

test('a session ends when its token is linked to another user', async () => {
  const [token, row] = [id(), id()];
  const [ann, bob] = [await newUser('ann@example.com'), await newUser('bob@example.com')];
  expect(await transact([['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(token), $user: ann }]])).toEqual(done);
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/runtime/session?app_id=${server.appId}`);
  const heard: Json[] = [];
  const hears = (op: string) =>
    new Promise<Json>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Json;
        heard.push(message);
        if (message['op'] === op) resolve(message);
      });
    });
  const begun = hears('init-ok');
  socket.on('open', () => {
    socket.send(JSON.stringify({ op: 'init', 'client-event-id': id(), 'app-id': server.appId, 'refresh-token': token, versions: {} }));
  });
  expect(await begun).toMatchObject({ auth: { user: { id: ann } } });
  const ended = hears('error');
  expect(await transact([['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(token) }]])).toEqual(done);
  expect(heard.map(({ op }) => op)).toEqual(['init-ok']);
  expect(await transact([['link', '$userRefreshTokens', row, { $user: bob }]])).toEqual(done);
  expect(await ended).toMatchObject({ type: 'record-not-found', hint: { 'record-type': 'app-user' } });
  socket.close();
});

test('a user and a token linked to the user can be written in one transaction, and survive a restart', async () => {
  const [user, token, row] = [id(), id(), id()];
  const steps = [
    ['update', '$users', user, { email: 'ann@example.com' }],
    ['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(token) }],
    ['link', '$users', user, { $userRefreshTokens: row }],
  ];
  expect(await transact(steps)).toEqual(done);
  const { appId, adminToken } = server;
  await server.close();
  server = await createServer({ storage, appId, adminToken });
  expect(await verify(token)).toMatchObject({ user: { id: user, email: 'ann@example.com' } });
});

test('a rejected transaction stores none of its rows', async () => {
  const [user, row] = [id(), id()];
  const rest = ['update', '$userRefreshTokens', row, {}];
  expect(await transact([['update', '$users', user, { email: 'ann@example.com' }], rest])).toEqual(refused('needs hashedToken'));
  expect(await query({ $users: {}, $userRefreshTokens: {} })).toEqual({ $users: [], $userRefreshTokens: [] });
  const twice = [id(), id()].map((each) => ['update', '$userRefreshTokens', each, { hashedToken: 'same' }]);
  expect(await transact(twice)).toMatchObject({ type: 'record-not-unique' });
  const missing = ['update', '$userRefreshTokens', row, { hashedToken: 'x' }, { upsert: false }];
  expect(await transact([missing])).toEqual(refused('entity does not exist'));
  expect(await transact([['update', '$userRefreshTokens', row, { v: 1 }]])).toMatchObject({ type: 'validation-failed' });
  expect(await query({ $userRefreshTokens: {} })).toEqual({ $userRefreshTokens: [] });
});

test('providers, clients and identities are written, and deleted with their provider', async () => {
  const [provider, client, user] = [id(), id(), await newUser('ann@example.com')];
  const steps: unknown[] = [
    ['update', '$oauthProviders', provider, { name: 'google' }],
    ['update', '$oauthClients', client, { name: 'web', clientId: 'c1', meta: { a: 1 } }],
    ['link', '$oauthClients', client, { $oauthProvider: provider }],
    ['update', '$oauthUserLinks', id(), { sub: 's1' }],
  ];
  expect(await transact(steps)).toEqual(refused('needs sub, $user and $oauthProvider'));
  steps[3] = ['update', '$oauthUserLinks', id(), { sub: 's1', $user: user, $oauthProvider: provider }];
  expect(await transact(steps)).toEqual(done);
  const rows = { $oauthClients: {}, $oauthUserLinks: { $: { fields: ['sub', '$user'] } } };
  expect(await query(rows)).toMatchObject({
    $oauthClients: [{ id: client, name: 'web', clientId: 'c1', meta: { a: 1 }, $oauthProvider: provider }],
    $oauthUserLinks: [{ sub: 's1' }],
  });
  expect(await transact([['merge', '$oauthClients', client, { meta: { b: 2 } }]])).toEqual(done);
  expect(await query({ $oauthClients: { $: { fields: ['meta'] } } })).toEqual({ $oauthClients: [{ id: client, meta: { a: 1, b: 2 } }] });
  expect(await transact([['update', '$oauthClients', client, { useSharedCredentials: true }]])).toEqual(refused('shares none'));
  expect(await transact([['delete', '$oauthProviders', provider]])).toEqual(done);
  expect(await query(rows)).toEqual({ $oauthClients: [], $oauthUserLinks: [] });
});

test('a code that was written signs in once', async () => {
  const [provider, client, code] = [id(), id(), id()];
  const codeHash = hashOfToken(code);
  const steps = [
    ['update', '$oauthProviders', provider, { name: 'google' }],
    ['update', '$oauthClients', client, { name: 'web', $oauthProvider: provider }],
    ['update', '$oauthCodes', id(), { codeHash, userInfo: { sub: 's1', email: 'ann@example.com' }, $oauthClient: client }],
    ['update', '$magicCodes', id(), { email: 'bob@example.com', codeHash: hashOf(Buffer.from('123456')) }],
  ];
  expect(await transact(steps)).toEqual(done);
  const trade = () => call('/runtime/oauth/token', { app_id: server.appId, code });
  expect(await trade()).toMatchObject({ user: { email: 'ann@example.com' } });
  expect(await trade()).toMatchObject({ type: 'record-not-found' });
  const signIn = (given: string) =>
    call('/runtime/auth/verify_magic_code', { 'app-id': server.appId, email: 'bob@example.com', code: given });
  expect(await signIn('654321')).toMatchObject({ message: expect.any(String) as string });
  expect(await signIn('123456')).toMatchObject({ user: { email: 'bob@example.com' } });
});

test('rows read from one server can be written to another, and its users stay signed in', async () => {
  const { user } = (await call('/admin/refresh_tokens', { email: 'ann@example.com' }, asAdmin())) as { user: Record<string, string> };
  const { $users, $userRefreshTokens } = (await query({ $users: {}, $userRefreshTokens: {} })) as Record<string, Record<string, string>[]>;
  const copy = await createServer();
  const steps = [
    ...($users ?? []).map(({ id: row, email }) => ['update', '$users', row, { email }]),
    ...($userRefreshTokens ?? []).map(({ id: row, ...fields }) => ['update', '$userRefreshTokens', row, fields]),
  ];
  expect(await transact(steps, {}, copy)).toEqual(done);
  expect(await verify(String(user['refresh_token']), copy)).toMatchObject({ user: { id: user['id'], email: 'ann@example.com' } });
  await copy.close();
});

test.each([
  ['a guest', { 'as-guest': 'true' }],
  ['a user', { 'as-email': 'ann@example.com' }],
])('%s cannot write any of these rows', async (_who, headers) => {
  const user = await newUser('ann@example.com');
  const row = id();
  expect(await transact([['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(id()), $user: user }]])).toEqual(done);
  const tries = [
    ['update', '$userRefreshTokens', id(), { hashedToken: hashOfToken(id()), $user: user }],
    ['update', '$oauthProviders', id(), { name: 'mine' }],
    ['update', '$magicCodes', id(), { email: 'ann@example.com', codeHash: 'x' }],
    ['link', '$users', user, { $userRefreshTokens: row }],
    ['delete', '$userRefreshTokens', row],
  ];
  for (const step of tries)
    expect(await transact([step], headers)).toMatchObject({ type: expect.stringMatching(/validation-failed|permission-denied/) as string });
  expect((await query({ $userRefreshTokens: {} }))['$userRefreshTokens']).toHaveLength(1);
  expect(await query({ $oauthProviders: {}, $magicCodes: {} })).toEqual({ $oauthProviders: [], $magicCodes: [] });
});

test('tokens and identities are deleted with their user, and do not sign in a later user with the same id', async () => {
  const [token, row, provider, link] = [id(), id(), id(), id()];
  const ann = await newUser('ann@example.com');
  expect(
    await transact([
      ['update', '$userRefreshTokens', row, { hashedToken: hashOfToken(token) }],
      ['link', '$userRefreshTokens', row, { $user: ann }],
      ['update', '$oauthProviders', provider, { name: 'google' }],
      ['update', '$oauthUserLinks', link, { sub: 's1' }],
      ['link', '$oauthUserLinks', link, { $user: ann, $oauthProvider: provider }],
    ]),
  ).toEqual(done);
  expect(await verify(token)).toMatchObject({ user: { id: ann } });
  expect(await transact([['delete', '$users', ann]])).toEqual(done);
  expect(await query({ $userRefreshTokens: {}, $oauthUserLinks: {} })).toEqual({ $userRefreshTokens: [], $oauthUserLinks: [] });
  expect(await transact([['update', '$users', ann, { email: 'eve@example.com' }]])).toEqual(done);
  expect(await verify(token)).toMatchObject({ type: 'record-not-found' });
});
