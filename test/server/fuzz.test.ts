// Whatever comes in is answered, or the connection is closed; nothing is thrown, and the next client is served.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientMinimal } from '../protocol/minimal.ts';
import { appId, bench, blob, link, newId, rest } from './bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title', { 'index?': true, 'unique?': true, 'checked-data-type': 'string' });
const todos = link('goals', 'todos', 'todos', 'goal');
const goal = newId();

const seeds: readonly object[] = [
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

const odd = fc.oneof(
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
function mutated(value: unknown, turns: readonly number[], by: unknown): unknown {
  const [turn, ...rest] = turns;
  if (turn === undefined || typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  if (keys.length === 0) return by;
  const key = keys[turn % keys.length] as string;
  const part = mutated((value as Record<string, unknown>)[key], rest, by);
  if (Array.isArray(value)) return value.map((item: unknown, at) => (String(at) === key ? part : item));
  return { ...value, [key]: part };
}

const frame = fc.oneof(
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

/** Ops that may be done without a word. */
const silent = /"op":"(remove-sync|resync-table)"/;

test('5,000 mutated frames', async () => {
  const world = bench({ limits: { badFrames: 1e6 } });
  const frames = fc.sample(frame, { numRuns: 5000, seed: 20_261_121 });
  let peer = await world.open({ '__admin-token': 'ad000000-0000-4000-8000-000000000001' });
  let unanswered = 0;
  for (const [at, text] of frames.entries()) {
    if (at % 500 === 250) {
      peer.session.end();
      peer = at % 1000 === 250 ? world.connect() : await world.open();
    }
    peer.heard.length = 0;
    peer.session.receive(text);
    if (peer.heard.length > 0) continue;
    await rest();
    if (peer.heard.length === 0 && !peer.closedWith && !silent.test(text)) {
      unanswered++;
      console.log('unanswered', text); // eslint-disable-line no-console
    }
  }
  expect(unanswered).toBe(0);
  const other = await world.open();
  expect(await other.answer('add-query-ok', { op: 'add-query', q: { goals: { todos: {} } } })).toBeDefined();
  expect(Object.prototype).not.toHaveProperty('polluted');
}, 60_000);
