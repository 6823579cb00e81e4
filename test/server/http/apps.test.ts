// Apps for a while, each with an admin token of its own; what tools read of attributes; figures for a monitor.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { init as initAdmin } from '@instantdb/admin';
import { id } from '../../../src/lib/uuid.ts';
import { replay } from '../../../src/server/storage/replay.ts';
import { createServer, memory, type Storage, type TriplaneServer } from '../../../src/server/index.ts';
import { eventually } from '../../support/eventually.ts';

const limits = { ephemeralApps: 100 };
let storage: Storage;
let server: TriplaneServer;

beforeEach(async () => {
  storage = memory();
  server = await createServer({ storage, limits });
});
afterEach(() => server.close());

async function call(method: string, path: string, body?: object, token?: string) {
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(server.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: await answer.json() };
}

const schema = {
  entities: { notes: { attrs: { text: { valueType: 'string', required: false, config: { indexed: true, unique: false } } } } },
  links: {},
};
const create = (more: object = {}) => call('POST', '/dash/apps/ephemeral', { title: 'demo', ...more });
const admin = (appId: string, adminToken: string) => initAdmin({ appId, adminToken, apiURI: server.apiURI });

test('an ephemeral app has its schema, its rules and a token that is valid only for it', async () => {
  const rules = { code: { notes: { allow: { view: 'false' } } } };
  const { status, body } = await create({ schema, rules });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    app: { title: 'demo', status: 'active', 'admin-token': expect.any(String) },
    expires_ms: expect.any(Number),
  });
  const { id: appId, 'admin-token': token } = body.app;
  const db = admin(appId, token);
  await db.transact(db.tx.notes![id()]!.update({ text: 'a' }));
  expect((await db.query({ notes: {} })).notes).toHaveLength(1);
  expect((await db.asUser({ guest: true }).query({ notes: {} })).notes).toEqual([]);
  expect((await call('GET', `/dash/apps/${appId}/perms/pull`, undefined, token)).body.perms).toEqual(rules.code);
  await expect(admin(server.appId, token).query({ notes: {} })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
  await expect(admin(id(), token).query({ notes: {} })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
  expect((await call('GET', '/metrics', undefined, token)).status).toBe(401);
  await expect(admin(appId, server.adminToken).query({ notes: {} })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
  expect((await admin(appId, server.operatorToken).query({ notes: {} })).notes).toHaveLength(1);
});

test('the token of an ephemeral app is valid after a restart, and is not stored in plain text', async () => {
  const { app } = (await create()).body;
  await server.close();
  server = await createServer({ storage, limits });
  await expect(admin(app.id, app['admin-token']).query({ notes: {} })).resolves.toEqual({ notes: [] });
  expect(JSON.stringify(await (await storage.open(app.id)).load())).not.toContain(app['admin-token']);
});

test('an ephemeral app can be read without a token, and its status changes only with its token', async () => {
  const { app, expires_ms: expires } = (await create()).body;
  const path = `/dash/apps/ephemeral/${app.id}`;
  const { 'admin-token': token, ...shown } = app;
  expect((await call('GET', path)).body).toEqual({ app: shown, expires_ms: expires });
  expect((await call('POST', `${path}/status`, { 'admin-token': token, status: 'read-only' })).body).toEqual({ status: 'read-only' });
  expect((await call('GET', path)).body.app.status).toBe('read-only');
  expect((await call('POST', `${path}/status`, { 'admin-token': id(), status: 'active' })).body.hint['record-type']).toBe(
    'app-admin-token',
  );
  expect((await call('POST', `${path}/status`, { 'admin-token': token, status: 'nope' })).body.type).toBe('param-malformed');
  expect((await call('GET', `/dash/apps/ephemeral/${id()}`)).body).toMatchObject({ type: 'record-not-found' });
  expect((await call('GET', '/dash/apps/ephemeral/x')).body.type).toBe('param-malformed');
  expect((await call('GET', `/dash/apps/ephemeral/${server.appId}`)).body).toMatchObject({
    type: 'permission-denied',
    hint: { expected: 'ephemeral-app?' },
  });
});

test.each<[string, object, string]>([
  ['no title', { title: null }, 'param-missing'],
  ['a blank title', { title: ' ' }, 'param-malformed'],
  ['invalid rules', { rules: { code: { a: { allow: { view: 'data.' } } } } }, 'validation-failed'],
  ['an invalid schema', { schema: 'y' }, 'param-malformed'],
])('an ephemeral app with %s is rejected', async (_what, more, type) => {
  expect(await create(more)).toMatchObject({ status: 400, body: { type } });
});

test('the ephemeral apps of an address are limited, and a limit of 0 forbids them', async () => {
  await server.close();
  server = await createServer({ limits: { ephemeralApps: 2 } });
  expect([(await create()).status, (await create()).status]).toEqual([200, 200]);
  expect(await create()).toMatchObject({ status: 429, body: { type: 'rate-limited' } });
  await server.close();
  server = await createServer({ limits: { ephemeralApps: 0 } });
  expect((await create()).body.type).toBe('permission-denied');
});

test('an ephemeral app has a limit in bytes of data and files, and what makes it smaller is accepted', async () => {
  await server.close();
  server = await createServer({ limits: { ephemeralAppBytes: 100_000 } });
  const { app } = (await create()).body;
  const hint = { 'data-type': 'limit', limit: 'ephemeralAppBytes', most: 100_000 };
  const full = { status: 400, body: { type: 'validation-failed', hint } };
  const send = async (method: string, path: string, body: BodyInit, more: object, of: object) => {
    const answer = await fetch(server.url + path, { method, headers: { ...of, ...more }, body });
    return { status: answer.status, body: await answer.json() };
  };
  const own = { authorization: `Bearer ${app['admin-token']}`, 'app-id': app.id };
  const write = (step: unknown[], of: object = own) => {
    const body = JSON.stringify({ steps: [step], 'throw-on-missing-attrs?': false });
    return send('POST', '/admin/transact', body, { 'content-type': 'application/json' }, of);
  };
  const upload = (size: number) => send('PUT', '/admin/storage/upload', new Uint8Array(size), { path: `f${size}` }, own);
  const [note, other] = [id(), id()];
  const text = (length: number) => ({ text: 'x'.repeat(length) });
  expect(await write(['update', 'notes', note, text(60_000)])).toMatchObject({ status: 200 });
  expect(await write(['update', 'notes', other, text(60_000)])).toMatchObject(full);
  expect(await upload(60_000)).toMatchObject(full);
  expect(await write(['update', 'notes', note, text(50_000)])).toMatchObject({ status: 200 });
  expect(await write(['delete', 'notes', note, null])).toMatchObject({ status: 200 });
  expect(await upload(60_000)).toMatchObject({ status: 200 });
  const uploads = await Promise.all([20_000, 20_001, 20_002].map(upload));
  expect(uploads.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(await write(['update', 'notes', note, text(60_000)])).toMatchObject(full);
  // The server's first app has no limit.
  const first = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
  expect(await write(['update', 'notes', note, text(200_000)], first)).toMatchObject({ status: 200 });
});

test('a rejected ephemeral app is not created', async () => {
  await create({ rules: { code: { a: { allow: { view: 'data.' } } } } });
  expect(await storage.apps()).not.toHaveLength(3);
  expect((await call('GET', '/dash/apps', undefined, server.operatorToken)).body.apps).toHaveLength(1);
});

test('an admin reads the deleted attributes and the schema by name', async () => {
  const { app } = (await create({ schema })).body;
  const headers = { authorization: `Bearer ${app['admin-token']}`, 'app-id': app.id };
  const get = async (path: string) => await (await fetch(server.url + path, { headers })).json();
  const { blobs } = (await get('/admin/schema')).schema;
  expect(blobs.notes.text).toMatchObject({ 'checked-data-type': 'string' });
  expect(await get('/admin/soft_deleted_attrs')).toEqual({ attrs: [], 'grace-period-days': 2 });
  await call('POST', `/dash/apps/${app.id}/schema/steps/apply`, { steps: [['delete-attr', blobs.notes.text.id]] }, app['admin-token']);
  expect((await get('/admin/soft_deleted_attrs')).attrs).toMatchObject([{ id: blobs.notes.text.id }]);
  expect((await get(`/dash/apps/${app.id}/soft_deleted_attrs`)).attrs).toHaveLength(1);
});

test('the operator reads metrics for Prometheus', async () => {
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.operatorToken}` } });
  expect(answer.headers.get('content-type')).toContain('text/plain');
  const text = await answer.text();
  expect(text).toMatch(/^triplane_sessions 0$/m);
  expect(text).toContain('process_cpu_seconds_total');
  expect((await call('GET', '/metrics')).body.type).toBe('param-missing');
});

test.each(['by the next server', 'when another app is made'])('the data of an expired app are erased %s', async (how) => {
  await server.close();
  const held: Storage = { ...storage, close: async () => {} };
  const first = await createServer({ storage: held, limits });
  server = first;
  const { app } = (await create()).body;
  const db = admin(app.id, app['admin-token']);
  await db.transact(db.tx.notes![id()]!.update({ text: 'a long forgotten word' }));
  const stored = async () => JSON.stringify(await (await storage.open(app.id)).load());
  const isKept = async () => (await stored()).includes('a long forgotten word');
  expect(await isKept()).toBe(true);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 15 * 24 * 3_600_000 });
  try {
    expect((await call('GET', `/dash/apps/ephemeral/${app.id}`)).body.type).toBe('record-not-found');
    if (how === 'by the next server') {
      await first.close();
      server = await createServer({ storage: held, limits, appId: first.appId, adminToken: first.adminToken });
    } else await create();
    await eventually(async () => expect(await isKept()).toBe(false));
    expect((await call('GET', `/dash/apps/ephemeral/${app.id}`)).body.type).toBe('record-not-found');
    await expect(admin(app.id, app['admin-token']).query({ notes: {} })).rejects.toMatchObject({ body: { type: 'record-not-found' } });
  } finally {
    vi.useRealTimers();
  }
});

test('the limit of apps counts neither deleted nor expired apps', async () => {
  await server.close();
  const held: Storage = { ...memory(), close: async () => {} };
  server = await createServer({ storage: held, limits: { ...limits, apps: 2 } });
  const make = () => call('POST', '/dash/apps', { title: 'one more', id: id(), admin_token: id() }, server.operatorToken);
  const tooMany = { status: 400, body: { hint: { limit: 'apps', most: 2 } } };
  const made = await make();
  expect(made.status).toBe(200);
  expect(await make()).toMatchObject(tooMany);
  expect((await call('DELETE', `/dash/apps/${made.body.app.id}`, undefined, server.operatorToken)).status).toBe(200);
  const { appId, adminToken } = server;
  await server.close();
  server = await createServer({ storage: held, limits: { ...limits, apps: 2 }, appId, adminToken });
  expect((await create()).status).toBe(200);
  expect(await make()).toMatchObject(tooMany);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 15 * 24 * 3_600_000 });
  try {
    expect((await make()).status).toBe(200);
    expect(await make()).toMatchObject(tooMany);
  } finally {
    vi.useRealTimers();
  }
});

test('the creation time of the first app stays the same after its log was compacted', async () => {
  await server.close();
  const held: Storage = { ...storage, close: async () => {} };
  const names = { appId: id(), adminToken: id() };
  const at = Date.parse('2031-02-03T04:05:06.789Z');
  vi.useFakeTimers({ toFake: ['Date'], now: at });
  try {
    server = await createServer({ storage: held, limits, ...names });
    const createdAt = async () => (await call('GET', `/dash/apps/${names.appId}`, undefined, server.operatorToken)).body.app.created_at;
    expect(await createdAt()).toBe('2031-02-03T04:05:06Z');
    const db = admin(names.appId, names.adminToken);
    const [first, second] = [id(), id()];
    await db.transact(db.tx.notes![first]!.update({ text: 'x' }));
    await db.transact(db.tx.notes![second]!.update({ text: 'y' }));
    vi.setSystemTime(at + 3_600_000);
    await db.transact(db.tx.notes![first]!.delete());
    await db.transact(db.tx.notes![second]!.delete());
    await server.close();
    const log = await storage.open(names.appId);
    await log.compact(replay(await log.load()));
    server = await createServer({ storage: held, limits, ...names });
    expect(await createdAt()).toBe('2031-02-03T04:05:06Z');
  } finally {
    vi.useRealTimers();
  }
});
