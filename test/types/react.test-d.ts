// Our hooks' types against the official ones over the same schema: the same arguments fit, and the same comes back.

import * as Official from '@instantdb/react';
import { expectTypeOf, test } from 'vitest';

import type { InstantSchemaDef, InstaQLLifecycleState, InstaQLOptions, InstaQLResponse, ValidQuery } from '../../src/index.ts';
import { init, type InstantReactAbstractDatabase, type InstantReactWebDatabase } from '../../src/react/index.ts';
import { schema as officialSchema, type Schema as O } from './festival-official.ts';
import { schema, type Schema as S } from './festival.ts';

const appId = '';
const [ours, theirs] = [() => init({ appId, schema }), () => Official.init({ appId, schema: officialSchema })];
const [dated, theirDated] = [
  () => init({ appId, schema, useDateObjects: true }),
  () => Official.init({ appId, schema: officialSchema, useDateObjects: true }),
];
type Ours = ReturnType<typeof ours>;
type Theirs = ReturnType<typeof theirs>;

test('init', () => {
  expectTypeOf<Ours>().toExtend<InstantReactWebDatabase<S, false>>();
  expectTypeOf<Ours>().toExtend<InstantReactAbstractDatabase<S, false>>();
  expectTypeOf(init({ appId }).useQuery({ goals: { todos: {} } }).data).toEqualTypeOf(
    Official.init({ appId }).useQuery({ goals: { todos: {} } }).data,
  );
});

test('queries', () => {
  const query = { acts: { $: { where: { fee: { $gt: 3 } } }, sets: { stage: {} } } } as const;
  expectTypeOf(ours().useQuery(query)).toEqualTypeOf(theirs().useQuery(query));
  expectTypeOf(dated().useQuery(query).data).toEqualTypeOf(theirDated().useQuery(query).data);
  expectTypeOf(ours().useQuery(query, { ruleParams: { key: 1 } })).toEqualTypeOf(theirs().useQuery(query, { ruleParams: { key: 1 } }));
  expectTypeOf(ours().useQuery(Math.random() > 0.5 ? query : null).data).toEqualTypeOf(
    theirs().useQuery(Math.random() > 0.5 ? query : null).data,
  );
  expectTypeOf(ours().useInfiniteQuery(query)).toEqualTypeOf(theirs().useInfiniteQuery(query));
  expectTypeOf(ours().queryOnce(query)).toEqualTypeOf(theirs().queryOnce(query));
  // @ts-expect-error -- no such namespace
  ours().useQuery({ actors: {} });
  // @ts-expect-error -- no such attribute
  ours().useQuery({ acts: { $: { where: { wage: 1 } } } });
  // @ts-expect-error -- no such link
  ours().useSuspenseQuery({ acts: { managers: {} } });
});

test('a part of an answer', () => {
  const { data, isLoading, pageInfo } = ours().useQuery({ acts: { sets: {} } }, { select: ({ acts }) => acts.map(({ name }) => name) });
  expectTypeOf(data).toEqualTypeOf<string[] | undefined>();
  expectTypeOf(pageInfo).toEqualTypeOf<undefined>();
  const state = ours().useQuery({ acts: {} }, { select: ({ acts }) => acts.length });
  if (!state.isLoading && !state.error) expectTypeOf(state.data).toEqualTypeOf<number>();
  // @ts-expect-error -- what was not asked for cannot be picked
  ours().useQuery({ acts: {} }, { select: ({ sets }) => sets });
  expectTypeOf(isLoading).toEqualTypeOf<boolean>();
});

test('Suspense', () => {
  const { data } = ours().useSuspenseQuery({ acts: { sets: {} } });
  expectTypeOf(data).toEqualTypeOf<Official.InstaQLResult<O, { acts: { sets: {} } }>>();
  expectTypeOf(data.acts[0]?.name).toEqualTypeOf<string | undefined>();
});

