// A schema of which only the data is left, as after a clone or a trip as JSON: what it says holds, for the client and for the server.

import { afterEach, expect, test, vi } from 'vitest';

import { i, id, init, memoryStore } from '../../src/index.ts';
import type { AnySchemaDef } from '../../src/schema/schema.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { eventually } from '../support/eventually.ts';

const schema = i.schema({
  entities: {
    goals: i.entity({ title: i.string().unique().indexed(), due: i.date().optional(), effort: i.number().indexed() }),
    todos: i.entity({ text: i.string() }),
  },
  links: {
    goalTodos: {
      forward: { on: 'todos', has: 'one', label: 'goal', onDelete: 'cascade' },
      reverse: { on: 'goals', has: 'many', label: 'todos' },
    },
  },
  rooms: { board: { presence: i.entity({ name: i.string() }) } },
});

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(given: unknown) {
  const server: TriplaneServer = await createServer({ schema: given as AnySchemaDef });
  ends.push(() => server.close());
  const { appId, apiURI, websocketURI } = server;
  const db = init({ appId, apiURI, websocketURI, schema: given as typeof schema, storage: memoryStore(), useDateObjects: true });
  ends.push(() => db.close());
  return db;
}

test.each<[string, unknown]>([
  ['as it was made', schema],
  ['spread', { ...schema }],
  ['cloned', structuredClone(schema)],
  ['as JSON', JSON.parse(JSON.stringify(schema))],
])('dates, links with one end, cascades, order, lookups and rooms: %s', async (_, given) => {
  const db = await open(given);
  const [goal, todo] = [id(), id()];
  const due = new Date('2026-07-01T09:30:00Z');
  await db.transact([
    db.tx.goals[goal]!.create({ title: 'Swim', effort: 2, due: '2026-07-01 09:30' }),
    db.tx.goals[id()]!.create({ title: 'Run', effort: 1 }),
    db.tx.todos[todo]!.create({ text: 'Find a pool' }).link({ goal }),
  ]);
  const query = { goals: { $: { order: { effort: 'asc' } }, todos: { goal: {} } } } as const;
  const { data } = await db.queryOnce(query);
  expect(data.goals.map(({ title }) => title)).toEqual(['Run', 'Swim']);
  expect(data.goals[1]).toMatchObject({ due, todos: [{ id: todo, goal: { id: goal, due } }] });
  await db.transact(db.tx.goals.lookup('title', 'Run').update({ effort: 3 }));
  expect((await db.queryOnce({ goals: { $: { where: { due } } } })).data.goals).toMatchObject([{ id: goal }]);
  await expect(db.transact(db.tx.goals[id()]!.create({ title: 'Swim', effort: 1 }))).rejects.toThrow(/unique/i);
  await db.transact(db.tx.goals[goal]!.delete());
  expect((await db.queryOnce({ todos: {} })).data.todos).toEqual([]);
  const room = db.joinRoom('board', 'b', { initialPresence: { name: 'ann' } });
  const seen = vi.fn();
  room.subscribePresence({}, seen);
  await eventually(() => expect(seen.mock.lastCall?.[0]).toMatchObject({ isLoading: false, user: { name: 'ann' } }));
});

test.each<[string, unknown]>([
  ['as it was made', schema],
  ['as JSON', JSON.parse(JSON.stringify(schema))],
])('a write with a name outside the schema is rejected: %s', async (_, given) => {
  const db = await open(given);
  const tx = db.tx as unknown as Record<string, Record<string, { update(args: object): never; link(args: object): never }>>;
  const rejected = async (chunk: object): Promise<unknown> => {
    try {
      return await db.transact(chunk as never);
    } catch (error) {
      return error;
    }
  };
  await db.queryOnce({ goals: {} });
  for (const chunk of [
    tx['goals']![id()]!.update({ titel: 'x' }),
    tx['gaols']![id()]!.update({ title: 'x' }),
    tx['goals']![id()]!.link({ tasks: id() }),
  ])
    expect(await rejected(chunk)).toMatchObject({ name: 'TransactionValidationError' });
});
