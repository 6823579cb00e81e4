// A schema made with one package is a schema for the other, in both directions: a program that moves changes one import at a time.

import * as Official from '@instantdb/core';
import { expectTypeOf, test } from 'vitest';

import { init as initReact } from '../../src/react/index.ts';
import { i, init, type InstaQLEntity, type InstantSchemaDef, type PresenceOf, type ValidQuery } from '../../src/index.ts';

const theirs = Official.i.schema({
  entities: {
    todos: Official.i.entity({ title: Official.i.string(), done: Official.i.boolean().optional(), due: Official.i.date().indexed() }),
    people: Official.i.entity({ email: Official.i.string().unique().indexed(), meta: Official.i.json<{ a: number }>() }),
  },
  links: { owner: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: 'people', has: 'many', label: 'todos' } } },
  rooms: {
    chat: { presence: Official.i.entity({ name: Official.i.string() }), topics: { ping: Official.i.entity({ n: Official.i.number() }) } },
  },
});

const ours = i.schema({
  entities: {
    todos: i.entity({ title: i.string(), done: i.boolean().optional(), due: i.date().indexed() }),
    people: i.entity({ email: i.string().unique().indexed(), meta: i.json<{ a: number }>() }),
  },
  links: { owner: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: 'people', has: 'many', label: 'todos' } } },
  rooms: { chat: { presence: i.entity({ name: i.string() }), topics: { ping: i.entity({ n: i.number() }) } } },
});

type Theirs = typeof theirs;
type Ours = typeof ours;

test('a schema of theirs is one of ours', async () => {
  const db = init({ appId: 'app', schema: theirs });
  const { data } = await db.queryOnce({ todos: { owner: {}, $: { where: { done: true } } } });
  expectTypeOf(data.todos[0]!.title).toEqualTypeOf<string>();
  expectTypeOf(data.todos[0]!.owner?.email).toEqualTypeOf<string | undefined>();
  void db.transact(db.tx.people['x']!.update({ meta: { a: 1 } }));
  expectTypeOf<InstaQLEntity<Theirs, 'people'>['meta']>().toEqualTypeOf<{ a: number }>();
  const room = db.joinRoom('chat', 'r');
  room.publishTopic('ping', { n: 1 });
  expectTypeOf<PresenceOf<Theirs, 'chat'>['name']>().toEqualTypeOf<string>();
  const general: InstantSchemaDef<any, any, any> = theirs;
  void general;
});

test('a schema of ours is one of theirs: namespaces, links and rooms; values are unknown there, as their types look for their own class', async () => {
  const db = Official.init({ appId: 'app', schema: ours });
  const { data } = await db.queryOnce({ todos: { owner: {}, $: { where: { done: true } } } });
  expectTypeOf(data.todos[0]!.id).toEqualTypeOf<string>();
  expectTypeOf(data.todos[0]!.owner?.id).toEqualTypeOf<string | undefined>();
  void db.transact(db.tx.people['x']!.update({ meta: { a: 1 } }));
  const room = db.joinRoom('chat', 'r');
  room.publishTopic('ping', { n: 1 });
  const general: Official.InstantSchemaDef<any, any, any> = ours;
  void general;
});

test('the same with rooms that are added to the schema', () => {
  type Rooms = { board: { presence: { cursor: number }; topics: { wave: { hand: string } } } };
  const mine = i.schema({ entities: {}, links: {}, rooms: {} }).withRoomSchema<Rooms>();
  const others = Official.i.schema({ entities: {}, links: {}, rooms: {} }).withRoomSchema<Rooms>();
  const ourDb = init({ appId: 'app', schema: others });
  const theirDb = Official.init({ appId: 'app', schema: mine });
  ourDb.joinRoom('board', 'r').publishPresence({ cursor: 1 });
  theirDb.joinRoom('board', 'r').publishPresence({ cursor: 1 });
  // @ts-expect-error no such room
  ourDb.joinRoom('nowhere', 'r');
  // @ts-expect-error no such room
  theirDb.joinRoom('nowhere', 'r');
});

test('definitions of both may be mixed in one schema', () => {
  const mixed = i.schema({ entities: { ...theirs.entities, notes: i.entity({ text: i.string() }) }, links: {}, rooms: {} });
  const db = init({ appId: 'app', schema: mixed });
  void db.transact(db.tx.todos['x']!.update({ title: 'x' }));
  expectTypeOf<InstaQLEntity<typeof mixed, 'todos'>['title']>().toEqualTypeOf<string>();
});

test('a generic component hands its query on', () => {
  const theirDb = Official.init({ appId: 'app', schema: theirs });
  const db = init({ appId: 'app', schema: ours });
  function officialValid<TQuery extends Official.ValidQuery<TQuery, Theirs>>(query: TQuery): void {
    theirDb.subscribeQuery(query, ({ data }) => void data);
  }
  function valid<TQuery extends ValidQuery<TQuery, Ours>>(query: TQuery): void {
    db.subscribeQuery(query, ({ data }) => void data);
    void db.queryOnce(query);
  }
  const react = initReact({ appId: 'app', schema: ours });
  function useRows<TQuery extends ValidQuery<TQuery, Ours>>(query: TQuery | null): unknown {
    const { data } = react.useQuery(query);
    return data;
  }
  useRows({ todos: {} });
  officialValid({ todos: {} });
  valid({ todos: {} });
});
