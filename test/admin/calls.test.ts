// Calls under faults: what is retried and what is not, time limits, signals, and what `init` and `asUser` reject. Over a scripted `fetch`.

import { describe, expect, test } from 'vitest';

import * as admin from '../../src/admin/index.ts';
import { failureOf } from './sdks.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
type Reply = Response | 'silence';

/** A database whose requests get these replies, the last of them again and again; waits take no time. */
function scripted(...replies: readonly Reply[]): {
  db: admin.InstantAdminDatabase<admin.InstantUnknownSchema>;
  sent: string[];
  waits: number[];
} {
  const sent: string[] = [];
  const waits: number[] = [];
  const fetch = (async (url: string, init: RequestInit) => {
    sent.push(`${init.method} ${new URL(url).pathname}`);
    const reply = replies[Math.min(sent.length, replies.length) - 1];
    if (reply !== 'silence' && reply) return reply.clone();
    return new Promise((_resolve, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)));
  }) as typeof globalThis.fetch;
  const clock = {
    now: () => 0,
    monotonicNow: () => 0,
    setTimeout: (run: () => void, ms: number) => {
      // The time limit of a call, which only 'silence' reaches.
      if (ms >= 60_000) return 0;
      waits.push(ms);
      return setTimeout(run, 0);
    },
    clearTimeout: (timer: ReturnType<typeof setTimeout> | number | undefined) => clearTimeout(timer),
  };
  const random = { next: () => 0.5, uuid: () => admin.id(), eventId: () => admin.id() };
  return {
    db: admin.init({ appId, adminToken: 'c0ffee00-1234-4abc-9def-001122334455', apiURI: 'http://app.test', fetch, clock, random }),
    sent,
    waits,
  };
}

const ok = Response.json({ todos: [], user: null, 'tx-id': 1 });
const busy = (headers: Record<string, string> = {}, body: object = {}) => Response.json(body, { status: 429, headers });
const broken = Response.json({ message: 'x' }, { status: 503 });

describe('retries', () => {
  test('idempotent calls are retried after 5xx and 429, with growing delays', async () => {
    const { db, sent, waits } = scripted(broken, broken, busy(), ok);
    expect(await db.query({ todos: {} })).toMatchObject({ todos: [] });
    expect([sent.length, waits]).toEqual([4, [125, 250, 500]]);
  });

  test('a retry waits at least as long as the server requests, in a header or in the hint', async () => {
    const { db, waits } = scripted(busy({ 'retry-after': '7' }), busy({}, { hint: { 'retry-after': 3 } }), ok);
    await db.auth.getUser({ id: appId });
    expect(waits).toEqual([7_125, 3_250]);
  });

  test('a Retry-After header may contain a date', async () => {
    const { db, waits } = scripted(busy({ 'retry-after': 'Thu, 01 Jan 1970 00:00:07 GMT' }), busy({ 'retry-after': 'soon' }), ok);
    await db.query({ todos: {} });
    expect(waits).toEqual([7_125, 250]);
  });

  test('a call whose Retry-After is too long fails at once and reports the delay', async () => {
    const { db, sent } = scripted(busy({ 'retry-after': '3600' }));
    expect(await failureOf(() => db.query({ todos: {} }))).toMatchObject({ status: 429, retryAfterMs: 3_600_000 });
    expect(sent).toHaveLength(1);
  });

  test.each<readonly [string, (db: admin.InstantAdminDatabase<admin.InstantUnknownSchema>) => unknown]>([
    ['transact', (db) => db.transact(db.tx['todos']![appId]!.update({ a: 1 }))],
    ['checkMagicCode', (db) => db.auth.checkMagicCode('a@example.com', '123456')],
    ['deleteUser', (db) => db.auth.deleteUser({ id: appId })],
    ['createToken', (db) => db.auth.createToken({ id: appId })],
  ])('%s is sent once', async (_name, call) => {
    const { db, sent } = scripted(broken, ok);
    expect(await failureOf(() => call(db))).toMatchObject({ status: 503 });
    expect(sent).toHaveLength(1);
  });

  test('client errors are not retried, and retries end when the server keeps failing', async () => {
    const wrong = scripted(Response.json({ type: 'validation-failed' }, { status: 400 }));
    await failureOf(() => wrong.db.query({ todos: {} }));
    expect(wrong.sent).toHaveLength(1);
    const down = scripted(broken);
    expect(await failureOf(() => down.db.query({ todos: {} }))).toMatchObject({ status: 503 });
    expect(down.sent).toHaveLength(4);
  });
});

test('a call ends on its timeout, on its abort signal, and on close', async () => {
  expect(await failureOf(() => scripted('silence').db.query({ todos: {} }, { timeoutMs: 5 }))).toMatchObject({ code: 'timeout' });
  const reason = new Error('enough');
  const aborting = new AbortController();
  const waiting = failureOf(() => scripted('silence').db.query({ todos: {} }, { signal: aborting.signal }));
  aborting.abort(reason);
  expect(await waiting).toBe(reason);
  const { db, sent } = scripted('silence');
  const open = failureOf(() => db.query({ todos: {} }));
  await db.close();
  expect(await open).toMatchObject({ code: 'closed' });
  expect(await failureOf(() => db.query({ todos: {} }))).toMatchObject({ code: 'closed' });
  expect(sent).toHaveLength(1);
});

