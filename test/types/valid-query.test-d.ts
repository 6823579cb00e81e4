// Queries given to `subscribeQuery` and its kin, which are checked whole. Every row also holds for the official declarations
// (official.test.ts).

import type { InstantUnknownSchema } from '../../src/schema.ts';
import type { Cursor } from '../../src/types/query.ts';
import type { InstaQLResponse } from '../../src/types/result.ts';
import type { ValidQuery } from '../../src/types/valid-query.ts';
import type { Schema } from './festival.ts';

declare function ask<Q extends ValidQuery<Q, Schema>>(query: Q): InstaQLResponse<Schema, Q>;
declare function askAnything<Q extends ValidQuery<Q, InstantUnknownSchema>>(query: Q): void;
declare const cursor: Cursor;
declare const word: string;

// Accepted

ask({});
ask({ acts: {} });
ask({ acts: {}, sets: { act: {} } });
ask({ acts: { sets: { stage: {} }, openers: { openers: { opensFor: {} } } } });
ask({ fans: { $user: { $: { where: { email: 'a@b.c' } } } } });
ask({ acts: { $: { limit: 1, offset: 2, order: { fee: 'desc' } } } });
ask({ acts: { $: { first: 1, after: cursor, afterInclusive: true } } });
ask({ acts: { $: { last: 1, before: cursor, beforeInclusive: false } } });
ask({ acts: { $: { order: { serverCreatedAt: 'asc' } } } });
ask({ sets: { $: { order: { serverCreatedAt: 'asc' } } } });
ask({ acts: { $: { fields: ['name', 'id', 'fee'] } } });
ask({ acts: { sets: { $: { fields: ['title'], where: { minutes: 3 }, limit: 4, order: { serverCreatedAt: 'desc' } } } } });
ask({ acts: { $: { where: { name: word } } } });
ask({ acts: { $: { where: { id: word } } } });
ask({ acts: { $: { where: { id: { $in: [word] } } } } });
ask({ acts: { $: { where: { genre: 'folk', fee: 3, active: true } } } });
ask({ acts: { $: { where: { genre: { $in: ['folk', 'jazz'] } } } } });
ask({ acts: { $: { where: { genre: { $ne: 'folk' } } } } });
ask({ acts: { $: { where: { fee: { $gt: 1, $lte: 2 } } } } });
ask({ acts: { $: { where: { name: { $like: 'O%' } } } } });
ask({ acts: { $: { where: { name: { $ilike: 'o%' } } } } });
ask({ acts: { $: { where: { genre: { $isNull: true } } } } });
ask({ acts: { $: { where: { formedAt: { $gt: new Date() } } } } });
ask({ acts: { $: { where: { notes: { any: 'thing' } } } } });
ask({ acts: { $: { where: { sets: word } } } });
ask({ acts: { $: { where: { 'sets.id': word } } } });
ask({ acts: { $: { where: { 'sets.title': 'Late' } } } });
ask({ acts: { $: { where: { 'sets.minutes': { $isNull: true } } } } });
ask({ acts: { $: { where: { 'sets.stage': word } } } });
ask({ acts: { $: { where: { 'sets.stage.name': 'Lake' } } } });
ask({ acts: { $: { where: { 'sets.stage.name': { $like: 'L%' } } } } });
ask({ acts: { $: { where: { or: [{ name: 'Owls' }, { fee: 1 }] } } } });
ask({ acts: { $: { where: { or: [{ name: 'Owls' }, { and: [{ fee: 1 }, { 'sets.title': 'x' }] }] } } } });
ask({ acts: { $: { where: { and: [{ 'sets.title': 'x' }, { 'sets.title': 'y' }] } } } });
ask({ acts: { openers: { $: { where: { 'sets.title': 'x' } } } } });
ask(word ? { acts: {} } : {});

const stored = { acts: { $: { where: { fee: { $gt: 3 } } }, sets: {} } };
ask(stored).acts[0]?.sets[0]?.title.trim();

// Refused

