// What tools do to one app besides its schema: its status, its files, and the removal of all its data.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer();
});
afterAll(() => server.close());

async function call(method: string, path: string, body: unknown, token = server.operatorToken, more: Record<string, string> = {}) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...more };
  const init = { method, headers, ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }) };
  const answer = await fetch(server.url + path, init);
  return { status: answer.status, body: (await answer.json()) as unknown };
}

async function newApp(content: object = {}) {
  const [appId, adminToken] = [id(), id()];
  const made = await call('POST', '/dash/apps', { title: 'tools', id: appId, admin_token: adminToken, ...content });
  expect(made.status).toBe(200);
  return { appId, adminToken, path: `/dash/apps/${appId}`, db: init({ appId, adminToken, apiURI: server.apiURI }) };
}

const add = (db: ReturnType<typeof init>) => db.transact(db.tx['notes']![id()]!.update({ text: 'a' }));

test('the operator sets the status of an app: read-only rejects writes, disabled rejects reads, active accepts both', async () => {
  const { adminToken, path, db } = await newApp();
  await add(db);
  const set = (status: unknown, token?: string) => call('POST', `${path}/status`, { status }, token);
  expect(await set('read-only')).toEqual({ status: 200, body: { status: 'read-only' } });
  await expect(add(db)).rejects.toMatchObject({ body: { type: 'app-read-only' } });
  expect((await db.query({ notes: {} })).notes).toHaveLength(1);
  expect(await set('disabled')).toEqual({ status: 200, body: { status: 'disabled' } });
  await expect(db.query({ notes: {} })).rejects.toMatchObject({ body: { type: 'app-disabled' } });
  expect(await set('active')).toEqual({ status: 200, body: { status: 'active' } });
  await add(db);
  expect(await set('asleep')).toMatchObject({ status: 400, body: { type: 'param-malformed', hint: { in: ['body', 'status'] } } });
  expect(await set(undefined)).toMatchObject({ status: 400, body: { type: 'param-missing' } });
  expect(await set('disabled', adminToken)).toMatchObject({ status: 401 });
  expect((await db.query({ notes: {} })).notes).toHaveLength(2);
});

test('only the admin of an app and the operator can upload and delete its files', async () => {
  const { adminToken, path, db } = await newApp();
  const other = await newApp();
  const put = (token: string, name: string) =>
    call('PUT', `${path}/storage/upload`, 'hello', token, { path: name, 'content-type': 'text/plain' });
  const remove = (token: string) => call('POST', `${path}/storage/files/delete`, { filenames: ['a.txt', 'b.txt'] }, token);
  expect(await put(adminToken, 'a.txt')).toMatchObject({ status: 200, body: { data: { id: expect.any(String) } } });
  expect(await put(server.operatorToken, 'b.txt')).toMatchObject({ status: 200 });
  expect(await put(other.adminToken, 'c.txt')).toMatchObject({ status: 400, body: { hint: { reason: 'admin-token-mismatch' } } });
  expect(await put(id(), 'c.txt')).toMatchObject({ status: 401 });
  expect(await remove(id())).toMatchObject({ status: 401 });
  expect((await db.query({ $files: {} })).$files?.map((file) => file['path']).sort()).toEqual(['a.txt', 'b.txt']);
  expect(await remove(adminToken)).toMatchObject({ status: 200, body: { data: { ids: [expect.any(String), expect.any(String)] } } });
  expect(await db.query({ $files: {} })).toEqual({ $files: [] });
});

test('a cleared app has no data, schema or files, and keeps its rules', async () => {
  const rules = { notes: { allow: { create: 'false' } } };
  const { appId, adminToken, path, db } = await newApp({ rules: { code: rules } });
  const other = await newApp();
  await add(db);
  await add(other.db);
  await db.auth.createToken({ email: 'ann@example.com' });
  await db.storage.uploadFile('a.txt', 'hello');
  const { $files: files } = await db.query({ $files: {} });
  expect(await call('POST', `${path}/clear`, {}, adminToken)).toMatchObject({ status: 401 });
  expect((await db.query({ notes: {} })).notes).toHaveLength(1);
  expect(await call('POST', `${path}/clear`, {})).toEqual({ status: 200, body: { ok: true } });
  expect(await db.query({ notes: {}, $users: {}, $files: {} })).toEqual({ notes: [], $users: [], $files: [] });
  expect((await fetch(String(files?.[0]?.['url']))).status).toBe(404);
  const pulled = (await call('GET', `${path}/schema/pull`, undefined, adminToken)).body as { schema: { blobs: object } };
  expect(Object.keys(pulled.schema.blobs)).not.toContain('notes');
  const guest = db.asUser({ guest: true });
  await expect(add(guest as never)).rejects.toMatchObject({ body: { type: 'permission-denied' } });
  expect((await call('GET', `/superadmin/apps/${appId}`, undefined)).status).toBe(200);
  expect((await other.db.query({ notes: {} })).notes).toHaveLength(1);
  await add(db);
});

test('tools see where the answers of a sign-in client go, and cannot share credentials that the host does not have', async () => {
  const { adminToken, path } = await newApp();
  const ask = (method: string, end: string, body?: object) => call(method, path + end, body, adminToken);
  const { provider } = (await ask('POST', '/oauth_service_providers', { provider_name: 'github' })).body as { provider: { id: string } };
  const about = { provider_id: provider.id, client_name: 'gh', client_id: 'an-id', client_secret: 'a-secret' };
  const made = await ask('POST', '/oauth_clients', { ...about, redirect_to: 'https://app.example.com/back' });
  const { client } = made.body as { client: { id: string } };
  const listed = (await ask('GET', '/auth')).body as { oauth_clients: object[] };
  expect(listed.oauth_clients).toEqual([{ ...client, redirect_to: 'https://app.example.com/back' }]);
  expect(await ask('POST', `/oauth_clients/${client.id}`, { use_shared_credentials: true })).toMatchObject({
    status: 400,
    body: { type: 'record-not-found', hint: { 'record-type': 'shared-oauth-client', 'provider-name': 'github' } },
  });
  const deleted = (await ask('DELETE', `/oauth_clients/${client.id}`)).body as { client: object };
  expect(Object.keys(deleted.client).sort()).toEqual(['client_id', 'client_name', 'created_at', 'id', 'provider_id']);
  expect(JSON.stringify([made, listed, deleted])).not.toContain('a-secret');
});

test('a user that an admin makes without an address has none, and one that a token is made for has null', async () => {
  const { adminToken, db } = await newApp();
  const [made, signedIn] = [id(), id()];
  await db.transact(db.tx['$users']![made]!.update({}));
  await call('POST', '/admin/refresh_tokens', { id: signedIn }, adminToken, { 'app-id': db.config.appId });
  expect((await db.query({ $users: {} })).$users).toEqual(expect.arrayContaining([{ id: made }, { id: signedIn, email: null }]));
});
