// Who may do what with apps: nobody makes one by asking, each has a token of its own, and the operator makes, lists and deletes them.

import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createServer, memory, type ServerOptions, type TriplaneServer } from '../../../src/server/index.ts';
import { onEachStorage } from '../../support/storages.ts';

const running: TriplaneServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<TriplaneServer> {
  const server = await createServer(options);
  running.push(server);
  return server;
}

const newId = (): string => crypto.randomUUID();

interface Sent {
  readonly token?: string;
  readonly body?: object;
  readonly headers?: Record<string, string>;
}

async function call(server: TriplaneServer, route: string, { token, body, headers }: Sent = {}) {
  const [method = '', path = ''] = route.split(' ');
  const all = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers };
  const answer = await fetch(server.url + path, { method, headers: all, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: await answer.json() };
}

function init(server: TriplaneServer, message: object): Promise<Record<string, unknown>> {
  const socket = new WebSocket(server.websocketURI);
  return new Promise((resolve) => {
    socket.on('open', () => socket.send(JSON.stringify({ op: 'init', ...message })));
    socket.on('message', (data) => {
      socket.terminate();
      resolve(JSON.parse((data as Buffer).toString('utf8')) as Record<string, unknown>);
    });
  });
}

const unknownApp = { type: 'record-not-found', hint: { 'record-type': 'app' } };
const notLoggedIn = { status: 401, body: { type: 'record-not-found', hint: { 'record-type': 'instant-user', args: [{ 'auth?': true }] } } };
const query = (appId: string) => ({ headers: { 'app-id': appId }, body: { query: { notes: {} } } });

onEachStorage((fresh) => {
  test('a request for an app that does not exist does not create it', async () => {
    const storage = await fresh();
    const server = await start({ storage });
    const nowhere = newId();
    for (const [path, body] of [
      ['send_magic_code', { email: 'a@b.co' }],
      ['verify_magic_code', { email: 'a@b.co', code: '123456' }],
      ['verify_refresh_token', { 'refresh-token': newId() }],
      ['sign_in_guest', {}],
    ] as const) {
      expect(await call(server, `POST /runtime/auth/${path}`, { body: { 'app-id': nowhere, ...body } })).toMatchObject({
        status: 400,
        body: unknownApp,
      });
    }
    expect(await call(server, 'POST /runtime/signout', { body: { app_id: nowhere, refresh_token: newId() } })).toMatchObject({
      body: unknownApp,
    });
    expect(await init(server, { 'app-id': nowhere })).toMatchObject({ op: 'error', status: 400, ...unknownApp });
    expect(
      await call(server, 'POST /admin/query', { ...query(nowhere), headers: { 'app-id': nowhere, 'as-guest': 'true' } }),
    ).toMatchObject({ body: unknownApp });
    for (const token of [server.adminToken, server.operatorToken, newId()]) {
      expect(await call(server, 'POST /admin/query', { token, ...query(nowhere) })).toMatchObject({
        status: 400,
        body: { type: 'record-not-found' },
      });
      expect(await init(server, { 'app-id': nowhere, '__admin-token': token })).toMatchObject({ op: 'error', type: 'record-not-found' });
    }
    expect(await storage.apps()).not.toContain(nowhere);
  });

  test('the operator creates, lists, renames, uses and deletes apps, also across a restart', async () => {
    const storage = await fresh();
    const options = { appId: newId(), adminToken: newId(), operatorToken: newId(), storage: { ...storage, close: async () => {} } };
    const first = await start(options);
    const [id, token] = [newId(), newId()];
    const rules = { code: { notes: { allow: { view: 'false' } } } };
    const made = await call(first, 'POST /dash/apps', {
      token: first.operatorToken,
      body: { title: 'Mine', id, admin_token: token, rules },
    });
    expect(made).toMatchObject({ status: 200, body: { app: { id, title: 'Mine', status: 'active', 'admin-token': token } } });
    const again = (body: object) => call(first, 'POST /dash/apps', { token: first.operatorToken, body: { title: 'x', ...body } });
    expect(await again({ id, admin_token: newId() })).toMatchObject({
      body: { type: 'record-not-unique', hint: { 'record-type': 'app' } },
    });
    for (const taken of [token, first.adminToken, first.operatorToken]) {
      expect(await again({ id: newId(), admin_token: taken })).toMatchObject({ body: { hint: { 'record-type': 'app-admin-token' } } });
    }
    await first.close();

    const server = await start(options);
    const list = async () =>
      (await call(server, 'GET /superadmin/apps', { token: server.operatorToken })).body.apps.map(({ id }: { id: string }) => id);
    expect(await list()).toEqual([server.appId, id]);
    expect(await call(server, 'POST /admin/query', { token, ...query(id) })).toMatchObject({ status: 200 });
    expect(await call(server, `GET /dash/apps/${id}/perms/pull`, { token })).toMatchObject({ body: { perms: rules.code } });
    expect(await call(server, `POST /superadmin/apps/${id}`, { token: server.operatorToken, body: { title: 'Ours' } })).toMatchObject({
      body: { app: { title: 'Ours' } },
    });
    expect(await call(server, `GET /dash/apps/${id}/schema/pull`, { token })).toMatchObject({ body: { 'app-title': 'Ours' } });
    expect(await call(server, `DELETE /dash/apps/${id}`, { token })).toMatchObject(notLoggedIn);
    expect(await call(server, `DELETE /dash/apps/${id}`, { token: server.operatorToken })).toEqual({ status: 200, body: { ok: true } });
    expect(await list()).toEqual([server.appId]);
    for (const used of [token, server.operatorToken]) {
      expect((await call(server, 'POST /admin/query', { token: used, ...query(id) })).body.type).toBe('record-not-found');
    }
    expect(await init(server, { 'app-id': id })).toMatchObject({ op: 'error', ...unknownApp });
    expect(await call(server, `DELETE /dash/apps/${id}`, { token: server.operatorToken })).toMatchObject({ status: 400, body: unknownApp });
    expect(await call(server, `DELETE /dash/apps/${server.appId}`, { token: server.operatorToken })).toMatchObject({
      body: { type: 'permission-denied' },
    });
    await server.close();
    await storage.close();
  });
});

