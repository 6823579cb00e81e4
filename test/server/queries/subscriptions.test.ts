import { beforeEach, describe, expect, test, vi } from 'vitest';
import * as evidence from '../../../src/query/result-triples.ts';
import { adminToken, type Bench, bench, blob, newId, rest, type TestPeer } from '../bench.ts';

vi.mock('../../../src/query/result-triples.ts', async (original) => {
  const real = await original<typeof evidence>();
  return { ...real, answerSteps: vi.fn(real.answerSteps) };
});

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const todosId = blob('todos', 'id');
const goal = newId();
const todo = newId();
const addGoal = [
  ['add-triple', goal, goalsId.id, goal],
  ['add-triple', goal, title.id, 'Get fit'],
];
const addTodo = [['add-triple', todo, todosId.id, todo]];

let world: Bench;
let writer: TestPeer;
let reader: TestPeer;

beforeEach(async () => {
  world = bench();
  [writer, reader] = [await world.open(), await world.open()];
  await writer.request({ op: 'transact', 'tx-steps': [goalsId, title, todosId].map((attr) => ['add-attr', attr]) });
  reader.heard.length = 0;
  vi.mocked(evidence.answerSteps).mockClear();
});

const transact = (steps: readonly unknown[], peer = writer) => peer.request({ op: 'transact', 'tx-steps': steps });
const subscribe = (peer: TestPeer, q: object) => peer.response('add-query-ok', { op: 'add-query', q });

describe('after a write', () => {
  test('a subscriber receives the new result, the writer a refresh without results', async () => {
    await subscribe(reader, { goals: {} });
    const received = await transact(addGoal);
    expect(received).toMatchObject([
      { op: 'transact-ok', 'tx-id': 2, isn: '1/0/2' },
      { op: 'refresh-ok', 'processed-tx-id': 2, computations: [] },
    ]);
    expect(reader.take('refresh-ok')).toMatchObject([
      { 'processed-tx-id': 2, 'processed-isn': '1/0/2', computations: [{ 'instaql-query': { goals: {} } }] },
    ]);
  });

  test('no other session receives a refresh', async () => {
    await subscribe(reader, { todos: {} });
    await transact(addGoal);
    expect(reader.heard).toEqual([expect.objectContaining({ op: 'add-query-ok' })]);
  });

  test('a query that is removed and added again while a write is being stored is answered', async () => {
    const q = { goals: {} };
    const said = [
      { op: 'transact', 'tx-steps': addGoal, 'client-event-id': 'the write' },
      { op: 'add-query', q, 'client-event-id': 'first' },
      { op: 'remove-query', q, 'client-event-id': 'removed' },
      { op: 'add-query', q, 'client-event-id': 'second' },
      { op: 'add-query', q: { todos: {} }, 'client-event-id': 'third' },
      { op: 'remove-query', q: { todos: {} }, 'client-event-id': 'removed too' },
    ];
    for (const message of said) reader.send(message);
    await rest();
    expect(reader.take('add-query-ok').map((each) => each['client-event-id'])).toContain('second');
    reader.heard.length = 0;
    await transact(addTodo);
    expect(reader.heard).toEqual([]);
  });

  test('a session receives nothing after it removed the query or ended', async () => {
    await subscribe(reader, { goals: {} });
    await reader.request({ op: 'remove-query', q: { goals: {} } });
    reader.heard.length = 0;
    await transact(addGoal);
    expect(reader.heard).toEqual([]);
    await subscribe(reader, { goals: {} });
    reader.session.end();
    reader.heard.length = 0;
    await transact([['delete-entity', goal, 'goals']]);
    expect(reader.heard).toEqual([]);
  });

  test('an unchanged result is not sent, but the writer receives a refresh', async () => {
    await transact(addGoal);
    await subscribe(reader, { goals: {} });
    reader.heard.length = 0;
    const received = await transact(addGoal);
    expect(reader.heard).toEqual([]);
    expect(received.at(-1)).toMatchObject({ op: 'refresh-ok', 'processed-tx-id': 3, computations: [] });
  });

  test('all sessions receive the attrs if these changed, and only then', async () => {
    await transact([['add-attr', blob('goals', 'done')]]);
    expect(reader.take('refresh-ok')).toMatchObject([{ computations: [], attrs: expect.any(Array) }]);
    const received = await transact(addGoal);
    expect(received.at(-1)).not.toHaveProperty('attrs');
  });

  test('an old client receives the attrs with every refresh', async () => {
    const old = await world.open({ versions: { '@instantdb/core': 'v0.20.4' } });
    await subscribe(old, { goals: {} });
    old.heard.length = 0;
    await transact(addGoal);
    expect(old.take('refresh-ok')).toMatchObject([{ attrs: expect.any(Array), computations: [{}] }]);
  });
});