// @ts-expect-error an entity that is not in the schema
ask({ tents: {} });
// @ts-expect-error an entity that is not in the schema, beside one that is
ask({ acts: {}, tents: {} });
// @ts-expect-error a link that is not in the schema
ask({ acts: { tents: {} } });
// @ts-expect-error a link that is not in the schema, deep down
ask({ acts: { sets: { stage: { tents: {} } } } });
// @ts-expect-error an attribute in the place of a link
ask({ acts: { name: {} } });
// @ts-expect-error an option that there is not
ask({ acts: { $: { having: 1 } } });
// @ts-expect-error a limit that is no number
ask({ acts: { $: { limit: '1' } } });
// @ts-expect-error first, below the top
ask({ acts: { sets: { $: { first: 1 } } } });
// @ts-expect-error offset, below the top
ask({ acts: { sets: { $: { offset: 1 } } } });
// @ts-expect-error a cursor, below the top
ask({ acts: { sets: { $: { after: cursor } } } });
// @ts-expect-error order by an attribute without an index
ask({ acts: { $: { order: { genre: 'asc' } } } });
// @ts-expect-error order by an attribute of an entity without any index
ask({ sets: { $: { order: { title: 'asc' } } } });
// @ts-expect-error a field that is not in the schema
ask({ acts: { $: { fields: ['size'] } } });
// @ts-expect-error an attribute that is not in the schema
ask({ acts: { $: { where: { size: 1 } } } });
// @ts-expect-error a value of the wrong type
ask({ acts: { $: { where: { fee: '1' } } } });
// @ts-expect-error a word that is not among the attribute's
ask({ acts: { $: { where: { genre: 'rock' } } } });
// @ts-expect-error an operator that there is not
ask({ acts: { $: { where: { fee: { $near: 1 } } } } });
// @ts-expect-error an operator with a value of the wrong type
ask({ acts: { $: { where: { fee: { $gt: '1' } } } } });
// @ts-expect-error $in without a list
ask({ acts: { $: { where: { fee: { $in: 1 } } } } });
// @ts-expect-error $ilike on an attribute without an index
ask({ acts: { $: { where: { genre: { $ilike: 'F%' } } } } });
// @ts-expect-error $like on a number
ask({ acts: { $: { where: { fee: { $like: '1%' } } } } });
// @ts-expect-error $isNull on a required attribute
ask({ acts: { $: { where: { name: { $isNull: true } } } } });
// @ts-expect-error no operator at all
ask({ acts: { $: { where: { fee: {} } } } });
// @ts-expect-error null, for which there is $isNull
ask({ acts: { $: { where: { fee: null } } } });
// @ts-expect-error a link's id that is a number
ask({ acts: { $: { where: { sets: 1 } } } });
// @ts-expect-error a path through a link that is not in the schema
ask({ acts: { $: { where: { 'tents.name': 'x' } } } });
// @ts-expect-error a path to an attribute that is not in the schema
ask({ acts: { $: { where: { 'sets.size': 'x' } } } });
// @ts-expect-error a longer path to an attribute that is not in the schema
ask({ acts: { $: { where: { 'sets.stage.size': 'x' } } } });
// @ts-expect-error a path, and a value of the wrong type at its end
ask({ acts: { $: { where: { 'sets.minutes': 'long' } } } });
// @ts-expect-error a path, and a word at its end that is not among the attribute's
ask({ sets: { $: { where: { 'act.genre': 'rock' } } } });
// @ts-expect-error an attribute inside `or` that is not in the schema
ask({ acts: { $: { where: { or: [{ size: 1 }] } } } });
// @ts-expect-error a value of the wrong type inside `and`
ask({ acts: { $: { where: { and: [{ fee: '1' }] } } } });

// Without a schema

askAnything({ anything: { $: { where: { goes: 1, 'a.b': { $gt: 1 } }, order: { whatever: 'asc' } }, nested: { more: {} } } });
// @ts-expect-error an option that is of the wrong type in any schema
askAnything({ anything: { $: { limit: 'one' } } });