test('an admin token is valid only for its own app', async () => {
  const server = await start();
  const other = await server.createApp({ title: 'Other', rules: { notes: { allow: { view: 'false' } } } });
  const status = async (appId: string, token: string) => (await call(server, 'POST /admin/query', { token, ...query(appId) })).status;
  expect([await status(server.appId, server.adminToken), await status(other.appId, other.adminToken)]).toEqual([200, 200]);
  expect([await status(server.appId, other.adminToken), await status(other.appId, server.adminToken)]).toEqual([400, 400]);
  expect([await status(server.appId, server.operatorToken), await status(other.appId, server.operatorToken)]).toEqual([200, 200]);
  expect(await init(server, { 'app-id': other.appId, '__admin-token': server.adminToken })).toMatchObject({ type: 'record-not-found' });
  expect(await init(server, { 'app-id': other.appId, '__admin-token': other.adminToken })).toMatchObject({ auth: { 'admin?': true } });
  await expect(server.createApp({ appId: other.appId })).rejects.toMatchObject({ body: { type: 'record-not-unique' } });
});

const appRoutes = ['GET /', 'GET /schema/pull', 'POST /schema/push/plan', 'POST /schema/steps/apply', 'GET /perms/pull', 'POST /rules'];

test.each(appRoutes.flatMap((route) => ['dash', 'superadmin'].map((side) => [route, side] as const)))(
  'a tool route with a wrong or missing token: %s under /%s',
  async (route, side) => {
    const server = await start();
    const other = await server.createApp();
    const on = (appId: string, token?: string) =>
      call(server, route.replace(' ', ` /${side}/apps/${appId}`).replace(/\/$/, ''), {
        ...(token !== undefined && { token }),
        ...(route.startsWith('POST') && { body: {} }),
      });
    expect(await on(server.appId, newId())).toMatchObject(notLoggedIn);
    const mismatch = { status: 400, body: { type: 'validation-failed', hint: { reason: 'admin-token-mismatch' } } };
    expect(await on(server.appId, other.adminToken)).toMatchObject(mismatch);
    expect(await on(other.appId, server.adminToken)).toMatchObject(mismatch);
    expect(await on(newId(), server.adminToken)).toMatchObject(mismatch);
    expect(await on(newId(), server.operatorToken)).toMatchObject({
      status: 400,
      body: { type: 'record-not-found', hint: { 'record-type': 'app' } },
    });
    expect(await on(server.appId, 'x')).toMatchObject({ body: { type: 'param-malformed', hint: { in: ['headers', 'authorization'] } } });
    expect(await on(server.appId)).toMatchObject({ body: { type: 'param-missing', hint: { in: ['headers', 'authorization'] } } });
    expect(await on('x', server.adminToken)).toMatchObject({ body: { type: 'param-malformed', hint: { in: ['params', 'app_id'] } } });
  },
);

