// Queries given to `subscribeQuery` and its kin, which are checked whole. Every row also holds for the official declarations
// (official.test.ts).

import type { InstantUnknownSchema } from '../../src/schema/schema.ts';
import type { Cursor } from '../../src/types/query.ts';
import type { InstaQLResponse } from '../../src/types/result.ts';
import type { ValidQuery } from '../../src/types/valid-query.ts';
import type { Schema } from './festival.ts';

declare function request<Q extends ValidQuery<Q, Schema>>(query: Q): InstaQLResponse<Schema, Q>;
declare function requestAnything<Q extends ValidQuery<Q, InstantUnknownSchema>>(query: Q): void;
declare const cursor: Cursor;
declare const word: string;

// Accepted

request({});
request({ acts: {} });
request({ acts: {}, sets: { act: {} } });
request({ acts: { sets: { stage: {} }, openers: { openers: { opensFor: {} } } } });
request({ fans: { $user: { $: { where: { email: 'a@b.c' } } } } });
request({ acts: { $: { limit: 1, offset: 2, order: { fee: 'desc' } } } });
request({ acts: { $: { first: 1, after: cursor, afterInclusive: true } } });
request({ acts: { $: { last: 1, before: cursor, beforeInclusive: false } } });
request({ acts: { $: { order: { serverCreatedAt: 'asc' } } } });
request({ sets: { $: { order: { serverCreatedAt: 'asc' } } } });
request({ acts: { $: { fields: ['name', 'id', 'fee'] } } });
request({ acts: { sets: { $: { fields: ['title'], where: { minutes: 3 }, limit: 4, order: { serverCreatedAt: 'desc' } } } } });
request({ acts: { $: { where: { name: word } } } });
request({ acts: { $: { where: { id: word } } } });
request({ acts: { $: { where: { id: { $in: [word] } } } } });
request({ acts: { $: { where: { genre: 'folk', fee: 3, active: true } } } });
request({ acts: { $: { where: { genre: { $in: ['folk', 'jazz'] } } } } });
request({ acts: { $: { where: { genre: { $ne: 'folk' } } } } });
request({ acts: { $: { where: { fee: { $gt: 1, $lte: 2 } } } } });
request({ acts: { $: { where: { name: { $like: 'O%' } } } } });
request({ acts: { $: { where: { name: { $ilike: 'o%' } } } } });
request({ acts: { $: { where: { genre: { $isNull: true } } } } });
request({ acts: { $: { where: { formedAt: { $gt: new Date() } } } } });
request({ acts: { $: { where: { notes: { any: 'thing' } } } } });
request({ acts: { $: { where: { sets: word } } } });
request({ acts: { $: { where: { 'sets.id': word } } } });
request({ acts: { $: { where: { 'sets.title': 'Late' } } } });
request({ acts: { $: { where: { 'sets.minutes': { $isNull: true } } } } });
request({ acts: { $: { where: { 'sets.stage': word } } } });
request({ acts: { $: { where: { 'sets.stage.name': 'Lake' } } } });
request({ acts: { $: { where: { 'sets.stage.name': { $like: 'L%' } } } } });
request({ acts: { $: { where: { or: [{ name: 'Owls' }, { fee: 1 }] } } } });
request({ acts: { $: { where: { or: [{ name: 'Owls' }, { and: [{ fee: 1 }, { 'sets.title': 'x' }] }] } } } });
request({ acts: { $: { where: { and: [{ 'sets.title': 'x' }, { 'sets.title': 'y' }] } } } });
request({ acts: { openers: { $: { where: { 'sets.title': 'x' } } } } });
request(word ? { acts: {} } : {});

const stored = { acts: { $: { where: { fee: { $gt: 3 } } }, sets: {} } };
request(stored).acts[0]?.sets[0]?.title.trim();

// Refused

