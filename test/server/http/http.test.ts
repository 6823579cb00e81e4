// The routes, asked as any client would: bodies and statuses, CORS, the event-stream session, schema and rules for tools.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type MagicCodeMail, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
let mails: MagicCodeMail[];

beforeEach(async () => {
  mails = [];
  server = await createServer({ sendMagicCode: (mail) => mails.push(mail), showCodes: true });
});
afterEach(() => server.close());

interface HttpResponse {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON
  readonly headers: Headers;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpResponse> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(server.url + path, { method, headers: { 'content-type': 'application/json', ...headers }, ...sent });
  return { status: response.status, body: JSON.parse(await response.text()), headers: response.headers };
}

const asAdmin = (): Record<string, string> => ({ authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId });
const post = (path: string, body: unknown, headers?: Record<string, string>): Promise<HttpResponse> => call('POST', path, body, headers);

describe('a request is rejected with', () => {
  test.each([
    ['no app id', '/runtime/auth/send_magic_code', { email: 'a@example.com' }, 'param-missing', { in: ['body', 'app-id'] }],
    [
      'a malformed app id',
      '/runtime/auth/send_magic_code',
      { 'app-id': 'x', email: 'a@example.com' },
      'param-malformed',
      { in: ['body', 'app-id'] },
    ],
    ['no e-mail address', '/runtime/auth/send_magic_code', { 'app-id': id() }, 'param-missing', { in: ['body', 'email'] }],
    [
      'a malformed e-mail address',
      '/runtime/auth/send_magic_code',
      { 'app-id': id(), email: 'a@b' },
      'param-malformed',
      { in: ['body', 'email'] },
    ],
    [
      'an unknown app',
      '/runtime/auth/verify_refresh_token',
      { 'app-id': id(), 'refresh-token': id() },
      'record-not-found',
      { 'record-type': 'app' },
    ],
    ['a body that is not JSON', '/runtime/auth/sign_in_guest', '{', 'param-malformed', { in: ['body'] }],
    ['no app id in an admin request', '/admin/query', { query: {} }, 'param-missing', { in: ['headers', 'app-id'] }],
    ['a malformed app id in the path', '/dash/apps/x/schema/push/plan', {}, 'param-malformed', { in: ['params', 'app_id'] }],
  ])('%s', async (_what, path, body, type, hint) => {
    expect(await post(path, body)).toMatchObject({ status: 400, body: { type, message: expect.any(String), hint } });
  });

  test('no bearer token, a wrong one, a malformed one', async () => {
    const [app, query] = [{ 'app-id': server.appId }, { query: {} }];
    expect(await post('/admin/query', query, app)).toMatchObject({
      status: 400,
      body: { type: 'param-missing', hint: { in: ['headers', 'authorization'] } },
    });
    expect(await post('/admin/query', query, { ...app, authorization: 'Bearer x' })).toMatchObject({ body: { type: 'param-malformed' } });
    const secret = id();
    const wrong = await post('/admin/query', query, { ...app, authorization: `Bearer ${secret}` });
    expect(wrong).toMatchObject({ status: 400, body: { type: 'record-not-found', hint: { 'record-type': 'app-admin-token' } } });
    expect(JSON.stringify(wrong.body)).not.toContain(secret);
  });

  test('an unknown route', async () => {
    expect(await call('GET', '/nowhere')).toMatchObject({ status: 404, body: { message: expect.any(String) } });
  });

  test('malformed steps, with their path', async () => {
    const steps = async (given: unknown): Promise<unknown> => (await post('/admin/transact', { steps: given }, asAdmin())).body;
    expect(await steps('x')).toMatchObject({ type: 'param-malformed', hint: { in: ['body', 'steps'], 'original-input': 'x' } });
    expect(await steps({ 0: ['fly'] })).toMatchObject({ type: 'validation-failed', hint: { 'data-type': 'steps' } });
    expect(await steps([1])).toMatchObject({ type: 'validation-failed', hint: { 'data-type': 'steps', errors: [{ in: [0] }] } });
    expect(await steps([['fly', 'goals', id(), {}]])).toMatchObject({ hint: { 'data-type': 'steps', errors: [{ in: [0, 0] }] } });
    expect(await steps([['update', 'goals', 'x', {}]])).toMatchObject({ type: 'validation-failed', hint: { 'data-type': 'steps' } });
  });

  test.each<[unknown, readonly unknown[]]>([
    [[], [0]],
    [['update', 'goals'], [0]],
    [
      ['update', null, id(), {}],
      [0, 1],
    ],
    [
      ['update', 'goals', 'x', {}],
      [0, 2],
    ],
    [
      ['update', 'goals', [1, 'x'], {}],
      [0, 2, 0],
    ],
    [
      ['merge', 'goals', id(), null],
      [0, 3],
    ],
    [
      ['update', 'goals', id(), {}, 'x'],
      [0, 4],
    ],
    [
      ['update', 'goals', id(), {}, {}, {}],
      [0, 0],
    ],
    [
      ['create', 'goals', id(), {}, {}],
      [0, 0],
    ],
    [
      ['link', 'goals', id(), { todos: 'x' }],
      [0, 3, 'todos', 1],
    ],
    [
      ['unlink', 'goals', id(), { todos: null }],
      [0, 3, 'todos', 1],
    ],
    [
      ['link', 'goals', id(), { todos: [[id()]] }],
      [0, 3, 'todos', 1, 0],
    ],
    [['delete', 'goals'], [0]],
    [
      ['delete-attr', 'x'],
      [0, 1],
    ],
    [['add-attr'], [0, 0]],
    [
      ['restore-attr', id()],
      [0, 0],
    ],
  ])('the error of %j is at %j', async (step, at) => {
    const { status, body } = await post('/admin/transact', { steps: [step] }, asAdmin());
    expect({ status, body }).toMatchObject({ status: 400, body: { hint: { 'data-type': 'steps', input: [step], errors: [{ in: at }] } } });
  });

  test('attributes are changed by pushing a schema', async () => {
    const steps = [['update-attr', { id: id(), 'index?': true }]];
    expect(await post('/admin/transact', { steps }, asAdmin())).toMatchObject({ status: 400, body: { hint: { 'data-type': 'action' } } });
  });

  test.each([[[]], [{}], [[['delete', 'goals', id(), null, {}]]], [[['update', 'goals', id(), {}, null]]], [[['delete-attr', id()]]]])(
    'the steps %j are accepted',
    async (steps) => {
      expect(await post('/admin/transact', { steps }, asAdmin())).toMatchObject({ status: 200 });
    },
  );
});

