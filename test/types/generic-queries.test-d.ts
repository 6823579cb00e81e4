// Components and functions that are generic over a query and hand it to a hook: the same forms pass, and are refused, as with the official
// packages (official.test.ts). Both refuse `Q extends InstaQLParams<Schema>`: hooks take `Q extends ValidQuery<Q, Schema>`.

import { expectTypeOf, test } from 'vitest';

import type { InstantSchemaDef } from '../../src/schema/schema.ts';
import type { Exactly, InstaQLParams } from '../../src/types/query.ts';
import type { InstaQLEntity, InstaQLResponse } from '../../src/types/result.ts';
import type { ValidQuery } from '../../src/types/valid-query.ts';
import { init, type InstantReactWebDatabase } from '../../src/react/index.ts';
import { schema, type Schema } from './festival.ts';

type AnySchema = InstantSchemaDef<any, any, any>;
type Name = keyof Schema['entities'];
const db = init({ appId: '', schema });
const dated = init({ appId: '', schema, useDateObjects: true });
const untyped = init({ appId: '' });

export const useList = <Q extends ValidQuery<Q, Schema>>(query: Q) => db.useQuery(query);
export const useListOrNone = <Q extends ValidQuery<Q, Schema>>(query: Q | null) => db.useQuery(query);
export const useConstList = <const Q extends ValidQuery<Q, Schema>>(query: Q) => db.useQuery(query);
export const useNamed = <Q extends ValidQuery<Q, Schema>>(query: Q) => db.useQuery<Q>(query);
export const useOptions = <Q extends ValidQuery<Q, Schema>>(query: Q, opts?: Parameters<typeof db.useQuery>[1]) => db.useQuery(query, opts);
export const useInfinite = <Q extends ValidQuery<Q, Schema>>(query: Q) => db.useInfiniteQuery(query);
export const once = <Q extends ValidQuery<Q, Schema>>(query: Q) => db.queryOnce(query);
export const subscribe = <Q extends ValidQuery<Q, Schema>>(query: Q) => db.core.subscribeQuery(query, () => {});
export const subscribePages = <Q extends ValidQuery<Q, Schema>>(query: Q) => db.core.subscribeInfiniteQuery(query, () => {});
export const useDated = <Q extends ValidQuery<Q, Schema>>(query: Q) => dated.useQuery(query);
export const useUntyped = <Q extends InstaQLParams<Schema>>(query: Q) => untyped.useQuery(query);
export const useAny = <Q extends InstaQLParams<any>>(query: Q) => untyped.useQuery(query);
export const useNever = <Q extends InstaQLParams<Schema>>(query: Q) => db.useQuery(query as never);
export const useOf = <S extends AnySchema, Q extends ValidQuery<Q, S>>(of: InstantReactWebDatabase<S>, query: Q) => of.useQuery(query);

export function useResult<Q extends ValidQuery<Q, Schema>>(query: Q): InstaQLResponse<Schema, Q, false> | undefined {
  return db.useQuery(query).data;
}

export function useRows<Q extends ValidQuery<Q, Schema>>(query: Q) {
  const { isLoading, error, data } = db.useQuery(query);
  return isLoading || error ? [] : Object.values(data);
}

export function List<Q extends ValidQuery<Q, Schema>>({
  query,
  render,
}: {
  query: Q;
  render: (data: InstaQLResponse<Schema, Q, false>) => string;
}) {
  const { data, error } = db.useQuery(query);
  return data ? render(data) : error?.message;
}

export class Stored<Q extends ValidQuery<Q, Schema>> {
  readonly query: Q;
  constructor(query: Q) {
    this.query = query;
  }
  readonly use = () => db.useQuery(this.query);
}

export function useChecked<Q extends InstaQLParams<Schema>>(query: Q) {
  // @ts-expect-error the query may have keys that no schema knows
  db.useQuery(query);
  // @ts-expect-error the same
  db.useQuery<Q>(query);
  // @ts-expect-error the same
  void db.queryOnce(query);
  // @ts-expect-error the same
  db.core.subscribeQuery(query, () => {});
  // @ts-expect-error the same
  db.useInfiniteQuery(query);
  // @ts-expect-error the same
  dated.useQuery(query);
  // @ts-expect-error the same
  return db.useQuery({ ...query, acts: {} });
}

export const useExactly = <Q extends Exactly<InstaQLParams<Schema>, Q>>(query: Q) =>
  // @ts-expect-error it may still have them
  db.useQuery(query);

export const useOfName = <N extends Name>(name: N) =>
  // @ts-expect-error a computed key is any text
  db.useQuery({ [name]: {} });

export const idsOf = <N extends Name>(_name: N, rows: InstaQLEntity<Schema, N>[]) =>
  // @ts-expect-error a row of a name that is not known yet has no fields
  rows.map((row) => row.id);

test('what comes back', () => {
  expectTypeOf(useList({ sets: { act: {} } }).data?.sets[0]?.act).toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf(useConstList({ sets: { act: {} } }).data?.sets[0]?.act).toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf(useOf(db, { sets: { act: {} } }).data?.sets[0]?.act).toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf(useResult({ acts: {} })?.acts).toEqualTypeOf<InstaQLEntity<Schema, 'acts'>[] | undefined>();
  List({ query: { sets: { act: {} } }, render: ({ sets }) => sets[0]?.act?.name ?? '' });
  // @ts-expect-error an entity that is not in the schema
  useList({ tents: {} });
});
