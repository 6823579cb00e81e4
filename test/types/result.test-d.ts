// What queries give back, row by row of data-model.md 6.2. Every row also holds for the official declarations (official.test.ts).

import { expectTypeOf, test } from 'vitest';

import type { InstantUnknownSchema } from '../../src/schema/schema.ts';
import type { InstaQLParams } from '../../src/types/query.ts';
import type { InstaQLEntity, InstaQLResponse, InstaQLResult, PageInfoResponse } from '../../src/types/result.ts';
import type { Schema } from './festival.ts';

interface Act {
  id: string;
  name: string;
  genre?: 'folk' | 'jazz';
  fee?: number;
  formedAt: string | number;
  splitAt?: string | number;
  active: boolean;
  rider?: { towels: number; drinks?: string[] };
  notes: any;
}

test('an entity has its id and its attributes, the optional ones perhaps', () => {
  expectTypeOf<InstaQLEntity<Schema, 'acts'>>().toEqualTypeOf<{ [K in keyof Act]: Act[K] }>();
  expectTypeOf<InstaQLEntity<Schema, 'fans'>>().toEqualTypeOf<{ id: string }>();
});

test('dates are as they were sent, or Dates', () => {
  type Dated = InstaQLEntity<Schema, 'acts', {}, undefined, true>;
  expectTypeOf<Dated['formedAt']>().toEqualTypeOf<Date>();
  expectTypeOf<NonNullable<Dated['splitAt']>>().toEqualTypeOf<Date>();
  expectTypeOf<Dated['name']>().toEqualTypeOf<string>();
  expectTypeOf<InstaQLResult<Schema, { sets: { act: {} } }, true>['sets'][0]['act']>().toEqualTypeOf<Dated | undefined>();
});

test('a has-one link is an entity or nothing, a has-many link a list, from either end', () => {
  expectTypeOf<InstaQLEntity<Schema, 'sets', { act: {} }>['act']>().toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf<InstaQLEntity<Schema, 'acts', { sets: {} }>['sets']>().toEqualTypeOf<InstaQLEntity<Schema, 'sets'>[]>();
  expectTypeOf<InstaQLEntity<Schema, 'acts', { opensFor: {} }>['opensFor']>().toEqualTypeOf<InstaQLEntity<Schema, 'acts'> | undefined>();
  expectTypeOf<InstaQLEntity<Schema, 'passes', { holder: {} }>['holder']>().toEqualTypeOf<{ id: string } | undefined>();
  expectTypeOf<InstaQLEntity<Schema, 'fans', { $user: {} }>['$user']>().toEqualTypeOf<{ id: string; email: string } | undefined>();
});

test('links that are not asked for are not there', () => {
  expectTypeOf<keyof InstaQLEntity<Schema, 'sets'>>().toEqualTypeOf<'id' | 'title' | 'minutes'>();
});

test('fields leave the rest out', () => {
  expectTypeOf<InstaQLEntity<Schema, 'acts', {}, ['fee']>>().toEqualTypeOf<{ id: string; fee: number | undefined }>();
  expectTypeOf<InstaQLEntity<Schema, 'acts', {}, ['id']>>().toEqualTypeOf<{ id: string }>();
  expectTypeOf<InstaQLResult<Schema, { acts: { $: { fields: ['name'] } } }>>().toEqualTypeOf<{ acts: { id: string; name: string }[] }>();
  expectTypeOf<InstaQLResult<Schema, { acts: { sets: { $: { fields: ['title'] } } } }>['acts'][0]['sets']>().toEqualTypeOf<
    { id: string; title: string }[]
  >();
});

test('asType narrows attributes', () => {
  expectTypeOf<InstaQLEntity<Schema, 'stages'>['kind']>().toEqualTypeOf<'tent' | 'open'>();
  expectTypeOf<keyof InstaQLEntity<Schema, 'stages'>>().toEqualTypeOf<'id' | 'name' | 'kind'>();
});

test('any stays any, unions flow through', () => {
  expectTypeOf<InstaQLEntity<Schema, 'acts'>['notes']>().toBeAny();
  expectTypeOf<InstaQLEntity<Schema, 'acts'>['genre']>().toEqualTypeOf<'folk' | 'jazz' | undefined>();
});

test('a query that was written down gives its result', () => {
  const query = { sets: { $: { where: { title: 'Late' }, limit: 1 }, act: { fans: {} } } } satisfies InstaQLParams<Schema>;
  type Data = InstaQLResult<Schema, typeof query>;
  expectTypeOf<keyof Data>().toEqualTypeOf<'sets'>();
  expectTypeOf<Data['sets'][0]['title']>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<Data['sets'][0]['act']>['fans']>().toEqualTypeOf<{ id: string }[]>();
  expectTypeOf<InstaQLResponse<Schema, typeof query>>().toEqualTypeOf<Data>();
  expectTypeOf<keyof PageInfoResponse<typeof query>>().toEqualTypeOf<'sets'>();
  expectTypeOf<PageInfoResponse<typeof query>['sets']['hasNextPage']>().toEqualTypeOf<boolean>();
});

test('fields in a query that was written down are read from it', () => {
  const query = { sets: { $: { fields: ['title'] } } } satisfies InstaQLParams<Schema>;
  expectTypeOf<InstaQLResult<Schema, typeof query>>().toEqualTypeOf<{ sets: { id: string; title: string }[] }>();
});

test('without a schema every name is allowed', () => {
  type Data = InstaQLResult<InstantUnknownSchema, { goals: { todos: {} } }>;
  expectTypeOf<Data['goals'][0]['id']>().toEqualTypeOf<string>();
  expectTypeOf<Data['goals'][0]['anything']>().toBeAny();
  expectTypeOf<Data['goals'][0]['todos'][0]['id']>().toEqualTypeOf<string>();
});

// @ts-expect-error an entity that is not in the schema
export type NoEntity = InstaQLEntity<Schema, 'tents'>;

// @ts-expect-error a link that is not in the schema
export type NoLink = InstaQLEntity<Schema, 'acts', { tents: {} }>['tents'];

// @ts-expect-error a field that is not in the schema
export type NoField = InstaQLEntity<Schema, 'acts', {}, ['size']>;
