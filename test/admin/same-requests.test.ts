// What our SDK sends is what the official one sends: the same calls to a server that records them. Where we differ on purpose, the row says it.

import { Readable } from 'node:stream';

import { describe, expect, test } from 'vitest';

import { type Requested, useRecorder } from '../http/recorder.ts';
import { type Sdk, sdks } from './sdks.ts';

const recorder = useRecorder();
const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const adminToken = 'c0ffee00-1234-4abc-9def-001122334455';
const todo = '22222222-0000-4000-8000-000000000001';
const token = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const webhook = '0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9';
const isn = '0/1A/2B3C4D5E';

type Db = ReturnType<Sdk['init']>;

const calls: Readonly<Record<string, (db: Db, sdk: Sdk) => unknown>> = {
  query: (db) => db.query({ todos: { $: { where: { text: 'a' } } } }),
  'query with rule params': (db) => db.query({ todos: {} }, { ruleParams: { a: 1 } }),
  'query with own headers': (db) => db.query({ todos: {} }, { fetchOpts: { headers: { 'x-own': 'y', authorization: 'Bearer other' } } }),
  transact: (db, { lookup }) =>
    db.transact([
      db.tx.todos![todo]!.update({ text: 'a' }, { upsert: false }).link({ goal: lookup('slug', 'b') }),
      db.tx.todos![lookup('slug', 'c')]!.merge({ d: { e: null } }).ruleParams({ f: 1 }),
      db.tx.todos![todo]!.unlink({ goal: [todo] }).delete(),
    ]),
  'as a user by email': (db) => db.asUser({ email: 'mira@example.org' }).query({ todos: {} }),
  'as a user by token': (db) => db.asUser({ token }).query({ todos: {} }),
  'as a guest': (db) => db.asUser({ guest: true }).transact(db.tx.todos![todo]!.delete()),
  debugQuery: (db) =>
    db.asUser({ guest: true }).debugQuery({ todos: {} }, { rules: { todos: {} }, ruleParams: { a: 1 }, ip: '1.2.3.4', origin: 'o' }),
  debugTransact: (db) => db.asUser({ guest: true }).debugTransact(db.tx.todos![todo]!.delete(), { rules: {}, ip: '1.2.3.4' }),
  generateMagicCode: (db) => db.auth.generateMagicCode('mira@example.org'),
  sendMagicCode: (db) => db.auth.sendMagicCode('mira@example.org'),
  checkMagicCode: (db) => db.auth.checkMagicCode('mira@example.org', '483920', { extraFields: { nickname: 'mira' } as never }),
  verifyMagicCode: (db) => db.auth.verifyMagicCode('mira@example.org', '483920'),
  'createToken by email': (db) => db.auth.createToken({ email: 'mira@example.org' }),
  'createToken by a bare email': (db) => db.auth.createToken('mira@example.org'),
  'createToken, unbound': (db) => {
    const { createToken } = db.auth;
    return createToken({ id: todo });
  },
  verifyToken: (db) => db.auth.verifyToken(token),
  getUser: (db) => db.auth.getUser({ id: todo }),
  deleteUser: (db) => db.auth.deleteUser({ refresh_token: token }),
  signOut: (db) => db.auth.signOut({ id: todo }),
  'signOut by a bare email': (db) => db.auth.signOut('mira@example.org'),
  getPresence: (db) => db.rooms.getPresence('chat' as never, 'room-123'),
  'uploadFile: bytes': (db) =>
    db.storage.uploadFile('a/b.txt', Buffer.from('hello'), { contentType: 'text/plain', contentDisposition: 'inline' }),
  'uploadFile: no type': (db) => db.storage.uploadFile('é.bin', new Uint8Array([1, 2, 3])),
  'uploadFile: a stream': (db) =>
    db.asUser({ token }).storage.uploadFile('s', Readable.from([Buffer.from('hel'), Buffer.from('lo')]), { fileSize: 5 }),
  'storage.delete': (db) => db.asUser({ token }).storage.delete('a/ü.txt'),
  'storage.deleteMany': (db) => db.storage.deleteMany(['a', 'b']),
  'storage.list': (db) => db.storage.list(),
  'storage.getDownloadUrl': (db) => db.storage.getDownloadUrl('a/ü.txt'),
  'webhooks.manager.list': (db) => db.webhooks.manager.list(),
  'webhooks.manager.create': (db) => db.webhooks.manager.create({ url: 'https://a.example', namespaces: ['todos'], actions: ['create'] }),
  'webhooks.manager.update': (db) => db.webhooks.manager.update(webhook, { namespaces: ['todos'] }),
  'webhooks.manager.enable': (db) => db.webhooks.manager.enable(webhook),
  'webhooks.manager.disable': (db) => db.webhooks.manager.disable(webhook, { reason: 'x' }),
  'webhooks.manager.delete': (db) => db.webhooks.manager.delete(webhook),
  'webhooks.manager.listEvents': (db) => db.webhooks.manager.listEvents(webhook, { after: 'a b' }),
  'webhooks.manager.getEvent': (db) => db.webhooks.manager.getEvent(webhook, isn),
  'webhooks.manager.getPayload': (db) => db.webhooks.manager.getPayload(webhook, isn),
  'webhooks.manager.resendEvent': (db) => db.webhooks.manager.resendEvent(webhook, isn),
  'webhooks.fetchPayloads': (db) =>
    db.webhooks.fetchPayloads({ payloadUrl: `${recorder.apiURI}/webhooks/payload/x/${isn}?a=1`, token: 'eyJ.a.b' }),
  'webhooks.fetchJwks': (db) => db.webhooks.fetchJwks(),
};