test('people, the line, the device', () => {
  expectTypeOf<Ours['useAuth']>().toEqualTypeOf<Theirs['useAuth']>();
  expectTypeOf<Ours['useUser']>().toEqualTypeOf<Theirs['useUser']>();
  expectTypeOf<Ours['useConnectionStatus']>().toEqualTypeOf<Theirs['useConnectionStatus']>();
  // Ours also has `status`.
  expectTypeOf<Ours['useAppStatus']>().toExtend<Theirs['useAppStatus']>();
  expectTypeOf<Theirs['useAppStatus']>().toExtend<Ours['useAppStatus']>();
  expectTypeOf<Ours['useLocalId']>().toEqualTypeOf<Theirs['useLocalId']>();
  expectTypeOf<Ours['SignedIn']>().toEqualTypeOf<Theirs['SignedIn']>();
  expectTypeOf<Awaited<ReturnType<Ours['transact']>>>().toEqualTypeOf<Awaited<ReturnType<Theirs['transact']>>>();
});

/** Hooks of programs that are generic over the query. */
export function useOf<TQuery extends ValidQuery<TQuery, S>>(query: TQuery, isOn: boolean, opts?: InstaQLOptions) {
  const db = ours();
  const states = [db.useQuery(query), db.useQuery(query, opts), db.useQuery<TQuery>(isOn ? query : null)];
  const once = [db.queryOnce(query), db.core.queryOnce(query)];
  return { states, once, list: db.useInfiniteQuery(query), suspended: db.useSuspenseQuery(query).data, part: db.useQuery(query).data };
}

export function useData<TQuery extends ValidQuery<TQuery, S>>(query: TQuery): InstaQLResponse<S, TQuery, false> | undefined {
  const { data, isLoading, error } = ours().useQuery(query);
  return isLoading || error ? undefined : data;
}

export function useState<TQuery extends ValidQuery<TQuery, S>>(query: TQuery): InstaQLLifecycleState<S, TQuery, false> {
  return ours().useQuery(query);
}

export function useDataOf<Schema extends InstantSchemaDef<any, any, any>, TQuery extends ValidQuery<TQuery, Schema>>(
  db: InstantReactWebDatabase<Schema>,
  query: TQuery,
) {
  return db.useQuery(query).data;
}

export function useOfficial<TQuery extends Official.ValidQuery<TQuery, O>>(query: TQuery) {
  return theirs().useQuery(query);
}

test('queries of a generic type', () => {
  const query = { acts: { sets: {} } } as const;
  expectTypeOf(useData(query)).toEqualTypeOf(ours().useQuery(query).data);
  expectTypeOf(useState(query)).toEqualTypeOf(ours().useQuery(query));
  expectTypeOf(useDataOf(ours(), query)).toEqualTypeOf(ours().useQuery(query).data);
  expectTypeOf(useOf(query, true).part).toEqualTypeOf(ours().useQuery(query).data);
  expectTypeOf(useOfficial(query)).toEqualTypeOf(ours().useQuery(query));
  // @ts-expect-error -- no such namespace
  useData({ actors: {} });
  // @ts-expect-error -- no such link
  useOf({ acts: { stages: {} } }, true);
});

test('rooms', () => {
  const [room, theirRoom] = [ours().room('backstage', 'a'), theirs().room('backstage', 'a')];
  expectTypeOf(room.type).toEqualTypeOf(theirRoom.type);
  expectTypeOf(ours().rooms.usePresence(room)).toEqualTypeOf(theirs().rooms.usePresence(theirRoom));
  expectTypeOf(ours().rooms.useTypingIndicator(room, 'box')).toEqualTypeOf(theirs().rooms.useTypingIndicator(theirRoom, 'box'));
  expectTypeOf(room.usePresence()).toEqualTypeOf(theirRoom.usePresence());
  expectTypeOf(room.useTypingIndicator('box')).toEqualTypeOf(theirRoom.useTypingIndicator('box'));
  // @ts-expect-error -- no such room
  ours().room('kitchen', 'a');
});

/** A program may hand ours to what asks for an official database's `tx`, and the other way about. */
test('what both share', () => {
  expectTypeOf<keyof Theirs>().toExtend<keyof Ours>();
});
