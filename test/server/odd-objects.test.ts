// Objects that cannot be made a text (`{"toString":1}`), in every place of every message and of every body that changes or reads data.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../src/server/server.ts';
import { adminToken, appId, bench, blob, link, newId, rest } from './bench.ts';

const odd = { toString: 1, valueOf: 1, toJSON: 1, length: 1, constructor: 1 };
const [goalsId, title, owner] = [blob('goals', 'id'), blob('goals', 'title'), link('goals', 'owner', 'people', 'goals')];
const goal = newId();

/** The value with each of its parts, and itself, replaced once. */
function variants(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [odd];
  const parts = Object.entries(value).flatMap(([key, part]) =>
    variants(part).map((other) =>
      Array.isArray(value) ? value.map((old: unknown, at) => (String(at) === key ? other : old)) : { ...value, [key]: other },
    ),
  );
  return [odd, ...parts];
}

const where = { or: [{ title: { $in: ['a'] } }, { 'owner.id': { $not: 'x' } }, { title: { $like: '%a' } }, { title: { $isNull: true } }] };
const q = { goals: { $: { where, order: { title: 'asc' }, limit: 1, fields: ['title'] }, owner: { $: { first: 1 } } } };

const messages: readonly object[] = [
  { op: 'add-query', q },
  { op: 'add-query', q, 'return-type': 'tree' },
  { op: 'remove-query', q },
  { op: 'join-room', 'room-id': 'r', data: { a: 1 } },
  { op: 'set-presence', 'room-id': 'r', data: { a: 1 } },
  { op: 'client-broadcast', 'room-id': 'r', topic: 't', data: { a: 1 } },
  { op: 'leave-room', 'room-id': 'r' },
  { op: 'start-sync', q: { goals: {} } },
  { op: 'resync-table', 'subscription-id': newId(), 'tx-id': 1, token: newId() },
  { op: 'remove-sync', 'subscription-id': newId(), 'keep-subscription': true },
  { op: 'start-stream', 'client-id': 'c', 'reconnect-token': newId() },
  { op: 'append-stream', 'stream-id': newId(), chunks: ['a'], offset: 0, done: false },
  { op: 'subscribe-stream', 'client-id': 'c', offset: 0 },
  { op: 'unsubscribe-stream', 'subscribe-event-id': 'e' },
  { op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' } },
  ...[
    ['add-triple', goal, title.id, 'a', { mode: 'create' }],
    ['add-triple', goal, owner.id, newId()],
    ['add-triple', goal, owner.id, [title.id, 'a']],
    ['add-triple', [title.id, 'a'], title.id, 'a'],
    ['deep-merge-triple', goal, title.id, { a: 1 }],
    ['retract-triple', goal, title.id, 'a'],
    ['retract-triple', goal, owner.id, newId()],
    ['delete-entity', goal, 'goals'],
    ['delete-entity', [title.id, 'a'], 'goals'],
    ['rule-params', goal, 'goals', { a: 1 }],
    ['add-attr', blob('goals', 'other')],
    ['add-attr', link('goals', 'tags', 'tags', 'goals')],
    ['update-attr', { id: title.id, 'index?': true }],
    ['delete-attr', newId()],
    ['restore-attr', newId()],
  ].map((step) => ({ op: 'transact', 'tx-steps': [step] })),
];

test.each([false, true])('each message of a session is answered without a failure of the server (admin: %s)', async (isAdmin) => {
  const world = bench();
  const setup = await world.open({ '__admin-token': adminToken });
  await setup.request({ op: 'transact', 'tx-steps': [goalsId, title, owner].map((attr) => ['add-attr', attr]) });
  const silent: unknown[] = [];
  for (const message of messages) {
    const peer = await world.open(isAdmin ? { '__admin-token': adminToken } : {});
    for (const variant of variants(message).slice(1)) {
      peer.heard.length = 0;
      peer.session.receive(JSON.stringify({ 'client-event-id': newId(), ...(variant as object) }));
      await rest();
      const isFailed = peer.heard.some((each) => each.op === 'error' && each.status === 500);
      const isAnswerless = (variant as { readonly op: unknown }).op === 'remove-sync';
      if (isFailed || (peer.heard.length === 0 && !isAnswerless)) silent.push([variant, peer.heard]);
    }
    peer.session.end();
  }
  expect(silent).toEqual([]);
});

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer({ appId, adminToken });
});
afterAll(() => server.close());

const link2 = { forward: { on: 'a', has: 'many', label: 'b' }, reverse: { on: 'b', has: 'one', label: 'a' } };
const schema = {
  entities: { a: { attrs: { n: { valueType: 'string', required: false, config: { indexed: true, unique: false } } } }, b: { attrs: {} } },
  links: { l: link2 },
};

const bodies: readonly (readonly [path: string, body: object])[] = [
  ['/admin/query', { query: q }],
  ...[
    ['update', 'goals', goal, { title: 'a' }],
    ['update', 'goals', ['title', 'a'], { title: 'a' }, { upsert: false }],
    ['merge', 'goals', goal, { title: { a: 1 } }],
    ['link', 'goals', goal, { owner: newId() }],
    ['unlink', 'goals', goal, { owner: [newId()] }],
    ['delete', 'goals', goal],
    ['ruleParams', 'goals', goal, { a: 1 }],
    ['add-attr', blob('goals', 'more')],
    ['create', '$users', newId(), { email: 'a@b.c' }],
  ].map((step) => ['/admin/transact', { steps: [step] }] as const),
  [`/dash/apps/${appId}/schema/push/plan`, { schema }],
  [`/dash/apps/${appId}/schema/steps/apply`, { steps: [['add-attr', blob('goals', 'n')]] }],
  [`/dash/apps/${appId}/rules`, { code: { goals: { allow: { view: 'true', $default: 'false' }, bind: ['a', 'true'] } } }],
  ['/admin/refresh_tokens', { email: 'a@b.c', 'extra-fields': { a: 1 } }],
  ['/admin/sign_out', { email: 'a@b.c' }],
  ['/runtime/auth/verify_magic_code', { 'app-id': appId, email: 'a@b.c', code: '1', 'extra-fields': { a: 1 } }],
  ['/runtime/auth/sign_in_guest', { 'app-id': appId, 'extra-fields': { a: 1 } }],
  ['/runtime/oauth/id_token', { app_id: appId, client_name: 'a', id_token: 'a', nonce: 'n' }],
  ['/runtime/oauth/token', { app_id: appId, code: newId() }],
  ['/runtime/framework/query', { query: q }],
];

test.each(bodies)('%s answers each body without a failure of the server', async (path, body) => {
  const failed: unknown[] = [];
  for (const variant of variants(body)) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${adminToken}`, 'app-id': appId };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(variant) });
    if (response.status >= 500) failed.push([variant, await response.text()]);
    else await response.arrayBuffer();
  }
  expect(failed).toEqual([]);
});
