// Frames as nobody should send them: real ones with something in them replaced, cut short, or no frames at all.

import fc from 'fast-check';
import { clientMinimal, serverMinimal } from '../protocol/minimal.ts';
import { appId, blob, link, newId } from '../server/bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title', { 'index?': true, 'unique?': true, 'checked-data-type': 'string' });
const todos = link('goals', 'todos', 'todos', 'goal');
const goal = newId();

export const clientSeeds: readonly object[] = [
  ...Object.values(clientMinimal),
  { op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' } },
  {
    op: 'add-query',
    q: { goals: { $: { where: { title: { $like: 'a%' }, or: [{ 'todos.id': goal }] }, limit: 2, order: { title: 'asc' } }, todos: {} } },
  },
  { op: 'add-query', q: { goals: { $: { after: [goal, goalsId.id, goal, 1], first: 2, fields: ['title'] } } }, 'return-type': 'tree' },
  {
    op: 'transact',
    'tx-steps': [
      ['add-attr', goalsId],
      ['add-attr', title],
      ['add-attr', todos],
    ],
  },
  {
    op: 'transact',
    'tx-steps': [
      ['add-triple', goal, goalsId.id, goal, { mode: 'create' }],
      ['add-triple', [title.id, 'x'], title.id, 'x'],
      ['deep-merge-triple', goal, title.id, { a: null }],
      ['add-triple', goal, todos.id, [goalsId.id, goal]],
      ['retract-triple', goal, todos.id, goal],
      ['delete-entity', goal],
      ['rule-params', goal, 'goals', {}],
      ['update-attr', { id: title.id, 'index?': false }],
      ['delete-attr', title.id],
      ['restore-attr', title.id],
    ],
  },
  { op: 'join-room', 'room-id': 'r', data: { a: [1, { b: 2 }] } },
  { op: 'set-presence', 'room-id': 'r', data: { a: [1] } },
  { op: 'client-broadcast', 'room-id': 'r', topic: 't', data: 1 },
  { op: 'start-sync', q: { goals: { $: { order: { serverCreatedAt: 'desc' } } } } },
];

export const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    '',
    -1,
    1e308,
    [],
    {},
    'constructor',
    '__proto__',
    goal,
    title.id,
    todos.id,
    goalsId.id,
    [title.id, 'x'],
    appId,
  ),
);

/** The same value with something in it replaced: where, a list of turns says. */
export function mutated(value: unknown, turns: readonly number[], by: unknown): unknown {
  const [turn, ...rest] = turns;
  if (turn === undefined || typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  if (keys.length === 0) return by;
  const key = keys[turn % keys.length] as string;
  const part = mutated((value as Record<string, unknown>)[key], rest, by);
  if (Array.isArray(value)) return value.map((item: unknown, at) => (String(at) === key ? part : item));
  return { ...value, [key]: part };
}

export const frameArb = (seeds: readonly object[]) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...seeds), fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }), odd)
        .map(([seed, turns, by]) => JSON.stringify(mutated(seed, turns, by))),
    },
    { weight: 3, arbitrary: fc.constantFrom(...seeds).map((seed) => JSON.stringify(seed)) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...seeds), fc.nat()).map(([seed, at]) => JSON.stringify(seed).slice(0, at % 200)) },
    { weight: 1, arbitrary: fc.string() },
  );

export const serverSeeds = (q: object, triples: readonly unknown[], attrs: readonly unknown[]): readonly object[] => [
  ...Object.values(serverMinimal),
  { op: 'init-ok', 'session-id': 's', attrs, triplane: { 'refresh-covers-all': true, 'deduplicates-transactions': true, deltas: true } },
  { op: 'add-query-ok', q, result: [{ data: { 'datalog-result': { 'join-rows': [triples] } }, 'child-nodes': [] }], 'processed-tx-id': 5 },
  {
    op: 'refresh-ok',
    'processed-tx-id': 7,
    attrs,
    computations: [
      { 'instaql-query': q, 'instaql-result': [{ data: { 'datalog-result': { 'join-rows': [triples] } }, 'child-nodes': [] }] },
    ],
  },
  {
    op: 'refresh-ok',
    'processed-tx-id': 9,
    computations: [],
    deltas: [{ 'instaql-query': q, 'base-tx-id': 5, removed: [[goal, goalsId.id]], added: triples, 'page-info': {} }],
  },
  { op: 'transact-ok', 'client-event-id': 'e', 'tx-id': 3 },
  {
    op: 'error',
    status: 400,
    type: 'validation-failed',
    'client-event-id': 'e',
    'original-event': { op: 'transact' },
    hint: { etype: 'goals' },
  },
  { op: 'error', status: 500, 'original-event': { op: 'add-query', q } },
  {
    op: 'error',
    status: 400,
    type: 'rate-limited',
    hint: { 'retry-after': 1 },
    'original-event': { op: 'refresh', 'instaql-queries': [q] },
  },
  { op: 'refresh-presence', 'room-id': 'r', data: { s: { data: {} }, t: { data: { a: [1] }, user: { id: 'u' } } } },
  {
    op: 'patch-presence',
    'room-id': 'r',
    edits: [
      [['t', 'data', 'a', 0], '+', 1],
      [['s'], '-'],
      [[], 'r', {}],
    ],
  },
  { op: 'server-broadcast', 'room-id': 'r', topic: 't', data: { 'peer-id': 't', data: 1 } },
  { op: 'stream-append', 'client-event-id': 'r', offset: 0, content: 'x', files: [{ id: 'f', size: 1, url: 'data:,x' }], done: true },
];