describe('codes', () => {
  const send = (email = 'ann@example.com'): Promise<HttpResponse> =>
    post('/runtime/auth/send_magic_code', { 'app-id': server.appId, email });
  const verify = (code: string, more = {}): Promise<HttpResponse> =>
    post('/runtime/auth/verify_magic_code', { 'app-id': server.appId, email: 'ann@example.com', code, ...more });

  test('are valid once, are shown with showCodes, and are rate-limited', async () => {
    expect(await send(' Ann@Example.com ')).toMatchObject({ status: 200, body: { sent: true } });
    const { code } = mails[0]!;
    expect(await (await fetch(server.url)).text()).toContain(code);
    const responses = await Promise.all([verify(code), verify(code), verify(` ${code} `)]);
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    expect(responses.find(({ status }) => status === 200)!.body).toMatchObject({
      created: true,
      user: { email: 'ann@example.com', app_id: server.appId },
    });
    for (let turn = 0; turn < 17; turn++) await verify('x');
    expect(await verify('x')).toMatchObject({ status: 429, body: { type: 'rate-limited' } });
    // Ten more for the network that the user signed in from.
    for (let turn = 0; turn < 29; turn++) await send();
    const late = await send();
    expect(late).toMatchObject({ status: 429, body: { type: 'rate-limited' } });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('extra fields of a new user need a create rule that allows them', async () => {
    const attr = { 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false };
    await post(
      '/admin/transact',
      { steps: [['add-attr', { id: id(), 'forward-identity': [id(), '$users', 'nickname'], ...attr }]] },
      asAdmin(),
    );
    await send();
    const { code } = mails[0]!;
    expect(await verify(code, { 'extra-fields': { email: 'x' } })).toMatchObject({
      body: { type: 'validation-failed', hint: { 'data-type': 'extra-fields' } },
    });
    expect(await verify(code, { 'extra-fields': { nickname: 'annie' } })).toMatchObject({ body: { type: 'permission-denied' } });
    const code2 = { code: { $users: { allow: { create: "data.nickname == 'annie' && auth.email.endsWith('@example.com')" } } } };
    expect((await post(`/dash/apps/${server.appId}/rules`, code2, asAdmin())).status).toBe(200);
    expect(await verify(code, { 'extra-fields': { nickname: 'bob' } })).toMatchObject({ body: { type: 'permission-denied' } });
    expect(await verify(code, { 'extra-fields': { nickname: 'annie' } })).toMatchObject({
      body: { created: true, user: { nickname: 'annie' } },
    });
  });
});

test('a guest has no e-mail address, and is linked to the user they became; a null field stays null', async () => {
  const attr = { 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false };
  await post(
    '/admin/transact',
    { steps: [['add-attr', { id: id(), 'forward-identity': [id(), '$users', 'nickname'], ...attr }]] },
    asAdmin(),
  );
  const guest = (await post('/admin/sign_in_guest', { 'extra-fields': { nickname: null } }, asAdmin())).body.user;
  expect(guest).toEqual({
    ...{ id: guest.id, app_id: server.appId, type: 'guest', isGuest: true, nickname: null },
    ...{ created_at: guest.created_at, refresh_token: guest.refresh_token },
  });
  expect((await post('/admin/query', { query: { $users: {} } }, asAdmin())).body).toEqual({
    $users: [{ id: guest.id, type: 'guest', nickname: null }],
  });
  const { user } = (await post('/admin/refresh_tokens', { email: 'ann@example.com' }, asAdmin())).body;
  const { code } = (await post('/admin/magic_code', { email: 'ann@example.com' }, asAdmin())).body;
  const signIn = { email: 'ann@example.com', code, 'refresh-token': guest.refresh_token };
  expect((await post('/admin/verify_magic_code', signIn, asAdmin())).body.user).toMatchObject({ id: user.id, email: 'ann@example.com' });
  const found = await post('/runtime/auth/verify_refresh_token', { 'app-id': server.appId, 'refresh-token': guest.refresh_token });
  expect(found.body.user).toMatchObject({ id: guest.id, linkedPrimaryUser: user.id });
  expect(found.body.user).not.toHaveProperty('email');
});

describe('schema and rules for tools', () => {
  const todos = (text: object) => ({
    schema: {
      entities: {
        todos: { attrs: { text: { valueType: 'string', required: false, config: { indexed: true, unique: false }, ...text } } },
        $users: { attrs: {} },
      },
      links: { owner: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: '$users', has: 'many', label: 'todos' } } },
    },
  });

  test('a schema is planned, applied and pulled; a plan without differences has no steps', async () => {
    const path = `/dash/apps/${server.appId}`;
    const plan = await post(`${path}/schema/push/plan`, todos({}), asAdmin());
    expect(plan.body.steps.map(([op]: string[]) => op)).toEqual(['add-attr', 'add-attr', 'add-attr']);
    expect((await post(`${path}/schema/push/apply`, todos({}), asAdmin())).status).toBe(200);
    const pulled = await call('GET', `${path}/schema/pull`, undefined, asAdmin());
    expect(pulled.body.schema.blobs.todos.text).toMatchObject({ 'index?': true, 'checked-data-type': 'string' });
    expect(Object.keys(pulled.body.schema.refs)).toContain('["todos" "owner" "$users" "todos"]');
    expect(Object.keys(pulled.body.schema.blobs.$files)).not.toContain('location-id');
    expect((await post(`${path}/schema/push/plan`, todos({}), asAdmin())).body.steps).toEqual([]);
    const changed = await post(`${path}/schema/push/plan`, todos({ config: { indexed: false, unique: true } }), asAdmin());
    expect(changed.body.steps).toMatchObject([['update-attr', { 'unique?': true, 'index?': false }]]);
  });

  test.each([[{ toString: 1 }], ['constructor'], [null]])('a step %j is rejected', async (type) => {
    const path = `/dash/apps/${server.appId}/schema/steps/apply`;
    const { status, body } = await post(path, { steps: [[type, { 'attr-id': id() }]] }, asAdmin());
    expect([status, body.type]).toEqual([400, 'validation-failed']);
  });

  test('jobs run immediately, and their outcome can be read', async () => {
    const path = `/dash/apps/${server.appId}`;
    await post(`${path}/schema/push/apply`, todos({}), asAdmin());
    const { body } = await call('GET', `${path}/schema/pull`, undefined, asAdmin());
    const attr = body.schema.blobs.todos.text;
    const about = { 'attr-id': attr.id, 'forward-identity': attr['forward-identity'] };
    for (const n of [1, 2]) await post('/admin/transact', { steps: [['update', 'todos', id(), { text: 'same', n }]] }, asAdmin());
    const done = await post(
      `${path}/schema/steps/apply`,
      {
        steps: [
          ['unique', about],
          ['remove-index', about],
        ],
      },
      asAdmin(),
    );
    const { 'group-id': group, jobs } = done.body['indexing-jobs'];
    const waiting = { job_status: 'waiting', job_stage: 'update-attr-start', error: null, work_completed: null };
    expect(jobs).toMatchObject([
      { ...waiting, job_type: 'unique' },
      { ...waiting, job_type: 'remove-index' },
    ]);
    expect((await call('GET', `${path}/indexing-jobs/group/${group}`, undefined, asAdmin())).body.jobs).toMatchObject([
      { id: jobs[0].id, job_status: 'errored', error: 'triple-not-unique-error', attr_name: 'todos.text', work_completed: null },
      { id: jobs[1].id, job_status: 'completed', job_type: 'remove-index', work_completed: 2 },
    ]);
  });

  test('a job for an attribute that does not exist rejects the whole push', async () => {
    const path = `/dash/apps/${server.appId}/schema/steps/apply`;
    const made = {
      id: id(),
      'forward-identity': [id(), 'todos', 'made'],
      'value-type': 'blob',
      cardinality: 'one',
      'unique?': false,
      'index?': false,
    };
    const jobFor = (attrId: string) => ['index', { 'attr-id': attrId }];
    expect(await post(path, { steps: [['add-attr', made], jobFor(made.id), jobFor(id())] }, asAdmin())).toMatchObject({
      ...{ status: 400, body: { type: 'record-foreign-key-invalid' } },
    });
    const { body } = await post(path, { steps: [['add-attr', made], jobFor(made.id)] }, asAdmin());
    expect(body['indexing-jobs'].jobs).toHaveLength(1);
  });

  test('a job can be started alone, and its outcome can be read', async () => {
    const path = `/dash/apps/${server.appId}`;
    await post(`${path}/schema/push/apply`, todos({}), asAdmin());
    const { body } = await call('GET', `${path}/schema/pull`, undefined, asAdmin());
    const { id: attrId } = body.schema.blobs.todos.text;
    await post('/admin/transact', { steps: [['update', 'todos', id(), { text: 'a text' }]] }, asAdmin());
    const start = (more: object) => post(`${path}/indexing-jobs`, { 'attr-id': attrId, ...more }, asAdmin());
    const resultOf = async (more: object) => {
      const { job } = (await start(more)).body;
      expect(job).toMatchObject({ job_status: 'waiting', group_id: null });
      return (await call('GET', `${path}/indexing-jobs/${job.id}`, undefined, asAdmin())).body.job;
    };
    for (const dataType of ['number', 'date']) {
      expect(await resultOf({ 'job-type': 'check-data-type', 'checked-data-type': dataType })).toMatchObject({
        ...{ job_status: 'errored', error: 'invalid-triple-error', checked_data_type: dataType, work_completed: 1 },
        invalid_triples_sample: [{ value: 'a text', json_type: 'string' }],
      });
    }
    expect(await resultOf({ 'job-type': 'required' })).toMatchObject({ job_status: 'completed', job_stage: 'revalidate' });
    expect(await start({ 'job-type': 'dance' })).toMatchObject({ status: 400, body: { hint: { 'data-type': 'job-type' } } });
    expect(await start({ 'job-type': 'check-data-type', 'checked-data-type': 'blub' })).toMatchObject({ status: 400 });
    expect(await post(`${path}/indexing-jobs`, { 'attr-id': id(), 'job-type': 'index' }, asAdmin())).toMatchObject({
      body: { type: 'record-not-found', hint: { 'record-type': 'attrs' } },
    });
  });

  test('rules are set, rejected with the path of the error, and pulled', async () => {
    const path = `/dash/apps/${server.appId}`;
    const wrong = await post(`${path}/rules`, { code: { todos: { allow: { view: 'nope' } } } }, asAdmin());
    expect(wrong).toMatchObject({
      status: 400,
      body: { type: 'validation-failed', hint: { 'data-type': 'rule', errors: [{ in: ['todos', 'allow', 'view'] }] } },
    });
    const code = { todos: { allow: { view: 'false' } } };
    expect((await post(`${path}/rules`, { code }, asAdmin())).body).toMatchObject({ rules: { code } });
    expect((await call('GET', `${path}/perms/pull`, undefined, asAdmin())).body).toEqual({ perms: code });
    expect((await call('GET', `/superadmin/apps/${server.appId}/perms`, undefined, asAdmin())).body).toEqual({ perms: code });
    expect((await call('GET', `${path}/perms/pull`)).status).toBe(400);
  });
});

