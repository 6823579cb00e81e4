// Queries written down with `satisfies InstaQLParams<Schema>`. Every row also holds for the official declarations (official.test.ts).

import type { InstantUnknownSchema } from '../../src/schema/schema.ts';
import type { Cursor, InstaQLParams, InstaQLQueryParams } from '../../src/types/query.ts';
import type { Schema } from './festival.ts';

type Q = InstaQLParams<Schema>;

declare const cursor: Cursor;

export const accepted = [
  {},
  { acts: {} },
  { acts: {}, sets: { act: {} } },
  { acts: { sets: { stage: {} }, openers: { openers: { opensFor: {} } } } },
  { fans: { $user: { $: { where: { email: 'a@b.c' } } } } },
  { $users: {} },

  { acts: { $: { limit: 1, offset: 2, order: { fee: 'desc' } } } },
  { acts: { $: { first: 1, after: cursor, afterInclusive: true } } },
  { acts: { $: { last: 1, before: cursor, beforeInclusive: false } } },
  { acts: { $: { order: { serverCreatedAt: 'asc' } } } },
  { sets: { $: { order: { serverCreatedAt: 'asc' } } } },
  { acts: { $: { fields: ['name', 'id', 'fee'] } } },
  { acts: { sets: { $: { fields: ['title'], where: { minutes: 3 }, limit: 4 } } } },

  { acts: { $: { where: { name: 'Owls' } } } },
  { acts: { $: { where: { id: 'x' } } } },
  { acts: { $: { where: { id: { $in: ['x'] } } } } },
  { acts: { $: { where: { genre: 'folk', fee: 3, active: true } } } },
  { acts: { $: { where: { genre: { $in: ['folk'] } } } } },
  { acts: { $: { where: { genre: { in: ['folk'] } } } } },
  { acts: { $: { where: { genre: { $ne: 'folk' } } } } },
  { acts: { $: { where: { genre: { $not: 'folk' } } } } },
  { acts: { $: { where: { fee: { $gt: 1, $lte: 2 } } } } },
  { acts: { $: { where: { fee: { $gte: 1, $lt: 2 } } } } },
  { acts: { $: { where: { name: { $like: 'O%' } } } } },
  { acts: { $: { where: { name: { $ilike: 'o%' } } } } },
  { acts: { $: { where: { genre: { $like: 'f%' } } } } },
  { acts: { $: { where: { genre: { $isNull: true } } } } },
  { acts: { $: { where: { fee: { $isNull: false } } } } },
  { acts: { $: { where: { formedAt: { $gt: new Date() } } } } },
  { acts: { $: { where: { notes: 'x' } } } },
  { acts: { $: { where: { notes: { $like: 'x', $isNull: true } } } } },
  { acts: { $: { where: { 'sets.title': 'Late' } } } },
  { acts: { $: { where: { 'sets.minutes': { $gt: 1 }, 'anything.goes': true } } } },
  { acts: { $: { where: { or: [{ name: 'Owls' }, { and: [{ fee: 1 }, { 'sets.title': 'x' }] }] } } } },
] satisfies Q[];

export const rejected = [
  // @ts-expect-error an entity that is not in the schema
  { tents: {} },
  // @ts-expect-error a link that is not in the schema
  { acts: { tents: {} } },
  // @ts-expect-error an attribute in the place of a link
  { acts: { name: {} } },
  // @ts-expect-error an option that there is not
  { acts: { $: { having: 1 } } },
  // @ts-expect-error a limit that is no number
  { acts: { $: { limit: '1' } } },

  // @ts-expect-error order by an attribute without an index
  { acts: { $: { order: { genre: 'asc' } } } },
  // @ts-expect-error order by an attribute of an entity without any index
  { sets: { $: { order: { title: 'asc' } } } },
  // @ts-expect-error a direction that there is not
  { acts: { $: { order: { fee: 'up' } } } },
  // @ts-expect-error a field that is not in the schema
  { acts: { $: { fields: ['size'] } } },
  // @ts-expect-error a link in the place of a field
  { acts: { $: { fields: ['sets'] } } },

  // @ts-expect-error an attribute that is not in the schema
  { acts: { $: { where: { size: 1 } } } },
  // @ts-expect-error a value of the wrong type
  { acts: { $: { where: { fee: '1' } } } },
  // @ts-expect-error a word that is not among the attribute's
  { acts: { $: { where: { genre: 'rock' } } } },
  // @ts-expect-error an operator that there is not
  { acts: { $: { where: { fee: { $near: 1 } } } } },
  // @ts-expect-error an operator with a value of the wrong type
  { acts: { $: { where: { fee: { $gt: '1' } } } } },
  // @ts-expect-error $in without a list
  { acts: { $: { where: { fee: { $in: 1 } } } } },
  // @ts-expect-error $like on a number
  { acts: { $: { where: { fee: { $like: '1%' } } } } },
  // @ts-expect-error $ilike on an attribute without an index
  { acts: { $: { where: { genre: { $ilike: 'F%' } } } } },
  // @ts-expect-error $isNull on a required attribute
  { acts: { $: { where: { name: { $isNull: true } } } } },
  // @ts-expect-error no operator at all
  { acts: { $: { where: { fee: {} } } } },
  // @ts-expect-error null, for which there is $isNull
  { acts: { $: { where: { fee: null } } } },
  // @ts-expect-error an attribute inside `or` that is not in the schema
  { acts: { $: { where: { or: [{ size: 1 }] } } } },
] satisfies Q[];

export const old = { acts: { $: { limit: 1 } } } satisfies InstaQLQueryParams<Schema>;

export const unknown = [
  { anything: { $: { where: { goes: 1, 'a.b': { $gt: 1 } }, order: { whatever: 'asc' } }, nested: { more: {} } } },
] satisfies InstaQLParams<InstantUnknownSchema>[];