type Db = admin.InstantAdminDatabase<admin.InstantUnknownSchema>;
type Call = (db: Db, opts: admin.CallOpts) => unknown;

const body = { payloadUrl: 'http://app.test/webhooks/payload/a/b/1', token: 'eyJ.a.b' };
const signed = { receivedAt: new Date(0) };
const signature = `t=0,kid=unheard,v1=${'0'.repeat(128)}`;
const everyCall: Readonly<Record<string, Call>> = {
  query: (db, opts) => db.query({ todos: {} }, opts),
  transact: (db, opts) => db.transact(db.tx['todos']![appId]!.update({ a: 1 }), opts),
  debugQuery: (db, opts) => db.asUser({ guest: true }).debugQuery({ todos: {} }, opts),
  debugTransact: (db, opts) => db.asUser({ guest: true }).debugTransact(db.tx['todos']![appId]!.update({ a: 1 }), opts),
  generateMagicCode: (db, opts) => db.auth.generateMagicCode('a@example.com', opts),
  sendMagicCode: (db, opts) => db.auth.sendMagicCode('a@example.com', opts),
  checkMagicCode: (db, opts) => db.auth.checkMagicCode('a@example.com', '123456', opts),
  verifyMagicCode: (db, opts) => db.auth.verifyMagicCode('a@example.com', '123456', opts),
  createToken: (db, opts) => db.auth.createToken({ id: appId }, opts),
  verifyToken: (db, opts) => db.auth.verifyToken(appId, opts),
  getUser: (db, opts) => db.auth.getUser({ id: appId }, opts),
  deleteUser: (db, opts) => db.auth.deleteUser({ id: appId }, opts),
  signOut: (db, opts) => db.auth.signOut({ id: appId }, opts),
  getPresence: (db, opts) => db.rooms.getPresence('chat', 'a', opts),
  uploadFile: (db, opts) => db.storage.uploadFile('a', 'text', opts),
  'uploadFile of a stream': (db, opts) => db.storage.uploadFile('a', new Blob(['text']).stream(), opts),
  'storage.delete': (db, opts) => db.storage.delete('a', opts),
  'storage.deleteMany': (db, opts) => db.storage.deleteMany(['a'], opts),
  'storage.list': (db, opts) => db.storage.list(opts),
  'storage.getDownloadUrl': (db, opts) => db.storage.getDownloadUrl('a', opts),
  'manager.list': (db, opts) => db.webhooks.manager.list(opts),
  'manager.create': (db, opts) =>
    db.webhooks.manager.create({ url: 'https://a.example', namespaces: ['todos'], actions: ['create'] }, opts),
  'manager.update': (db, opts) => db.webhooks.manager.update(appId, { namespaces: ['todos'] }, opts),
  'manager.delete': (db, opts) => db.webhooks.manager.delete(appId, opts),
  'manager.enable': (db, opts) => db.webhooks.manager.enable(appId, opts),
  'manager.disable': (db, opts) => db.webhooks.manager.disable(appId, opts),
  'manager.listEvents': (db, opts) => db.webhooks.manager.listEvents(appId, opts),
  'manager.getEvent': (db, opts) => db.webhooks.manager.getEvent(appId, '0/1A/2B3C4D5E', opts),
  'manager.getPayload': (db, opts) => db.webhooks.manager.getPayload(appId, '0/1A/2B3C4D5E', opts),
  'manager.resendEvent': (db, opts) => db.webhooks.manager.resendEvent(appId, '0/1A/2B3C4D5E', opts),
  'webhooks.fetchJwks': (db, opts) => db.webhooks.fetchJwks(opts),
  'webhooks.fetchPayloads': (db, opts) => db.webhooks.fetchPayloads(body, opts),
  'webhooks.validate': (db, opts) => db.webhooks.validate(signature, JSON.stringify(body), { ...opts, ...signed }),
};