test('every origin is allowed', async () => {
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'app-id' };
  const response = await fetch(`${server.url}/admin/query`, { method: 'OPTIONS', headers });
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(response.headers.get('access-control-allow-headers')).toBe('app-id');
  expect(response.headers.get('access-control-max-age')).toBe('600');
  expect((await call('GET', '/health', undefined, { origin: 'https://app.example' })).headers.get('access-control-allow-origin')).toBe(
    'https://app.example',
  );
});

describe('a session on an event stream', () => {
  async function open() {
    const stop = new AbortController();
    const response = await fetch(`${server.url}/runtime/sse?app_id=${server.appId}`, { signal: stop.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=UTF-8');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const next = async (): Promise<Record<string, unknown>> => {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          if (event.startsWith('data:{')) return JSON.parse(event.slice(5)) as Record<string, unknown>;
          continue;
        }
        const { value, done } = await reader.read();
        if (done) throw new Error('the stream ended');
        text += value;
      }
    };
    const init = await next();
    const envelope = { machine_id: init['machine-id'], session_id: init['session-id'], sse_token: init['sse-token'] };
    const send = (messages: unknown, more = {}): Promise<HttpResponse> =>
      post(`/runtime/sse?app_id=${server.appId}`, { ...envelope, messages, ...more });
    return { init, next, say: send, stop: () => stop.abort() };
  }

  test('sends on the stream the responses to posted messages', async () => {
    const { init, next, say: send, stop } = await open();
    expect(init).toMatchObject({ op: 'sse-init' });
    const sent = await send([
      { op: 'init', 'app-id': server.appId, 'client-event-id': 'i' },
      { op: 'add-query', q: { goals: {} } },
    ]);
    expect(sent).toMatchObject({ status: 200, body: {} });
    expect(await next()).toMatchObject({ op: 'init-ok', 'client-event-id': 'i', 'session-id': init['session-id'] });
    expect(await next()).toMatchObject({ op: 'add-query-ok' });
    await post('/admin/transact', { steps: [['update', 'goals', id(), { title: 'x' }]] }, asAdmin());
    expect(await next()).toMatchObject({ op: 'refresh-ok' });
    expect(await send([], { sse_token: id() })).toMatchObject({ status: 400, body: { type: 'session-missing' } });
    expect(await send([], { machine_id: id() })).toMatchObject({ status: 400, body: { type: 'member-missing' } });
    expect(await send(7)).toMatchObject({ status: 400, body: { type: 'param-malformed' } });
    stop();
    await expect.poll(async () => (await send([])).body.type).toBe('session-missing');
  });

  test('needs an app id', async () => {
    expect(await call('GET', '/runtime/sse')).toMatchObject({
      status: 400,
      body: { type: 'param-missing', hint: { in: ['params', 'app_id'] } },
    });
  });
});

