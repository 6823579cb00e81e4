// Each call of the platform's API: its request passes the double's schemas, and every answer that is not the API's is a typed error.

import { describe, expect, test } from 'vitest';

import { MetricsFormatError, PlatformApiError, type PlatformRest } from '../../src/realtime-platform/index.ts';
import { methodNames, misshapen, type PreparedAnswer, unreadable, untyped } from '../support/bad-answers.ts';
import { platformWorld } from './world.ts';

const world = platformWorld();
const rest = (): PlatformRest => world.client().rest;

interface Call {
  readonly request: string;
  /** The answer is not read, or is handed on as it is. */
  readonly isOpen?: boolean;
  readonly before?: (api: PlatformRest) => Promise<unknown>;
  readonly run: (api: PlatformRest) => Promise<unknown>;
}

const topic = { name: 'a.b', description: 'B', owner: 'me' };
const mapping = { table: 'orders', topic: 'a.b', events: ['insert'], environment: 'development' };
const hook = { url: 'https://example.com/hook', secret: 's', events: ['socket.message'] };
const madeTopic = ({ topics }: PlatformRest) => topics.create(topic);
const madeSchema = ({ schemas }: PlatformRest) => schemas.create('a.b', { type: 'object' });
const madeMapping = ({ database }: PlatformRest) => database.mappings.create(mapping);
const madeSubscription = ({ database }: PlatformRest) => database.subscriptions.create('map_1');
const madeService = ({ services }: PlatformRest) => services.create({ name: 'board' });
const madeHook = ({ webhooks }: PlatformRest) => webhooks.create(hook);
const madeDoc = ({ documents }: PlatformRest) => documents.create('board', { n: 1 }, { id: 'd' });
const document = '/api/sync/board/documents/d';
const mappings = '/api/database/mappings';

