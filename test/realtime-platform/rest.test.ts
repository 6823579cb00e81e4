// Every call of the API against the double, which checks each request by a schema.

import { describe, expect, test } from 'vitest';

import {
  createRealtimePlatformClient,
  PlatformApiError,
  type PlatformOptions,
  RevisionConflictError,
} from '../../src/realtime-platform/index.ts';
import { platformToken } from './double.ts';
import { platformWorld } from './world.ts';

const world = platformWorld();
const rest = (options?: Partial<PlatformOptions>) => world.client(options).rest;
const last = () => world.double.requests.at(-1);

describe('credentials and scope', () => {
  test.each<[string, Partial<PlatformOptions>, Record<string, string | undefined>]>([
    ['a token', { getToken: () => 'x' }, { authorization: 'Bearer x', 'x-application-id': 'app_demo', 'x-environment': undefined }],
    ['a session', { sessionToken: 'session_1' }, { 'x-session-token': 'session_1', authorization: undefined }],
    ['a session without a scheme', { sessionToken: 'session_1', sessionHeader: 'authorization' }, { authorization: 'session_1' }],
    ['an environment', { environment: 'staging', applicationId: 'other' }, { 'x-application-id': 'other', 'x-environment': 'staging' }],
  ])('%s', async (_name, options, headers) => {
    await rest(options)
      .topics.list()
      .catch(() => {});
    for (const [name, value] of Object.entries(headers)) expect(last()?.headers[name]).toBe(value);
  });

  test('calls that need no credentials send none', async () => {
    const { health, metricsText } = rest();
    expect(await health()).toBe(true);
    await metricsText();
    expect(world.double.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  test('scoped(): uses the same credentials with other headers and other data', async () => {
    const client = world.client({ environment: 'development' });
    await client.rest.topics.create({ name: 'a', description: '', owner: 'me' });
    expect(await client.scoped({ environment: 'production' }).topics.list()).toEqual([]);
    expect(last()?.headers).toMatchObject({ 'x-environment': 'production', 'x-application-id': 'app_demo' });
    expect(await client.rest.topics.list()).toHaveLength(1);
  });

  test('an expiring token is renewed, a rejected one is renewed once, and callers share one request', async () => {
    const asked: boolean[] = [];
    const tokens = [platformToken('service', { expiresInMs: 30_000 }), 'refused.by.server', platformToken()];
    const { topics } = rest({ getToken: ({ force }) => (asked.push(force), tokens[asked.length - 1] ?? '') });
    await Promise.all([topics.list(), topics.list()]);
    expect(asked).toEqual([false]);
    await topics.list();
    expect(asked).toEqual([false, false, true]);
    await topics.list();
    expect(asked).toHaveLength(3);
  });
});

describe('errors', () => {
  test.each([
    [{ getToken: () => 'wrong' }, 401, 'UnauthorizedError'],
    [{ getToken: () => platformToken('client') }, 403, 'ForbiddenError'],
    [{ applicationId: undefined as never }, 400, 'ValidationError'],
  ])('%o', async (options, status, code) => {
    const { services } = rest(options);
    await expect(services.create({ name: 'board' })).rejects.toMatchObject({
      name: 'PlatformApiError',
      status,
      code,
      body: { error: code },
    });
  });

  test.each([
    [500, 'oops', 'MALFORMED_RESPONSE'],
    [404, '<html></html>', 'MALFORMED_RESPONSE'],
    [413, '', 'MALFORMED_RESPONSE'],
    [400, '{"message":"no name"}', 'MALFORMED_RESPONSE'],
    [200, '<html></html>', 'MALFORMED_RESPONSE'],
    [200, '{"not":"a list"}', 'MALFORMED_RESPONSE'],
    [200, '[{"name":1}]', 'MALFORMED_RESPONSE'],
    [409, '{"error":"ConflictError","message":"exists"}', 'ConflictError'],
  ])('a response of %i with %j', async (status, text, code) => {
    world.double.answerNext({ status, text });
    const error = await rest()
      .topics.list()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PlatformApiError);
    expect(error).toMatchObject({ status, code });
  });

  test('an unreachable server is reported, and only idempotent calls are retried', async () => {
    await expect(rest({ url: 'http://127.0.0.1:1' }).topics.list()).rejects.toMatchObject({ status: 0, code: 'UNREACHABLE' });
    const busy = { status: 503, text: 'busy' };
    world.double.answerNext(busy, busy);
    expect(await rest().topics.list()).toEqual([]);
    world.double.answerNext(busy);
    await expect(rest().socket.broadcast('c', 'e', 1)).rejects.toMatchObject({ status: 503 });
  });

  test.each<[string, (api: ReturnType<typeof rest>) => Promise<unknown>]>([
    ['a topic', (api) => api.topics.get('Not.A.Topic')],
    ['an empty topic', (api) => api.schemas.latest('')],
    ['a topic without an owner', (api) => api.topics.create({ name: 'a', description: '' } as never)],
    ['a version', (api) => api.schemas.version('a', 0)],
    ['a service', (api) => api.services.create({ name: 'Board' })],
    ['a document of no service', (api) => api.documents.get('No', 'x')],
    ['a document without an id', (api) => api.documents.get('board', '')],
    ['an id that is a path', (api) => api.database.mappings.get('..')],
    ['a webhook', (api) => api.webhooks.create({ url: 'nowhere', secret: 's', events: [] })],
    ['a mutation', (api) => api.documents.mutate('board', 'x', [{ op: 'set', path: 'title', value: 1 }])],
    ['no mutation', (api) => api.documents.mutate('board', 'x', [])],
    ['a channel', (api) => api.socket.members('')],
    ['a method', (api) => api.raw('FETCH', '/x')],
    ['a path', (api) => api.raw('GET', 'x')],
  ])('invalid argument: %s is rejected without a request', async (_what, call) => {
    await expect(call(rest())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(world.double.requests).toEqual([]);
  });

  test('a body that JSON cannot represent or that is too large is rejected', async () => {
    await expect(rest().documents.create('board', { n: NaN })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await expect(rest().documents.create('board', { text: 'x'.repeat(10_000_001) })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });
});

test('topics', async () => {
  const { topics } = rest();
  const made = await topics.create({ name: 'board.stroke', description: 'Strokes', owner: 'canvas' });
  expect(made).toMatchObject({ name: 'board.stroke', applicationId: 'app_demo', createdAt: expect.any(Number) });
  expect(await topics.get('board.stroke')).toEqual(made);
  expect(await topics.update('board.stroke', { activeSchemaVersion: 1 })).toMatchObject({ activeSchemaVersion: 1 });
  await expect(topics.create({ name: 'board.stroke', description: '', owner: 'x' })).rejects.toMatchObject({ status: 409 });
  await topics.delete('board.stroke');
  await expect(topics.get('board.stroke')).rejects.toMatchObject({ status: 404, code: 'NotFoundError' });
});

test('schemas: versions, compatibility and validation', async () => {
  const { schemas } = rest();
  const schema = { type: 'object', properties: { n: { type: 'number' } } };
  expect(await schemas.create('a.b', schema)).toMatchObject({ version: 1, compatibilityMode: 'backward' });
  await expect(schemas.create('a.b', { ...schema, required: ['n'] })).rejects.toMatchObject({ status: 400, code: 'CompatibilityError' });
  await schemas.create('a.b', { ...schema, required: ['n'] }, { compatibilityMode: 'none' });
  expect((await schemas.versions('a.b')).map(({ version }) => version)).toEqual([1, 2]);
  expect(await schemas.version('a.b', 1)).toMatchObject({ version: 1, schema });
  expect(await schemas.latest('a.b')).toMatchObject({ version: 2 });
  expect(await schemas.validate('a.b', { n: 1 })).toMatchObject({ valid: true });
  expect(await schemas.validate('a.b', {})).toMatchObject({ valid: false, errors: [{ keyword: 'required' }], raw: { valid: false } });
  await expect(schemas.latest('none')).rejects.toMatchObject({ status: 404 });
});

test('the database: mappings, versions, promotions and subscriptions', async () => {
  const { mappings, subscriptions } = rest().database;
  const made = await mappings.create({
    table: 'orders',
    topic: 'order.changed',
    events: ['update'],
    when: { or: [{ changed: 'state' }] },
    payload: { id: '$row.id' },
  });
  expect(await mappings.list()).toEqual([made]);
  expect(await mappings.get(made.id)).toEqual(made);
  expect(await mappings.update(made.id, { events: ['insert'] })).toMatchObject({ events: ['insert'] });
  expect(await mappings.ofTopic('order.changed')).toHaveLength(1);
  expect(await mappings.status()).toMatchObject([{ id: made.id, environments: { development: { version: 1, active: true } } }]);
  expect(await mappings.createVersion(made.id, 'development')).toMatchObject({ version: 1 });
  expect(await mappings.versions(made.id)).toHaveLength(1);
  expect(await mappings.promote(made.id, 'staging')).toEqual({ promoted: 'staging' });
  const subscription = await subscriptions.create(made.id);
  await subscriptions.activate(subscription.id);
  expect(await subscriptions.list()).toMatchObject([{ mappingId: made.id, active: true }]);
  await subscriptions.deactivate(subscription.id);
  expect(await subscriptions.list()).toMatchObject([{ active: false }]);
  await mappings.delete(made.id);
  expect(await mappings.list()).toEqual([]);
});

test('services', async () => {
  const { services } = rest();
  const made = await services.create({ name: 'board', description: 'Boards' });
  await expect(services.create({ name: 'board' })).rejects.toMatchObject({ status: 409 });
  expect(await services.list()).toEqual([made]);
  expect(await services.get(made.id)).toEqual(made);
  expect(await services.update(made.id, { name: 'boards' })).toMatchObject({ name: 'boards' });
  expect(await services.delete(made.id)).toBeUndefined();
  await expect(services.get(made.id)).rejects.toMatchObject({ status: 404 });
});

test('webhooks and their log', async () => {
  const { webhooks } = rest();
  const made = await webhooks.create({ url: 'https://example.com/hook', secret: 'whsec', events: ['socket.message'] });
  expect(made).toMatchObject({ active: true, events: ['socket.message'] });
  await webhooks.deactivate(made.id);
  expect(await webhooks.list()).toMatchObject([{ active: false }]);
  await webhooks.activate(made.id);
  expect(await webhooks.logs({ event: 'document.updated' })).toMatchObject([{ event: 'document.updated', success: true, attempts: 1 }]);
  await webhooks.delete(made.id);
  expect(await webhooks.list()).toEqual([]);
});

test('the debugger, tokens and signing keys work at the assumed and at other addresses', async () => {
  const api = rest();
  expect(await api.debugger.traces({ topic: 'a' })).toEqual([{ id: 'tr_1', topic: 'a' }]);
  expect(await api.debugger.trace('tr_1')).toMatchObject({ id: 'tr_1' });
  expect(await api.debugger.replay('tr_1')).toEqual({ replayed: 'tr_1' });
  const issued = await api.auth.issueToken({ applicationId: 'app_demo', permissions: ['subscribe'] });
  expect(issued.expiresAt).toBeGreaterThan(Date.now());
  expect(await api.auth.verifyToken(issued.token)).toEqual({ valid: true });
  expect(await api.admin.signingKeys.list()).toEqual([{ id: 'k1', active: true }]);
  expect(await api.admin.signingKeys.create()).toEqual({ id: 'k2' });
  expect(await api.admin.signingKeys.rotate('k1')).toEqual({ rotated: 'k1' });
  await api.admin.signingKeys.revoke('k1');
  const moved = rest({ wire: { paths: { traces: '/api/topics', signingKeys: '/api/webhooks' } } });
  expect(await moved.debugger.traces()).toEqual([]);
  expect(await moved.admin.signingKeys.list()).toEqual([]);
});

test('metrics are parsed into families', async () => {
  expect(await rest().metrics()).toMatchObject([
    {
      name: 'events_total',
      type: 'counter',
      help: 'Events routed.',
      samples: [{ labels: { topic: 'order.changed', app: 'a"b\\c\n' }, value: 12, timestamp: 1790000000000 }],
    },
    {
      name: 'latency_ms',
      type: 'histogram',
      samples: [{ labels: { le: '5' }, value: 3 }, { labels: { le: '+Inf' } }, { name: 'latency_ms_sum', value: 17.5 }, { value: 4 }],
    },
    { name: 'up', type: 'untyped', samples: [{ labels: {}, value: 1 }] },
  ]);
});

test('raw(): calls undocumented routes with the same headers and errors', async () => {
  const { raw } = rest();
  expect(await raw('get', '/api/topics')).toEqual([]);
  await expect(raw('POST', '/api/unknown', { body: { a: 1 } })).rejects.toMatchObject({ status: 404, code: 'NotFoundError' });
  expect(last()).toMatchObject({ method: 'POST', body: { a: 1 }, headers: { 'x-application-id': 'app_demo' } });
});

describe('documents', () => {
  interface Plan {
    title: string;
    views?: number;
    nested?: { a?: number; b?: number };
  }

  test('are created, read, replaced, merged, mutated and deleted, and each change increments the revision', async () => {
    const { sync } = world.client();
    const made = await sync.create<Plan>('board', { title: 'Plan A', nested: { a: 1 } }, { expiresAt: new Date(2e12) });
    expect(made).toMatchObject({ id: expect.stringMatching(/^doc_/), revision: 1, expiresAt: 2e12 });
    const { id } = made;
    expect(await sync.create('board', {}, { id: 'mine' })).toMatchObject({ id: 'mine' });
    expect(await sync.get('board', id)).toMatchObject({ data: { title: 'Plan A' } });
    expect(await sync.merge<Plan>('board', id, { nested: { b: 2 } }, 1)).toMatchObject({
      revision: 2,
      data: { title: 'Plan A', nested: { a: 1, b: 2 } },
    });
    expect(
      await sync.mutate<Plan>(
        'board',
        id,
        [
          { op: 'set', path: '/title', value: 'Plan B' },
          { op: 'increment', path: '/views', value: 2 },
        ],
        2,
      ),
    ).toMatchObject({ revision: 3, data: { title: 'Plan B', views: 2 } });
    expect(await sync.replace<Plan>('board', id, { title: 'Plan C' }, 3)).toMatchObject({ revision: 4, data: { title: 'Plan C' } });
    await sync.delete('board', id);
    expect([await sync.get('board', id), await sync.get('board', 'never')]).toEqual([null, null]);
    await expect(sync.replace('board', 'never', {})).rejects.toMatchObject({ status: 404 });
  });

  test('a conflict reports both revisions and the document', async () => {
    const { sync } = world.client();
    const { id } = await sync.create<Plan>('board', { title: 'A' });
    await sync.replace<Plan>('board', id, { title: 'B' });
    for (const call of [
      () => sync.replace<Plan>('board', id, { title: 'C' }, 1),
      () => sync.merge<Plan>('board', id, { title: 'C' }, 1),
      () => sync.mutate<Plan>('board', id, [{ op: 'set', path: '/title', value: 'C' }], 1),
    ]) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RevisionConflictError);
      expect(error).toMatchObject({ status: 409, expectedRevision: 1, currentRevision: 2, current: { data: { title: 'B' } } });
    }
  });

  test('update() and merge() are retried on the newer document; without retries the conflict is reported', async () => {
    const { sync } = world.client();
    const { id } = await sync.create<Plan>('board', { title: 'A', views: 0 });
    const bump = (): Promise<unknown> =>
      sync.update<Plan>('board', id, (data) => ({ ...data, views: (data.views ?? 0) + 1 }), { retries: 20 });
    await Promise.all(Array.from({ length: 8 }, bump));
    await Promise.all(
      Array.from({ length: 4 }, () => sync.merge<Plan>('board', id, ({ data }) => ({ views: (data.views ?? 0) + 1 }), { retries: 20 })),
    );
    expect((await sync.get<Plan>('board', id))?.data.views).toBe(12);
    expect(await sync.merge<Plan>('board', id, { title: 'Z' }, { expectedRevision: 1, retries: 1 })).toMatchObject({
      data: { title: 'Z', views: 12 },
    });
    const doc = world.double.space().documents.get(`board/${id}`);
    await expect(sync.update<Plan>('board', id, (data) => (doc && doc.revision++, data), { retries: 0 })).rejects.toBeInstanceOf(
      RevisionConflictError,
    );
    await expect(sync.update('board', 'never', (data) => data)).rejects.toMatchObject({ status: 404 });
  });

  test('a write whose response was lost does not conflict with itself', async () => {
    const { sync } = world.client();
    const { id } = await sync.create<Plan>('board', { title: 'A' });
    world.double.answerNext({ status: 503, text: '', afterwards: true });
    expect(await sync.replace<Plan>('board', id, { title: 'B' }, 1)).toMatchObject({ revision: 2, data: { title: 'B' } });
    world.double.answerNext({ status: 503, text: '', afterwards: true });
    expect(await sync.merge<Plan>('board', id, { views: 1 }, 2)).toMatchObject({ revision: 3, data: { title: 'B', views: 1 } });
    world.double.answerNext({ status: 503, text: '', afterwards: true });
    await expect(sync.mutate('board', id, [{ op: 'increment', path: '/views', value: 1 }])).rejects.toMatchObject({ status: 503 });
    expect((await sync.get<Plan>('board', id))?.data.views).toBe(2);
  });
});

test.each([[{ url: 'x' }], [{ transport: 'smoke' as never }], [{ presencePollMs: 10 }], [{ publishVia: 'post' as never }]])(
  'options %o are rejected at once',
  (options) => {
    expect(() => createRealtimePlatformClient({ url: 'http://localhost', ...options })).toThrow(TypeError);
  },
);
