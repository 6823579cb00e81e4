// What programs write around the types: functions over any entity, any query, any schema. Every row also holds for the official
// declarations (official.test.ts).

import { expectTypeOf, test } from 'vitest';

import type { InstantSchemaDef, InstantUnknownSchema } from '../../src/schema/schema.ts';
import { i } from '../../src/schema/schema.ts';
import type { IInstantDatabase } from '../../src/types/database.ts';
import type { InstaQLFields, InstaQLParams } from '../../src/types/query.ts';
import type { InstaQLEntity, InstaQLResponse, InstaQLResult } from '../../src/types/result.ts';
import type { PresenceOf, RoomsOf, TopicsOf } from '../../src/types/rooms.ts';
import type { CreateParams, LinkParams, TransactionChunk, TxChunk, UpdateParams } from '../../src/types/transaction.ts';
import type { ValidQuery } from '../../src/types/valid-query.ts';
import type { Graph, Plain, Schema } from './festival.ts';

type AnySchema = InstantSchemaDef<any, any, any>;
type Name = keyof Schema['entities'];
declare const tx: TxChunk<Schema>;

export type Row<N extends Name> = InstaQLEntity<Schema, N>;
export type Rows = { [N in Name]: Row<N>[] };

export function rename(rows: InstaQLEntity<Schema, 'acts', { sets: { stage: {} } }>[]): string[] {
  return rows.flatMap(({ name, sets }) => sets.map((set) => `${name}: ${set.title} at ${set.stage?.name ?? 'nowhere'}`));
}

export function save<N extends Name>(name: N, id: string, args: UpdateParams<Schema, N>): TransactionChunk<Schema, N> {
  return tx[name][id]!.update(args);
}

export function saveAndLink<N extends Name>(name: N, id: string, args: CreateParams<Schema, N>, links: LinkParams<Schema, N>) {
  return tx[name][id]!.create(args).link(links);
}

declare function useList<Q extends InstaQLParams<Schema>>(query: Q): InstaQLResult<Schema, Q>;
declare function useQuery<S extends AnySchema, Q extends ValidQuery<Q, S>>(db: IInstantDatabase<S>, query: Q): InstaQLResponse<S, Q>;
declare function useFields<F extends InstaQLFields<Schema, 'acts'>>(fields: F): InstaQLEntity<Schema, 'acts', {}, F>;
declare function useRoom<S extends AnySchema, R extends string & keyof RoomsOf<S>>(
  db: IInstantDatabase<S>,
  type: R,
): { presence: PresenceOf<S, R>; topics: TopicsOf<S, R> };
declare function anyDatabase(db: IInstantDatabase<AnySchema>): void;
declare function withUnknown(db: IInstantDatabase<InstantUnknownSchema>): void;
declare function transact(chunks: TransactionChunk<any, any>[]): void;
declare function open<S extends AnySchema = InstantUnknownSchema>(config: { appId: string; schema?: S }): IInstantDatabase<S>;
declare const db: IInstantDatabase<Schema>;
declare const graphDb: IInstantDatabase<Graph>;
declare const plainDb: IInstantDatabase<Plain>;

export function forward<S extends AnySchema, Q extends ValidQuery<Q, S>>(of: IInstantDatabase<S>, query: Q) {
  return useQuery(of, query);
}

export function write<S extends AnySchema>(of: IInstantDatabase<S>, chunks: TransactionChunk<S, keyof S['entities']>[]) {
  transact(chunks);
  return of.tx;
}

test('inference through functions', () => {
  expectTypeOf(useList({ sets: { act: {} } }).sets[0]!.act).toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf(useQuery(db, { sets: { act: {} } }).sets[0]!.act).toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf(useQuery(graphDb, { goals: { todos: {} } }).goals[0]!.todos[0]!.done).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(useQuery(plainDb, { goals: {} }).goals).toEqualTypeOf<{ id: string; title: string }[]>();
  expectTypeOf(useFields(['name'])).toEqualTypeOf<{ id: string; name: string }>();
  expectTypeOf(useRoom(db, 'backstage').topics.clap).toEqualTypeOf<{ hands: number }>();
  expectTypeOf(useRoom(db, 'backstage').presence.nick).toEqualTypeOf<string>();
  // @ts-expect-error a room that is not in the schema
  useRoom(db, 'kitchen');
  // @ts-expect-error an entity that is not in the schema
  useQuery(db, { tents: {} });
});

test('databases where others are expected', () => {
  anyDatabase(db);
  anyDatabase(graphDb);
  withUnknown(open({ appId: 'x' }));
  expectTypeOf(open({ appId: 'x' })).toEqualTypeOf<IInstantDatabase<InstantUnknownSchema>>();
  const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
  const opened = open({ appId: 'x', schema });
  expectTypeOf(useQuery(opened, { goals: {} }).goals[0]!.title).toEqualTypeOf<string>();
  // @ts-expect-error no links were declared
  useQuery(opened, { goals: { todos: {} } });
});

test('a schema of one entity', () => {
  const one = i.schema({
    entities: { people: i.entity({ name: i.string() }) },
    links: {
      friends: { forward: { on: 'people', has: 'many', label: 'friends' }, reverse: { on: 'people', has: 'many', label: 'friendsOf' } },
    },
  });
  expectTypeOf<keyof LinkParams<typeof one, 'people'>>().toEqualTypeOf<'friends' | 'friendsOf'>();
});

test('links are checked against the entities', () => {
  const entities = { acts: i.entity({}), sets: i.entity({}) };
  i.schema({
    entities,
    links: {
      // @ts-expect-error an entity that is not there
      a: { forward: { on: 'tents', has: 'one', label: 'x' }, reverse: { on: 'acts', has: 'one', label: 'y' } },
      // @ts-expect-error a cardinality that there is not
      b: { forward: { on: 'sets', has: 'two', label: 'x' }, reverse: { on: 'acts', has: 'one', label: 'y' } },
    },
  });
});

test('modifiers in the types', () => {
  const s = i.schema({ entities: { a: i.entity({ n: i.number().optional().unique().indexed(), m: i.string().clientRequired() }) } });
  expectTypeOf<InstaQLEntity<typeof s, 'a'>>().toEqualTypeOf<{ id: string; n?: number; m: string }>();
  // @ts-expect-error asType narrows attributes that are there
  i.entity({ n: i.number() }).asType<{ n: string }>();
});