// @ts-expect-error an entity that is not in the schema
request({ tents: {} });
// @ts-expect-error an entity that is not in the schema, beside one that is
request({ acts: {}, tents: {} });
// @ts-expect-error a link that is not in the schema
request({ acts: { tents: {} } });
// @ts-expect-error a link that is not in the schema, deep down
request({ acts: { sets: { stage: { tents: {} } } } });
// @ts-expect-error an attribute in the place of a link
request({ acts: { name: {} } });
// @ts-expect-error an option that there is not
request({ acts: { $: { having: 1 } } });
// @ts-expect-error a limit that is no number
request({ acts: { $: { limit: '1' } } });
// @ts-expect-error first, below the top
request({ acts: { sets: { $: { first: 1 } } } });
// @ts-expect-error offset, below the top
request({ acts: { sets: { $: { offset: 1 } } } });
// @ts-expect-error a cursor, below the top
request({ acts: { sets: { $: { after: cursor } } } });
// @ts-expect-error order by an attribute without an index
request({ acts: { $: { order: { genre: 'asc' } } } });
// @ts-expect-error order by an attribute of an entity without any index
request({ sets: { $: { order: { title: 'asc' } } } });
// @ts-expect-error a field that is not in the schema
request({ acts: { $: { fields: ['size'] } } });
// @ts-expect-error an attribute that is not in the schema
request({ acts: { $: { where: { size: 1 } } } });
// @ts-expect-error a value of the wrong type
request({ acts: { $: { where: { fee: '1' } } } });
// @ts-expect-error a word that is not among the attribute's
request({ acts: { $: { where: { genre: 'rock' } } } });
// @ts-expect-error an operator that there is not
request({ acts: { $: { where: { fee: { $near: 1 } } } } });
// @ts-expect-error an operator with a value of the wrong type
request({ acts: { $: { where: { fee: { $gt: '1' } } } } });
// @ts-expect-error $in without a list
request({ acts: { $: { where: { fee: { $in: 1 } } } } });
// @ts-expect-error $ilike on an attribute without an index
request({ acts: { $: { where: { genre: { $ilike: 'F%' } } } } });
// @ts-expect-error $like on a number
request({ acts: { $: { where: { fee: { $like: '1%' } } } } });
// @ts-expect-error $isNull on a required attribute
request({ acts: { $: { where: { name: { $isNull: true } } } } });
// @ts-expect-error no operator at all
request({ acts: { $: { where: { fee: {} } } } });
// @ts-expect-error null, for which there is $isNull
request({ acts: { $: { where: { fee: null } } } });
// @ts-expect-error a link's id that is a number
request({ acts: { $: { where: { sets: 1 } } } });
// @ts-expect-error a path through a link that is not in the schema
request({ acts: { $: { where: { 'tents.name': 'x' } } } });
// @ts-expect-error a path to an attribute that is not in the schema
request({ acts: { $: { where: { 'sets.size': 'x' } } } });
// @ts-expect-error a longer path to an attribute that is not in the schema
request({ acts: { $: { where: { 'sets.stage.size': 'x' } } } });
// @ts-expect-error a path, and a value of the wrong type at its end
request({ acts: { $: { where: { 'sets.minutes': 'long' } } } });
// @ts-expect-error a path, and a word at its end that is not among the attribute's
request({ sets: { $: { where: { 'act.genre': 'rock' } } } });
// @ts-expect-error an attribute inside `or` that is not in the schema
request({ acts: { $: { where: { or: [{ size: 1 }] } } } });
// @ts-expect-error a value of the wrong type inside `and`
request({ acts: { $: { where: { and: [{ fee: '1' }] } } } });

// Without a schema

requestAnything({ anything: { $: { where: { goes: 1, 'a.b': { $gt: 1 } }, order: { whatever: 'asc' } }, nested: { more: {} } } });
// @ts-expect-error an option that is of the wrong type in any schema
requestAnything({ anything: { $: { limit: 'one' } } });