describe('a query for a page that is rendered on a server', () => {
  const request = (query: object, headers = {}) => post('/runtime/framework/query', { query }, { 'app-id': server.appId, ...headers });
  const titles = ({ body }: HttpResponse): unknown[] =>
    (body.result[0].data['datalog-result']['join-rows'][0] as unknown[][]).map((triple) => triple[2]).filter((value) => value === 'mine');

  test('is answered with the attrs for the user of the token; an unknown token is a guest', async () => {
    await post(`/dash/apps/${server.appId}/rules`, { code: { goals: { allow: { view: 'auth.id != null' } } } }, asAdmin());
    await post('/admin/transact', { steps: [['update', 'goals', id(), { title: 'mine' }]] }, asAdmin());
    const { body } = await post('/runtime/auth/sign_in_guest', { 'app-id': server.appId });
    const mine = await request({ goals: {} }, { authorization: `Bearer ${body.user.refresh_token}` });
    expect([mine.status, titles(mine)]).toEqual([200, ['mine']]);
    expect(mine.body.attrs).toContainEqual(expect.objectContaining({ 'forward-identity': [expect.any(String), 'goals', 'title'] }));
    for (const authorization of [`Bearer ${id()}`, 'Bearer undefined', 'undefined', '']) {
      expect(titles(await request({ goals: {} }, { authorization })), authorization).toEqual([]);
    }
  });

  test('is rejected if the rule fails on all rows', async () => {
    await post(`/dash/apps/${server.appId}/rules`, { code: { goals: { allow: { view: 'data.title.first == 1' } } } }, asAdmin());
    await post('/admin/transact', { steps: [['update', 'goals', id(), { title: 'mine' }]] }, asAdmin());
    expect(await request({ goals: {} })).toMatchObject({
      status: 400,
      body: { type: 'permission-evaluation-failed', hint: { rule: ['goals', 'view'] } },
    });
    await post(`/dash/apps/${server.appId}/rules`, { code: { goals: { allow: { view: 'true' } } } }, asAdmin());
    expect(titles(await request({ goals: {} }))).toContain('mine');
  });

  test('is rejected for the same reasons as in a session', async () => {
    expect(await request({ goals: { $: 5 } })).toMatchObject({
      status: 400,
      body: { type: 'validation-failed' },
    });
    expect(await post('/runtime/framework/query', {}, { 'app-id': server.appId })).toMatchObject({ body: { type: 'param-missing' } });
    expect(await post('/runtime/framework/query', { query: {} })).toMatchObject({ body: { type: 'param-missing' } });
  });
});