const nobodys = { status: 400, body: { type: 'record-not-found', hint: { 'record-type': 'instant-user' } } };

test('routes of the operator reject every other token', async () => {
  const server = await start();
  for (const route of [
    'GET /dash/me',
    'GET /dash',
    'GET /dash/apps',
    'POST /dash/apps',
    'GET /superadmin/apps',
    'POST /superadmin/apps',
    'GET /dash/personal_access_tokens',
    'GET /metrics',
  ]) {
    // To /superadmin, a token that is nobody's is no reason to log in.
    const refused = route.includes('/superadmin') ? nobodys : notLoggedIn;
    for (const token of [server.adminToken, newId()]) expect(await call(server, route, { token })).toMatchObject(refused);
    expect(await call(server, route)).toMatchObject({ status: 400, body: { type: 'param-missing' } });
  }
});

test('an app is renamed by its own admin token, and made for no organisation', async () => {
  const server = await start();
  const { operatorToken: token, adminToken, appId } = server;
  const path = `POST /superadmin/apps/${appId}`;
  expect(await call(server, path, { token: adminToken, body: { title: 'Mine' } })).toMatchObject({
    status: 200,
    body: { app: { title: 'Mine' } },
  });
  expect(await call(server, path, { token: newId(), body: { title: 'Theirs' } })).toMatchObject(notLoggedIn);
  expect(await call(server, `DELETE /superadmin/apps/${appId}`, { token: adminToken })).toMatchObject(nobodys);
  const org = newId();
  for (const [route, more] of [
    ['POST /superadmin/apps', {}],
    ['POST /dash/apps', { id: newId(), admin_token: newId() }],
  ] as const) {
    expect(await call(server, route, { token, body: { title: 'x', org_id: org, ...more } })).toMatchObject({
      status: 400,
      body: { type: 'record-not-found', hint: { 'record-type': 'org', args: [{ 'org-id': org }] } },
    });
  }
  expect((await call(server, 'GET /superadmin/apps', { token })).body.apps).toHaveLength(1);
});

test('the dashboard tells of each app its rules with their version, its webhooks and its mail, and that nothing closes', async () => {
  const server = await start();
  const { operatorToken: token, appId } = server;
  const shown = async () => (await call(server, 'GET /dash', { token })).body;
  const before = await shown();
  expect(before.sunset).toEqual({ stage: 'none', 'app-creation-allowed': true, 'billing-closed': false, 'paid-features-free': false });
  expect(before.apps[0]).toMatchObject({ rules: null, rules_version: null, webhooks: [], magic_code_email_template: null });
  await call(server, `POST /dash/apps/${appId}/rules`, { token, body: { code: { goals: { allow: { view: 'true' } } } } });
  const template = { 'email-type': 'magic-code', subject: '{code}', body: '{code}' };
  await call(server, `POST /dash/apps/${appId}/email_templates`, { token, body: template });
  expect((await shown()).apps[0]).toMatchObject({
    rules: { goals: {} },
    rules_version: 0,
    magic_code_email_template: { subject: '{code}', body: '{code}' },
  });
});