const calls: Readonly<Record<string, Call>> = {
  'topics.list': { request: 'GET /api/topics', run: ({ topics }) => topics.list() },
  'topics.get': { request: 'GET /api/topics/a.b', before: madeTopic, run: ({ topics }) => topics.get('a.b') },
  'topics.create': { request: 'POST /api/topics', run: madeTopic },
  'topics.update': { request: 'PATCH /api/topics/a.b', before: madeTopic, run: ({ topics }) => topics.update('a.b', { owner: 'you' }) },
  'topics.delete': { request: 'DELETE /api/topics/a.b', isOpen: true, before: madeTopic, run: ({ topics }) => topics.delete('a.b') },
  'schemas.versions': { request: 'GET /api/schemas/a.b/versions', run: ({ schemas }) => schemas.versions('a.b') },
  'schemas.version': { request: 'GET /api/schemas/a.b/versions/1', before: madeSchema, run: ({ schemas }) => schemas.version('a.b', 1) },
  'schemas.latest': { request: 'GET /api/schemas/a.b/latest', before: madeSchema, run: ({ schemas }) => schemas.latest('a.b') },
  'schemas.create': { request: 'POST /api/schemas/a.b', run: madeSchema },
  'schemas.validate': {
    request: 'POST /api/schemas/a.b/validate',
    // A8: an answer of another form is handed out as `raw`.
    isOpen: true,
    before: madeSchema,
    run: ({ schemas }) => schemas.validate('a.b', {}),
  },
  'database.mappings.list': { request: `GET ${mappings}`, run: ({ database }) => database.mappings.list() },
  'database.mappings.get': {
    request: `GET ${mappings}/map_1`,
    before: madeMapping,
    run: ({ database }) => database.mappings.get('map_1'),
  },
  'database.mappings.create': { request: `POST ${mappings}`, run: madeMapping },
  'database.mappings.update': {
    request: `PATCH ${mappings}/map_1`,
    before: madeMapping,
    run: ({ database }) => database.mappings.update('map_1', { triggerColumns: ['state'] }),
  },
  'database.mappings.delete': {
    request: `DELETE ${mappings}/map_1`,
    isOpen: true,
    before: madeMapping,
    run: ({ database }) => database.mappings.delete('map_1'),
  },
  'database.mappings.ofTopic': { request: `GET ${mappings}/topic/a.b`, run: ({ database }) => database.mappings.ofTopic('a.b') },
  'database.mappings.status': { request: `GET ${mappings}/status`, run: ({ database }) => database.mappings.status() },
  'database.mappings.versions': { request: `GET ${mappings}/map_1/versions`, run: ({ database }) => database.mappings.versions('map_1') },
  'database.mappings.createVersion': {
    request: `POST ${mappings}/map_1/versions`,
    before: madeMapping,
    run: ({ database }) => database.mappings.createVersion('map_1', 'development'),
  },
  'database.mappings.promote': {
    request: `POST ${mappings}/map_1/promote`,
    isOpen: true,
    before: madeMapping,
    run: ({ database }) => database.mappings.promote('map_1', 'staging'),
  },
  'database.subscriptions.list': { request: 'GET /api/database/subscriptions', run: ({ database }) => database.subscriptions.list() },
  'database.subscriptions.create': { request: 'POST /api/database/subscriptions', run: madeSubscription },
  'database.subscriptions.activate': {
    request: 'POST /api/database/subscriptions/dbsub_1/activate',
    isOpen: true,
    before: madeSubscription,
    run: ({ database }) => database.subscriptions.activate('dbsub_1'),
  },
  'database.subscriptions.deactivate': {
    request: 'POST /api/database/subscriptions/dbsub_1/deactivate',
    isOpen: true,
    before: madeSubscription,
    run: ({ database }) => database.subscriptions.deactivate('dbsub_1'),
  },
  'services.list': { request: 'GET /api/services', run: ({ services }) => services.list() },
  'services.get': { request: 'GET /api/services/svc_1', before: madeService, run: ({ services }) => services.get('svc_1') },
  'services.create': { request: 'POST /api/services', run: madeService },
  'services.update': {
    request: 'PATCH /api/services/svc_1',
    before: madeService,
    run: ({ services }) => services.update('svc_1', { name: 'boards' }),
  },
  'services.delete': {
    request: 'DELETE /api/services/svc_1',
    isOpen: true,
    before: madeService,
    run: ({ services }) => services.delete('svc_1'),
  },
  'documents.create': { request: 'POST /api/sync/board/documents', run: madeDoc },
  'documents.get': { request: `GET ${document}`, before: madeDoc, run: ({ documents }) => documents.get('board', 'd') },
  'documents.replace': {
    request: `PUT ${document}`,
    before: madeDoc,
    run: ({ documents }) => documents.replace('board', 'd', { n: 2 }, 1),
  },
  'documents.merge': {
    request: `PATCH ${document}/merge`,
    before: madeDoc,
    run: ({ documents }) => documents.merge<{ m: number }>('board', 'd', { m: 2 }),
  },
  'documents.mutate': {
    request: `POST ${document}/mutate`,
    before: madeDoc,
    run: ({ documents }) => documents.mutate('board', 'd', [{ op: 'increment', path: '/n', value: 1 }]),
  },
  'documents.update': {
    request: `GET ${document}, PUT ${document}`,
    before: madeDoc,
    run: ({ documents }) => documents.update('board', 'd', (data) => data),
  },
  'documents.delete': {
    request: `DELETE ${document}`,
    isOpen: true,
    before: madeDoc,
    run: ({ documents }) => documents.delete('board', 'd'),
  },
  'socket.channels': { request: 'GET /api/socket/channels', run: ({ socket }) => socket.channels() },
  'socket.members': { request: 'GET /api/socket/channels/board%3A42/members', run: ({ socket }) => socket.members('board:42') },
  'socket.connections': { request: 'GET /api/socket/connections', run: ({ socket }) => socket.connections() },
  'socket.broadcast': {
    request: 'POST /api/socket/broadcast',
    isOpen: true,
    run: ({ socket }) => socket.broadcast('board:42', 'stroke', { n: 1 }),
  },
  'webhooks.list': { request: 'GET /api/webhooks', run: ({ webhooks }) => webhooks.list() },
  'webhooks.create': { request: 'POST /api/webhooks', run: madeHook },
  'webhooks.activate': {
    request: 'POST /api/webhooks/wh_1/activate',
    isOpen: true,
    before: madeHook,
    run: ({ webhooks }) => webhooks.activate('wh_1'),
  },
  'webhooks.deactivate': {
    request: 'POST /api/webhooks/wh_1/deactivate',
    isOpen: true,
    before: madeHook,
    run: ({ webhooks }) => webhooks.deactivate('wh_1'),
  },
  'webhooks.delete': {
    request: 'DELETE /api/webhooks/wh_1',
    isOpen: true,
    before: madeHook,
    run: ({ webhooks }) => webhooks.delete('wh_1'),
  },
  'webhooks.logs': {
    request: 'GET /api/webhooks/logs?event=socket.connect',
    run: ({ webhooks }) => webhooks.logs({ event: 'socket.connect' }),
  },
  'debugger.traces': { request: 'GET /api/debugger/traces?topic=a.b', run: (api) => api.debugger.traces({ topic: 'a.b' }) },
  'debugger.trace': { request: 'GET /api/debugger/traces/tr_1', run: (api) => api.debugger.trace('tr_1') },
  'debugger.replay': { request: 'POST /api/debugger/traces/tr_1/replay', isOpen: true, run: (api) => api.debugger.replay('tr_1') },
  'auth.issueToken': {
    request: 'POST /auth/token',
    run: ({ auth }) => auth.issueToken({ applicationId: 'app_demo', permissions: ['subscribe'] }),
  },
  'auth.verifyToken': { request: 'POST /auth/verify', run: ({ auth }) => auth.verifyToken('x') },
  'admin.signingKeys.list': { request: 'GET /api/admin/signing-keys', run: ({ admin }) => admin.signingKeys.list() },
  'admin.signingKeys.create': { request: 'POST /api/admin/signing-keys', run: ({ admin }) => admin.signingKeys.create() },
  'admin.signingKeys.rotate': {
    request: 'POST /api/admin/signing-keys/k1/rotate',
    isOpen: true,
    run: ({ admin }) => admin.signingKeys.rotate('k1'),
  },
  'admin.signingKeys.revoke': {
    request: 'DELETE /api/admin/signing-keys/k1',
    isOpen: true,
    run: ({ admin }) => admin.signingKeys.revoke('k1'),
  },
  health: { request: 'GET /health', run: ({ health }) => health() },
  metricsText: { request: 'GET /api/metrics/prometheus', isOpen: true, run: ({ metricsText }) => metricsText() },
  metrics: { request: 'GET /api/metrics/prometheus', isOpen: true, run: ({ metrics }) => metrics() },
  raw: { request: 'GET /api/topics', isOpen: true, run: ({ raw }) => raw('GET', '/api/topics') },
};