describe('hints of errors', () => {
  test('repeat input, but no tokens', async () => {
    const [token, email] = [id(), 'nobody@example.com'];
    const { appId } = server;
    const asked = [
      await post('/admin/query', { query: {} }, { ...asAdmin(), authorization: `Bearer ${token}` }),
      await post('/admin/query', { query: {} }, { ...asAdmin(), authorization: `bearer ${token}` }),
      await post('/runtime/auth/verify_refresh_token', { 'app-id': appId, 'refresh-token': token }),
      await post('/runtime/auth/verify_refresh_token', { 'app-id': appId, 'refresh-token': `${token}x` }),
      await post('/runtime/oauth/token', { app_id: appId, code: token, code_verifier: token }),
    ];
    for (const { status, body } of asked) {
      expect(status).toBe(400);
      expect(JSON.stringify(body)).not.toContain(token);
    }
    expect(asked.map(({ body }) => body.hint)).toEqual([
      { 'record-type': 'app-admin-token', args: [{ 'app-id': appId }] },
      { in: ['headers', 'authorization'] },
      { 'record-type': 'app-user', args: [{ 'app-id': appId }] },
      { in: ['body', 'refresh-token'] },
      { 'record-type': 'app-oauth-code', args: [{ 'app-id': appId }] },
    ]);
    expect((await post('/admin/query', { query: {} }, { ...asAdmin(), authorization: 'Bearer x' })).body.hint).toEqual({
      in: ['headers', 'authorization'],
      'original-input': 'Bearer x',
    });
    expect((await post('/admin/sign_out', { email }, asAdmin())).body.hint).toEqual({
      'record-type': 'app-user',
      args: [{ 'app-id': appId, email }],
    });
    expect((await post('/admin/verify_magic_code', { email, code: '123456' }, asAdmin())).body.hint).toEqual({
      'record-type': 'app-user-magic-code',
      args: [{ 'app-id': appId, email }],
    });
  });

  test('of a token request list all places where a parameter may be', async () => {
    const places = (name: string) => ['params', 'body', 'body', 'form-params', 'form-params'].map((place) => [place, name]);
    expect((await post('/runtime/oauth/token', { code: id() })).body.hint).toEqual({
      in: ['params', 'app_id'],
      'possible-ins': places('app_id'),
    });
    const form = (text: string) =>
      fetch(`${server.url}/runtime/oauth/token`, { method: 'POST', body: new URLSearchParams(text) }).then((answer) => answer.json());
    expect(await form(`app_id=${server.appId}&code=x`)).toMatchObject({
      type: 'param-malformed',
      hint: { in: ['form-params', 'code'], 'original-input': 'x', 'possible-ins': [['params', 'code'], ...places('code')] },
    });
    expect(await form(`app_id=${server.appId}&code=${id()}`)).toMatchObject({ hint: { 'record-type': 'app-oauth-code' } });
  });
});