test('personal access tokens can manage apps until they are revoked', async () => {
  const storage = memory();
  const options = { operatorToken: newId(), appId: newId(), adminToken: newId(), storage };
  const first = await start(options);
  const made = await call(first, 'POST /dash/personal_access_tokens', { token: first.operatorToken, body: { name: 'CI' } });
  const { token, id } = made.body.data;
  expect(made).toMatchObject({ status: 200, body: { data: { name: 'CI', token: expect.stringMatching(/^per_[0-9a-f]{64}$/) } } });
  await first.close();
  const server = await start(options);
  const { body } = await call(server, 'GET /dash/personal_access_tokens', { token: server.operatorToken });
  expect(body.data).toEqual([expect.not.objectContaining({ token })]);
  for (const route of [
    'GET /dash/personal_access_tokens',
    'POST /dash/personal_access_tokens',
    `DELETE /dash/personal_access_tokens/${id}`,
  ]) {
    expect(await call(server, route, { token, ...(route.startsWith('POST') && { body: { name: 'another' } }) }), route).toMatchObject(
      notLoggedIn,
    );
  }
  expect(await call(server, `POST /dash/apps/${server.appId}/rules`, { token, body: { code: {} } })).toMatchObject({ status: 200 });
  expect(await call(server, 'POST /superadmin/apps', { token, body: { title: 'By CI' } })).toMatchObject({
    body: { app: { title: 'By CI', perms: null } },
  });
  expect(await call(server, 'POST /admin/query', { token, ...query(server.appId) })).toMatchObject({ status: 200 });
  expect(await call(server, `DELETE /dash/personal_access_tokens/${id}`, { token: server.operatorToken })).toMatchObject({ status: 200 });
  expect(await call(server, 'GET /dash/me', { token })).toMatchObject(notLoggedIn);
  expect(await call(server, 'GET /dash/me', { token: 'per_x' })).toMatchObject(notLoggedIn);
  for (const [unknown, type] of [
    ['per_x', 'instant-user'],
    ['pat_x', 'oauth-access-token'],
  ] as const) {
    const refused = { status: 400, body: { type: 'record-not-found', hint: { 'record-type': type } } };
    expect(await call(server, 'POST /admin/query', { token: unknown, ...query(server.appId) })).toMatchObject(refused);
    expect(await call(server, `GET /superadmin/apps/${server.appId}`, { token: unknown })).toMatchObject(refused);
  }
});

test("with createAppsOnUse only a request with the operator's token creates an app", async () => {
  const server = await start({ createAppsOnUse: true });
  const [one, two] = [newId(), newId()];
  expect(await call(server, 'POST /admin/query', { token: newId(), ...query(one) })).toMatchObject({ status: 400 });
  expect(await init(server, { 'app-id': one })).toMatchObject(unknownApp);
  expect(await call(server, 'POST /admin/query', { token: server.operatorToken, ...query(one) })).toMatchObject({ status: 200 });
  expect(await init(server, { 'app-id': one })).toMatchObject({ op: 'init-ok' });
  expect(await init(server, { 'app-id': two, '__admin-token': server.operatorToken })).toMatchObject({
    op: 'init-ok',
    auth: { 'admin?': true },
  });
});

test('the operator sets the code expiry of an app and replaces its admin token', async () => {
  const server = await start();
  const { appId, adminToken } = await server.createApp();
  const set = (expiry: unknown) =>
    call(server, `POST /dash/apps/${appId}/set-magic-code-expiry`, { token: server.operatorToken, body: { expiry } });
  expect(await set(30)).toMatchObject({ body: { app: { magic_code_expiry_minutes: 30 } } });
  expect(await set(1.5)).toMatchObject({ body: { app: { magic_code_expiry_minutes: 1 } } });
  for (const wrong of [0, -1, 1441]) expect(await set(wrong)).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
  for (const wrong of ['x', '30', true]) expect(await set(wrong)).toMatchObject({ body: { type: 'param-malformed' } });
  const next = newId();
  expect(
    await call(server, `POST /dash/apps/${appId}/tokens`, { token: server.operatorToken, body: { 'admin-token': next } }),
  ).toMatchObject({ status: 200 });
  expect((await call(server, 'POST /admin/query', { token: adminToken, ...query(appId) })).status).toBe(400);
  expect((await call(server, 'POST /admin/query', { token: next, ...query(appId) })).status).toBe(200);
  expect(await call(server, `GET /dash/apps/${appId}`, { token: adminToken })).toMatchObject(notLoggedIn);
});