test('the table lists every call', () => {
  expect(Object.keys(calls).sort()).toEqual(methodNames(rest()));
});

describe.each(Object.entries(calls))('%s', (name, { request, isOpen = false, before, run }) => {
  test('sends a request that the schemas accept', async () => {
    const api = rest();
    await before?.(api);
    world.double.requests.length = 0;
    await run(api);
    expect(world.double.requests.map(({ method, path }) => `${method} ${path}`).join(', ')).toBe(request);
  });

  test('rejects malformed responses with a typed error', async () => {
    const api = rest();
    await before?.(api);
    const answers = { ...readFor(name), ...(isOpen ? {} : misshapenFor(name)) };
    expect(await untyped(answers, ApiFailure, () => run(api).catch(asApiFailure), world.double)).toEqual({});
  });
});

/** Metrics are text: what cannot be read is an error of the parser's. */
class ApiFailure extends Error {}

function asApiFailure(error: unknown): never {
  if (error instanceof PlatformApiError || error instanceof MetricsFormatError) throw new ApiFailure(error.message);
  throw error;
}

function readFor(name: string): Record<string, PreparedAnswer> {
  if (name !== 'metricsText') return { ...unreadable };
  // Any text is one that an exporter may send.
  return Object.fromEntries(
    Object.entries(unreadable).filter(([, { status, isCut, headers }]) => status > 299 || isCut || headers?.['content-encoding']),
  );
}

function misshapenFor(name: string): Record<string, PreparedAnswer> {
  const { 'an empty object': empty, 'an error': error, 'a list of empty objects': objects, ...rest } = misshapen;
  // Of these nothing is documented but that they are objects, or lists of them.
  if (['debugger.trace', 'auth.verifyToken', 'admin.signingKeys.create'].includes(name)) return { ...rest, ...(objects && { objects }) };
  if (['debugger.traces', 'admin.signingKeys.list'].includes(name)) return { ...rest, ...(empty && { empty }), ...(error && { error }) };
  return { ...misshapen };
}