describe('an app that is read-only or disabled', () => {
  const user = { email: 'ann@example.com' };
  const anyValue = { valueType: 'json', required: false, config: { indexed: false, unique: false } };
  /** What an open app answers where the request names something that is not there. */
  const notThere: Readonly<Record<string, string>> = {
    '/runtime/oauth/token': 'app-oauth-code',
    '/runtime/oauth/id_token': 'app-oauth-client',
    '/runtime/auth/verify_magic_code': 'app-user-magic-code',
    '/admin/verify_magic_code': 'app-user-magic-code',
    '/dash/apps/APP/indexing-jobs': 'attrs',
  };
  const uses: readonly (readonly [use: 'read' | 'write' | 'any', method: string, path: string, body?: object])[] = [
    ['read', 'POST', '/admin/query', { query: { goals: {} } }],
    ['read', 'POST', '/runtime/framework/query', { query: { goals: {} } }],
    ['any', 'GET', '/admin/rooms/presence?room-type=chat&room-id=r'],
    ['any', 'GET', `/admin/users?email=${user.email}`],
    ['any', 'POST', '/runtime/auth/verify_refresh_token', {}],
    ['read', 'POST', '/admin/query_perms_check', { query: { goals: {} } }],
    ['write', 'POST', '/admin/transact_perms_check', { steps: [] }],
    ['write', 'POST', '/admin/transact_perms_check', { steps: [], 'dangerously-commit-tx': true }],
    ['write', 'POST', '/admin/transact', { steps: [] }],
    ['write', 'POST', '/admin/refresh_tokens', user],
    ['write', 'POST', '/admin/magic_code', user],
    ['write', 'POST', '/admin/send_magic_code', user],
    ['write', 'POST', '/admin/sign_in_guest', {}],
    ['write', 'DELETE', '/admin/users?email=nobody@example.com'],
    ['write', 'POST', '/runtime/auth/send_magic_code', user],
    ['write', 'POST', '/runtime/auth/sign_in_guest', {}],
    ['any', 'POST', '/admin/sign_out', user],
    ['write', 'POST', '/runtime/oauth/token', { code: id() }],
    ['any', 'GET', '/dash/apps/APP/schema/pull'],
    ['any', 'GET', '/dash/apps/APP/perms/pull'],
    ['any', 'GET', '/dash/apps/APP/auth'],
    ['any', 'POST', '/dash/apps/APP/rules', { code: {} }],
    ['any', 'POST', '/dash/apps/APP/schema/push/plan', { schema: { entities: {}, links: {} } }],
    ['any', 'POST', '/dash/apps/APP/schema/push/apply', { schema: { entities: {}, links: {} } }],
    ['any', 'POST', '/dash/apps/APP/schema/steps/apply', { steps: [] }],
    ['write', 'POST', '/dash/apps/APP/schema/push/apply', { schema: { entities: { more: { attrs: { a: anyValue } } }, links: {} } }],
    ['write', 'POST', '/dash/apps/APP/schema/steps/apply', { steps: [['delete-attr', id()]] }],
    ['write', 'POST', '/runtime/auth/verify_magic_code', { ...user, code: '1', 'refresh-token': undefined }],
    ['write', 'POST', '/admin/verify_magic_code', { ...user, code: '1' }],
    ['write', 'POST', '/runtime/oauth/id_token', { client_name: 'none', id_token: 'x' }],
    ['any', 'GET', '/dash/apps/APP'],
    ['any', 'GET', '/admin/schema'],
    ['any', 'GET', '/admin/soft_deleted_attrs'],
    ['any', 'GET', '/dash/apps/APP/email_status'],
    ['any', 'GET', '/dash/apps/APP/webhooks'],
    ['any', 'POST', '/dash/apps/APP/authorized_redirect_origins', { service: 'generic', params: ['example.com'] }],
    ['any', 'POST', '/dash/apps/APP/backups', {}],
    ['any', 'GET', '/dash/apps/APP/backups'],
    ['any', 'GET', '/dash/apps/APP/backup-jobs'],
    ['write', 'POST', '/dash/apps/APP/indexing-jobs', { 'attr-id': id(), 'job-type': 'index' }],
  ];

  test.each([
    ['active', []],
    ['read-only', ['write']],
    ['disabled', ['read', 'write']],
  ] as const)('%s', async (status, rejected: readonly string[]) => {
    const { refresh_token: token } = (await post('/admin/refresh_tokens', user, asAdmin())).body.user;
    await server.app(server.appId).setStatus(status);
    for (const [use, method, path, body] of uses) {
      const headers = { ...asAdmin(), ...(path.endsWith('perms_check') && { 'as-guest': 'true' }) };
      const isRuntime = path.startsWith('/runtime');
      const sent = body && { ...(isRuntime && { 'app-id': server.appId, app_id: server.appId, 'refresh-token': token }), ...body };
      const response = await call(method, path.replace('APP', server.appId), sent, headers);
      const expected = rejected.includes(use)
        ? { status: 400, body: { type: `app-${status}`, hint: { status } } }
        : notThere[path] === undefined
          ? { status: 200 }
          : { body: { hint: { 'record-type': notThere[path] } } };
      expect(response, `${method} ${path}`).toMatchObject(expected);
    }
  });

  test('a disabled app still accepts a sign-out', async () => {
    const { body } = await post('/runtime/auth/sign_in_guest', { 'app-id': server.appId });
    await server.app(server.appId).setStatus('disabled');
    const signedOut = { app_id: server.appId, refresh_token: body.user.refresh_token };
    expect(await post('/runtime/signout', signedOut)).toMatchObject({ status: 200 });
  });
});