describe('the same query', () => {
  test('a second time in one session is answered with add-query-exists', async () => {
    await subscribe(reader, { goals: { $: { limit: 1, where: { title: 'a' } } } });
    const again = await reader.request({
      op: 'add-query',
      'client-event-id': 'x',
      q: { goals: { $: { where: { title: 'a' }, limit: 1 } } },
    });
    expect(again).toMatchObject([{ op: 'add-query-exists', 'client-event-id': 'x' }]);
  });

  test('of many sessions is evaluated once for each relevant write, and not for other writes', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, () => world.open()));
    for (const peer of many) await subscribe(peer, { goals: {} });
    expect(evidence.answerSteps).toHaveBeenCalledTimes(1);
    await transact(addTodo);
    expect(evidence.answerSteps).toHaveBeenCalledTimes(1);
    await transact(addGoal);
    expect(evidence.answerSteps).toHaveBeenCalledTimes(2);
    for (const peer of many) expect(peer.take('refresh-ok')).toHaveLength(1);
  });

  test('of users with different read access is evaluated for each user', async () => {
    const tokens = [1, 2].map((n) => `f0000000-0000-4000-8000-00000000000${n}`);
    const peers = await Promise.all(tokens.map((token) => world.open({ 'refresh-token': token })));
    for (const peer of peers) await subscribe(peer, { $users: {} });
    expect(evidence.answerSteps).toHaveBeenCalledTimes(2);
  });
});

test('writes of one tick are sent in one refresh', async () => {
  await subscribe(reader, { goals: {} });
  writer.heard.length = 0;
  reader.heard.length = 0;
  for (let n = 0; n < 50; n++) writer.send({ op: 'transact', 'tx-steps': [...addGoal, ['add-triple', goal, title.id, `title ${n}`]] });
  await rest();
  expect(writer.take('transact-ok')).toHaveLength(50);
  expect(reader.take('refresh-ok')).toMatchObject([{ 'processed-tx-id': 51 }]);
});

test('a query sees a write sent before it in the same tick', async () => {
  writer.heard.length = 0;
  writer.send({ op: 'transact', 'tx-steps': addGoal });
  writer.send({ op: 'add-query', q: { goals: {} } });
  await rest();
  const [result] = writer.take('add-query-ok');
  expect(result).toMatchObject({ 'processed-tx-id': 2 });
  expect(JSON.stringify(result)).toContain('Get fit');
});

test('a live query that can no longer be evaluated ends with an error, and other queries are refreshed', async () => {
  const admin = await world.open({ '__admin-token': adminToken });
  const rank = blob('goals', 'rank', { 'index?': true, 'checked-data-type': 'number' });
  await transact([['add-attr', rank]]);
  await subscribe(reader, { goals: { $: { where: { rank: { $gt: 1 } } } } });
  await subscribe(reader, { goals: {} });
  reader.heard.length = 0;
  await admin.request({ op: 'transact', 'tx-steps': [['update-attr', { id: rank.id, 'index?': false }], ...addGoal] });
  const received = reader.heard.slice();
  expect(received).toMatchObject([
    { op: 'error', type: 'validation-failed', 'original-event': { op: 'refresh' } },
    { op: 'refresh-ok', computations: [{ 'instaql-query': { goals: {} } }] },
  ]);
});

test('a query with return-type tree is answered with a tree and its page info', async () => {
  await transact(addGoal);
  const result = await reader.response('add-query-ok', { op: 'add-query', q: { goals: { $: { limit: 1 } } }, 'return-type': 'tree' });
  expect(result.result).toEqual({ goals: [{ id: goal, title: 'Get fit' }] });
  expect(result['result-meta']).toMatchObject({ 'page-info': { goals: { 'has-next-page?': false } }, aggregate: {} });
});

