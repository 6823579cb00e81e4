// Whatever is stored loads as it was live: values, times, order, results of writes. On every storage.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Storage } from '../../../src/server/storage/storage.ts';
import { checkAsync } from '../../support/runs.ts';
import { onEachStorage } from '../../support/storages.ts';
import { adminToken, appId, type Bench, bench, blob, link, newId, rest } from '../bench.ts';

const [goalsId, todosId] = [blob('goals', 'id'), blob('todos', 'id')];
const title = blob('goals', 'title', { 'index?': true, 'checked-data-type': 'string' });
const todos = link('goals', 'todos', 'todos', 'goals', { 'on-delete': 'cascade' });
const main = link('goals', 'main', 'todos', 'mainOf', { cardinality: 'one' });
const attrs = [goalsId, todosId, title, todos, main];
const [goals, items] = [Array.from({ length: 3 }, newId), Array.from({ length: 3 }, newId)];

const goal = fc.constantFrom(...goals);
const item = fc.constantFrom(...items);
const step = fc.oneof(
  goal.map((id) => ['add-triple', id, goalsId.id, id]),
  goal.map((id) => ['add-triple', id, goalsId.id, id, { mode: 'create' }]),
  item.map((id) => ['add-triple', id, todosId.id, id]),
  fc.tuple(goal, fc.constantFrom<unknown>('a', 'b', '', null)).map(([id, value]) => ['add-triple', id, title.id, value]),
  fc.tuple(goal, item, fc.constantFrom(todos, main)).map(([id, target, attr]) => ['add-triple', id, attr.id, target]),
  fc.tuple(goal, item, fc.constantFrom(todos, main)).map(([id, target, attr]) => ['retract-triple', id, attr.id, target]),
  goal.map((id) => ['delete-entity', id, 'goals']),
  item.map((id) => ['delete-entity', id, 'todos']),
  fc.constantFrom(['delete-attr', title.id], ['restore-attr', title.id], ['delete-attr', todos.id], ['restore-attr', todos.id]),
);
const story = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 });

interface Known {
  readonly attrs: readonly string[];
  readonly triples: readonly string[];
  readonly deleted: readonly string[];
  readonly lists: unknown;
}

async function knownTo(world: Bench): Promise<Known> {
  const { ledger } = await world.hub.app(appId);
  const peer = await world.open();
  const lists: unknown[] = [];
  for (const direction of ['asc', 'desc']) {
    const q = { goals: { $: { order: { serverCreatedAt: direction } }, todos: {} }, todos: {} };
    lists.push((await peer.response('add-query-ok', { op: 'add-query', q, 'return-type': 'tree' })).result);
  }
  return {
    attrs: ledger.db.attrs.list.map(({ wire }) => JSON.stringify(wire)).sort(),
    triples: [...ledger.db.triples()].map((triple) => JSON.stringify(triple)).sort(),
    deleted: [...ledger.deletedAttrs.keys()].sort(),
    lists: JSON.parse(JSON.stringify(lists, sortedLists)) as unknown,
  };
}

/** Lists under a link have no order of their own. */
function sortedLists(key: string, value: unknown): unknown {
  return key === 'todos' && Array.isArray(value) ? [...(value as { id: string }[])].sort((a, b) => (a.id < b.id ? -1 : 1)) : value;
}

onEachStorage((fresh, name) => {
  test('the state loaded from the log equals the live state', { timeout: 120_000 }, async () => {
    const shared = await fresh();
    let count = 0;
    const storageOf = (): Storage => {
      const app = `a9900000-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}`;
      return { ...shared, open: () => shared.open(app), close: async () => {} };
    };
    const property = fc.asyncProperty(story, async (transactions) => {
      const storage = storageOf();
      const live = bench({ storage });
      await live.hub.app(appId);
      const peer = await live.open({ '__admin-token': adminToken });
      peer.send({ op: 'transact', 'tx-steps': attrs.map((attr) => ['add-attr', attr]) });
      const ids = transactions.map(() => newId());
      for (const [at, steps] of transactions.entries()) {
        peer.send({ op: 'transact', 'client-event-id': ids[at], 'tx-steps': steps });
        if (at % 3 === 0) await live.clock.advance(1);
      }
      const done = (): boolean => peer.heard.filter(isResult).length === ids.length + 1;
      await expect.poll(done).toBe(true);
      const results = peer.heard.filter(isResult).map(resultOf);
      const known = await knownTo(live);
      await live.hub.close();
      const later = bench({ storage });
      await later.hub.app(appId);
      const again = await later.open({ '__admin-token': adminToken });
      expect(await knownTo(later)).toEqual(known);
      for (const [at, steps] of transactions.entries()) again.send({ op: 'transact', 'client-event-id': ids[at], 'tx-steps': steps });
      await expect.poll(() => again.heard.filter(isResult).length).toBe(ids.length);
      const repeated = again.heard.filter(isResult).map(resultOf);
      expect(repeated).toEqual(results.slice(1));
      await later.hub.close();
    });
    await checkAsync(property, name === 'PostgreSQL' ? 15 : 60, 200);
    await shared.close();
  });

  test('a number that JSON cannot represent is rejected at any depth', async () => {
    const storage = await fresh();
    const world = bench({ storage });
    await world.hub.app(appId);
    const peer = await world.open();
    peer.send({ op: 'transact', 'tx-steps': attrs.map((attr) => ['add-attr', attr]) });
    await expect.poll(() => peer.heard.some(isResult)).toBe(true);
    for (const value of ['1e400', '-1e400', '[1,{"a":[-1e999]}]', '9'.repeat(400)]) {
      peer.heard.length = 0;
      peer.session.receive(`{"op":"transact","client-event-id":"e","tx-steps":[["add-triple","${goals[0]}","${title.id}",${value}]]}`);
      await rest();
      expect(peer.heard).toMatchObject([{ op: 'error', status: 400, type: 'param-malformed', 'client-event-id': 'e' }]);
    }
    await world.hub.close();
  });
});

const isResult = ({ op }: { readonly op: string }): boolean => op === 'transact-ok' || op === 'error';

interface Result {
  readonly op: string;
  readonly 'tx-id'?: number;
  readonly type?: unknown;
  readonly message?: unknown;
}

function resultOf(message: object): Result {
  const { op, 'tx-id': txId, type, message: text } = message as Result & { readonly [field: string]: unknown };
  return op === 'error' ? { op, type, message: text } : { op, 'tx-id': txId as number };
}