describe('every call', () => {
  test.each(Object.entries(everyCall))('%s ends on its timeout and on its signal, and sends nothing once aborted', async (_name, call) => {
    expect(await failureOf(() => call(scripted('silence').db, { timeoutMs: 5 }))).toMatchObject({ code: 'timeout' });
    const reason = new Error('enough');
    const aborting = new AbortController();
    const waiting = failureOf(() => call(scripted('silence').db, { signal: aborting.signal }));
    await new Promise((resolve) => setTimeout(resolve, 0));
    aborting.abort(reason);
    expect(await waiting).toBe(reason);
    const { db, sent } = scripted(ok);
    expect(await failureOf(() => call(db, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(sent).toEqual([]);
  });
});

test('S04 options missing from init are read from the environment', () => {
  const names = ['INSTANT_APP_ID', 'INSTANT_APP_ADMIN_TOKEN', 'INSTANT_API_URI'] as const;
  const before = names.map((name) => process.env[name]);
  try {
    for (const name of names) delete process.env[name];
    expect(() => admin.init()).toThrow(/appId is missing/);
    Object.assign(process.env, { INSTANT_APP_ID: appId, INSTANT_APP_ADMIN_TOKEN: 'token', INSTANT_API_URI: 'http://app.test/' });
    expect(admin.init().config).toMatchObject({ appId, adminToken: 'token', apiURI: 'http://app.test' });
    expect(admin.init({ adminToken: null }).config.adminToken).toBeUndefined();
  } finally {
    for (const [at, name] of names.entries()) {
      if (before[at] === undefined) delete process.env[name];
      else process.env[name] = before[at];
    }
  }
});

test.each<[options: object, message: string]>([
  [{ fetch: 'https://a.org' }, 'init: fetch must be a function, but is of type string'],
  [{ onError: {} }, 'init: onError must be a function, but is of type object'],
  [{ logger: () => {} }, 'init: logger must be an object, but is of type function'],
  [{ clock: { now: () => 0 } }, 'init: clock has no method monotonicNow()'],
])('init rejects %j', (options, message) => {
  const call = (): unknown => admin.init({ appId: '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05', ...options });
  expect(call).toThrow(expect.objectContaining({ code: 'config-invalid', message }));
});

test.each([[{}], [{ guest: false }], [{ email: 'a@example.com', token: 'x' }], [{ token: ' ' }], [null]])(
  'S41 asUser rejects %j',
  (opts) => {
    expect(() => scripted(ok).db.asUser(opts as never)).toThrow(admin.InstantError);
  },
);

test.each([undefined, null, 'ann@example.com'])('getUser and deleteUser reject %j as a user', async (user) => {
  const { db, sent } = scripted(ok);
  for (const call of [() => db.auth.getUser(user as never), () => db.auth.deleteUser(user as never)]) {
    expect(await failureOf(call)).toMatchObject({ code: 'config-invalid' });
  }
  expect(sent).toEqual([]);
});

test.each([import.meta.dirname, `${import.meta.filename}.gone`, ''])("the file '%s' is not uploaded", async (filePath) => {
  const { db, sent } = scripted(ok);
  expect(await failureOf(() => db.storage.uploadFile('a', { filePath }))).toMatchObject({ code: 'config-invalid' });
  expect(sent).toEqual([]);
});

test('dates are Date objects where the schema declares them and useDateObjects is set', async () => {
  const schema = admin.i.schema({ entities: { goals: admin.i.entity({ due: admin.i.date(), title: admin.i.string() }) } });
  const fetch = (async () => Response.json({ goals: [{ id: appId, due: '2026-01-01', title: '2026-01-01' }] })) as typeof globalThis.fetch;
  const db = admin.init({ appId, adminToken: 'x', fetch, schema, useDateObjects: true });
  expect(await db.query({ goals: {} })).toEqual({ goals: [{ id: appId, due: new Date('2026-01-01'), title: '2026-01-01' }] });
});

describe('a denied transaction', () => {
  const denied = (message: string) => {
    const body = { type: 'permission-denied', message, hint: { input: ['goals', 'object'], expected: 'perms-pass?' } };
    return Response.json(body, { status: 400 });
  };
  const [goal, other] = ['90a10000-0000-4000-8000-000000000001', '90a10000-0000-4000-8000-000000000002'];

  test.each([
    ['create', (tx: Tx) => tx['goals']![goal]!.create({ a: 1 }), `the 'create' rule of 'goals' is not satisfied for goals ${goal}`],
    [
      'merge',
      (tx: Tx) => tx['goals']![goal]!.merge({ a: 1 }),
      `the 'create' or 'update' rule of 'goals' is not satisfied for goals ${goal}`,
    ],
    [
      'a lookup',
      (tx: Tx) => tx['goals']![admin.lookup('slug', 's')]!.delete(),
      `the 'delete' rule of 'goals' is not satisfied for goals with "s"`,
    ],
    ['another namespace', (tx: Tx) => tx['todos']![goal]!.delete(), 'not perms-pass?'],
  ])('names rule and entities if the server names only the namespace: %s', async (_name, chunk, message) => {
    const { db } = scripted(denied('Permission denied: not perms-pass?'));
    const error = await failureOf(() => db.asUser({ guest: true }).transact(chunk(db.tx)));
    expect(error).toBeInstanceOf(admin.InstantAPIError);
    expect(error).toMatchObject({ message: `Permission denied: ${message}`, status: 400, hint: { expected: 'perms-pass?' } });
  });

  test('keeps the text of a server that names rule and entity', async () => {
    const said = `Permission denied: the 'update' rule of 'goals' is not satisfied for goals ${other}`;
    const { db } = scripted(denied(said));
    const chunks = [goal, other].map((id) => db.tx['goals']![id]!.update({ a: 1 }));
    expect(await failureOf(() => db.asUser({ guest: true }).transact(chunks))).toMatchObject({ message: said });
  });
});

type Tx = ReturnType<typeof scripted>['db']['tx'];