describe('rejected queries', () => {
  test.each<[string, unknown, RegExp, string?]>([
    ['a namespace with a number', { goals: 1 }, /object/],
    ['an unknown option', { goals: { $: { wher: {} } } }, /wher/],
    ['a where that is not an object', { goals: { $: { where: [] } } }, /where/],
    ['an unknown operator', { goals: { $: { where: { title: { $like2: 'a' } } } } }, /operator/, 'coerced-query'],
    ['null as a value', { goals: { $: { where: { title: null } } } }, /condition/, 'coerced-query'],
    ['$in without a list', { goals: { $: { where: { title: { $in: 1 } } } } }, /list/, 'coerced-query'],
    ['$isNull of something else', { goals: { $: { where: { title: { $isNull: 1 } } } } }, /true or false/, 'coerced-query'],
    ['an empty or', { goals: { $: { where: { or: [] } } } }, /empty/],
    ['a comparison without an index', { goals: { $: { where: { title: { $gt: 'a' } } } } }, /indexed/],
    ['an order without an index', { goals: { $: { order: { title: 'asc' } } } }, /indexed/],
    ['an order in an unknown direction', { goals: { $: { order: { serverCreatedAt: 'up' } } } }, /direction/],
    ['two orders', { goals: { $: { order: { a: 'asc', b: 'asc' } } } }, /one order/],
    ['a limit of 0', { goals: { $: { limit: 0 } } }, /limit/],
    ['two limits', { goals: { $: { limit: 1, first: 1 } } }, /only one/],
    ['an offset below 0', { goals: { $: { offset: -1 } } }, /offset/],
    ['a malformed cursor', { goals: { $: { after: 'x' } } }, /cursor/],
    ['a cursor of another order', { goals: { $: { after: [goal, title.id, 'a', 1] } } }, /another order/],
    ['fields that are not a list', { goals: { $: { fields: 'title' } } }, /fields/],
    ['a count by a user without admin rights', { goals: { $: { aggregate: 'count' } } }, /admins/],
    ['a link below a value', { goals: { title: {} } }, /value/, 'attr'],
  ])('%s', async (_what, q, message, dataType = 'query') => {
    const error = await reader.response('error', { op: 'add-query', q });
    expect(error).toMatchObject({
      status: 400,
      type: 'validation-failed',
      hint: { 'data-type': dataType, ...(dataType === 'query' && { input: q }) },
      'original-event': { op: 'add-query', q },
    });
    expect(error.message).toMatch(message);
    expect(await reader.response('error', { op: 'add-query', q })).toBeDefined();
  });

  test.each<[string, object]>([
    ['an unknown namespace', { tents: {} }],
    ['an unknown attr', { goals: { $: { where: { nope: { $gt: 1 } } } } }],
    ['an unknown link', { goals: { nope: { $: { limit: 1 } } } }],
  ])('%s is accepted', async (_what, q) => {
    expect(await subscribe(reader, q)).toBeDefined();
  });

  test('a count is accepted from an admin', async () => {
    await transact(addGoal);
    const admin = await world.open({ '__admin-token': adminToken });
    expect((await subscribe(admin, { goals: { $: { aggregate: 'count' } } })).result).toMatchObject([
      { data: { aggregate: { goals: { count: 1 } } } },
    ]);
  });
});

describe('a sync table', () => {
  test('is loaded, receives each change, and can be resumed', async () => {
    const admin = await world.open({ '__admin-token': adminToken });
    await transact(addGoal);
    const loaded = await admin.request({ op: 'start-sync', q: { goals: {} } });
    expect(loaded.map(({ op }) => op)).toEqual(['start-sync-ok', 'sync-load-batch', 'sync-init-finish']);
    expect(loaded[2]).toMatchObject({ 'tx-id': 2 });
    const { 'subscription-id': id, token } = loaded[0] as { 'subscription-id': string; token: string };
    admin.heard.length = 0;
    await transact([['add-triple', goal, title.id, 'Get fitter'], ...addTodo]);
    const changes = [
      { action: 'removed', triple: [goal, title.id, 'Get fit', expect.any(Number)] },
      { action: 'added', triple: [goal, title.id, 'Get fitter', expect.any(Number)] },
    ];
    expect(admin.take('sync-update-triples')).toMatchObject([{ 'subscription-id': id, txes: [{ 'tx-id': 3, changes }] }]);
    admin.session.end();
    await transact([['delete-entity', goal, 'goals']]);
    const again = await world.open({ '__admin-token': adminToken });
    const resumed = await again.request({ op: 'resync-table', 'subscription-id': id, token, 'tx-id': 2 });
    expect(resumed).toMatchObject([{ op: 'sync-update-triples', txes: [{ 'tx-id': 3 }, { 'tx-id': 4 }] }]);
    expect(await again.response('error', { op: 'resync-table', 'subscription-id': id, token: goal, 'tx-id': 2 })).toMatchObject({
      type: 'validation-failed',
      hint: { 'data-type': 'subscription' },
    });
    await again.request({ op: 'remove-sync', 'subscription-id': id, 'keep-subscription': false });
    expect(await again.response('error', { op: 'resync-table', 'subscription-id': id, token, 'tx-id': 2 })).toMatchObject({
      type: 'record-not-found',
    });
  });

  test('is accepted only from admins and only for a whole namespace', async () => {
    const admin = await world.open({ '__admin-token': adminToken });
    expect(await reader.response('error', { op: 'start-sync', q: { goals: {} } })).toMatchObject({ type: 'validation-failed' });
    const order = (given: object): object => ({ goals: { $: { order: given } } });
    for (const q of [order({ nope: 'asc' }), order({ serverCreatedAt: 'up' }), order({ a: 'asc', b: 'asc' }), { nowhere: {} }]) {
      expect(await admin.response('error', { op: 'start-sync', q })).toMatchObject({
        type: 'validation-failed',
        hint: { 'data-type': 'query' },
      });
    }
    for (const q of [{}, { goals: {}, todos: {} }, { goals: { todos: {} } }, { goals: { $: { limit: 1 } } }, { goals: 1 }]) {
      expect(await admin.response('error', { op: 'start-sync', q })).toMatchObject({
        type: 'validation-failed',
        hint: { 'data-type': 'start-sync' },
      });
    }
  });
});