test('a token in a body must be a UUID, and a selector must be one value', async () => {
  const server = await start();
  const { appId, adminToken: token } = server;
  const malformed = (name: string) => ({ status: 400, body: { type: 'param-malformed', hint: { in: ['body', name] } } });
  expect(await call(server, 'POST /runtime/auth/verify_refresh_token', { body: { 'app-id': appId, 'refresh-token': 'x' } })).toMatchObject(
    malformed('refresh-token'),
  );
  expect(await call(server, 'POST /runtime/signout', { body: { app_id: appId, refresh_token: 'x' } })).toMatchObject(
    malformed('refresh_token'),
  );
  const verify = { 'app-id': appId, email: 'a@b.co', code: '123456', 'refresh-token': 'x' };
  expect(await call(server, 'POST /runtime/auth/verify_magic_code', { body: verify })).toMatchObject(malformed('refresh-token'));
  expect(
    await call(server, 'POST /runtime/auth/verify_magic_code', { body: { ...verify, 'refresh-token': null, code: 123456 } }),
  ).toMatchObject(malformed('code'));
  const push = { machine_id: newId(), session_id: newId(), sse_token: 'x', messages: [] };
  expect(await call(server, `POST /runtime/sse?app_id=${appId}`, { body: push })).toMatchObject(malformed('sse_token'));
  const headers = { 'app-id': appId };
  const user = async (body: object) => call(server, 'POST /admin/refresh_tokens', { token, headers, body });
  await user({ email: 'a@b.co' });
  for (const route of ['GET', 'DELETE']) {
    expect(await call(server, `${route} /admin/users?email=a@b.co&email=c@d.co`, { token, headers })).toMatchObject({
      status: 400,
      body: { type: 'param-malformed', hint: { in: ['params', 'email'] } },
    });
  }
  expect((await call(server, 'GET /admin/users?email=a@b.co', { token, headers })).body.user).toMatchObject({ email: 'a@b.co' });
});

test('an e-mail address and an id select a user only if they belong together', async () => {
  const server = await start();
  const headers = { 'app-id': server.appId };
  const token = async (body: object) => call(server, 'POST /admin/refresh_tokens', { token: server.adminToken, headers, body });
  const [a, b] = [newId(), newId()];
  expect(await token({ email: 'a@b.co', id: a })).toMatchObject({ body: { created: true, user: { id: a, email: 'a@b.co' } } });
  expect(await token({ email: 'a@b.co', id: a })).toMatchObject({ body: { created: false, user: { id: a } } });
  await token({ email: 'b@b.co', id: b });
  for (const [email, id] of [
    ['a@b.co', b],
    ['c@b.co', a],
    ['a@b.co', newId()],
  ] as const) {
    expect(await token({ email, id })).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
  }
  const user = async (id: string) =>
    (await call(server, `GET /admin/users?id=${id}`, { token: server.adminToken, headers })).body.user.email;
  expect([await user(a), await user(b)]).toEqual(['a@b.co', 'b@b.co']);
});

test('a route that is not built responds 404 with the reason', async () => {
  const server = await start();
  for (const path of [
    '/dash/orgs',
    '/dash/auth/send_magic_code',
    '/platform/oauth/start',
    `/dash/apps/${server.appId}/members/add`,
    `/superadmin/apps/${server.appId}/transfers/send`,
    `/dash/apps/${server.appId}/test_users`,
    `/dash/apps/${server.appId}/rule-versions`,
    `/dash/apps/${server.appId}/billing`,
    `/dash/apps/${server.appId}/oauth-apps`,
    `/dash/apps/ephemeral/${server.appId}/claim`,
    '/dash/sunset',
    '/dash/restores/zip',
  ]) {
    expect(await call(server, `POST ${path}`, { body: {} })).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('not part of a Triplane server') },
    });
  }
});

test('a transaction without admin rights has a lower limit of steps', async () => {
  const server = await start({ limits: { userSteps: 6 } });
  const ofRows = (count: number) => ({
    steps: Array.from({ length: count }, () => ['update', 'notes', newId(), { title: 'a', body: 'b' }]),
  });
  const write = (count: number, sent: Sent) =>
    call(server, 'POST /admin/transact', { body: ofRows(count), ...sent, headers: { 'app-id': server.appId, ...sent.headers } });
  expect(await write(4, { token: server.adminToken })).toMatchObject({ status: 200 });
  const guest = { headers: { 'as-guest': 'true' } };
  expect(await write(2, guest)).toMatchObject({ status: 200 });
  expect(await write(3, guest)).toMatchObject({ status: 400, body: { type: 'validation-failed', hint: { limit: 'steps', most: 6 } } });
});