const response = {
  user: { id: todo, refresh_token: token },
  code: '483920',
  created: true,
  data: [],
  webhook: { id: webhook },
  event: { isn },
  result: {},
  'tx-id': 1,
};

/** Without what the platform adds, and what tells the SDKs apart. */
function essence({ method, url, headers, body }: Requested): unknown {
  const platform = ['host', 'connection', 'user-agent', 'accept-language', 'accept-encoding', 'sec-fetch-mode', 'transfer-encoding'];
  // On calls without a body the official SDK sends a content type here and there; nothing reads it.
  const hidden = new Set([
    ...platform,
    'instant-admin-version',
    'instant-core-version',
    ...(body === '' ? ['content-type', 'content-length'] : []),
  ]);
  const kept = Object.entries(headers).filter(([header]) => !hidden.has(header));
  const text: unknown = headers['content-type'] === 'application/json' && body !== '' ? JSON.parse(body) : body;
  return { method, url, headers: Object.fromEntries(kept), body: text };
}

async function sent(sdk: Sdk, call: (db: Db, sdk: Sdk) => unknown): Promise<unknown[]> {
  const before = recorder.requested.length;
  recorder.response({ body: response });
  // What the SDKs make of this response does not matter here.
  await Promise.resolve(call(sdk.init({ appId, adminToken, apiURI: recorder.apiURI }), sdk)).catch(() => undefined);
  return recorder.requested.slice(before).map(essence);
}

describe('the same request as the official SDK', () => {
  test.each(Object.entries(calls))('%s', async (_name, call) => {
    const [[, ours], [, official]] = sdks as unknown as [[string, Sdk], [string, Sdk]];
    const expected = await sent(official, call);
    expect(expected).toHaveLength(1);
    expect(await sent(ours, call)).toEqual(expected);
  });
});

describe('requests that differ on purpose', () => {
  const [, ours] = sdks[0]!;
  const db = () => ours.init({ appId, adminToken, apiURI: `${recorder.apiURI}/` });

  test('room ids are URL-encoded', async () => {
    await db().rooms.getPresence('chat' as never, 'a&b c/ü');
    expect(recorder.requested[0]?.url).toBe(`/admin/rooms/presence?app_id=${appId}&room-type=chat&room-id=a%26b%20c%2F%C3%BC`);
  });

  test('a path with characters above U+00FF is sent in a separate header', async () => {
    recorder.response({ body: { data: { id: todo } } });
    await db().storage.uploadFile('日本.txt', 'x');
    expect(recorder.requested[0]?.headers).toMatchObject({ 'x-path': "path*=UTF-8''%E6%97%A5%E6%9C%AC.txt" });
  });

  test('a web stream is sent with its length, or in chunks when its length is unknown', async () => {
    recorder.response({ body: { data: { id: todo } } });
    await db().storage.uploadFile('w', new Blob(['abc']).stream(), { fileSize: 3 });
    await db().storage.uploadFile('w', new Blob(['abc']).stream());
    expect(recorder.requested.map(({ body, headers }) => [body, headers['content-length'], headers['transfer-encoding']])).toEqual([
      ['abc', '3', undefined],
      ['abc', undefined, 'chunked'],
    ]);
  });
});
