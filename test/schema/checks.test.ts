// `init` checks queries and writes against any schema: one of `i.schema`, a copy of it, or one made by another package. A schema is data.

import { i as theirs } from '@instantdb/core';
import { expect, test } from 'vitest';

import { i, init, memoryStore, parseSchemaFromJSON } from '../../src/index.ts';
import type { AnySchemaDef } from '../../src/schema/schema.ts';
import { appId } from '../support/client.ts';

const goal = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const parts = (from: typeof i) => ({ entities: { goals: from.entity({ title: from.string(), effort: from.number().optional() }) } });
const schema = i.schema(parts(i));
const foreign = theirs.schema(parts(theirs as never)) as unknown as AnySchemaDef;
const plain = (given: unknown) => JSON.parse(JSON.stringify(given)) as AnySchemaDef;

const faults: readonly [string, (db: ReturnType<typeof open>) => unknown][] = [
  ["no entity 'gaols'", (db) => db.subscribeQuery({ gaols: {} }, () => {})],
  ["no link 'crew'", (db) => db.subscribeQuery({ goals: { crew: {} } }, () => {})],
  ["no attribute or link 'titel'", (db) => db.subscribeQuery({ goals: { $: { where: { titel: 'Swim' } } } }, () => {})],
  ['must be compared with a number', (db) => db.subscribeQuery({ goals: { $: { where: { effort: 'high' } } } }, () => {})],
  ["Unknown operator '$near'", (db) => db.subscribeQuery({ goals: { $: { where: { title: { $near: 'Swim' } } } } }, () => {})],
  ['must be a UUID', (db) => db.transact(db.tx['goals']!['first']!.update({}))],
  ['must be a number', (db) => db.transact(db.tx['goals']![goal]!.update({ effort: 'high' }))],
];

function open(given: AnySchemaDef) {
  return init<AnySchemaDef>({ appId, schema: given, storage: memoryStore(), startsWhenUsed: true });
}

test.each([
  ['i.schema', schema],
  ['with other rooms', schema.withRoomSchema()],
  ['i.graph', i.graph(parts(i).entities, {})],
  ['made by another package', foreign],
  ['spread', { ...schema }],
  ['its data alone', plain(schema)],
  ['a structured clone', structuredClone(schema)],
  ['read from JSON', parseSchemaFromJSON(plain(schema))],
  ['read from JSON of another package', parseSchemaFromJSON(foreign)],
])('queries and writes are checked against a schema: %s', (_, given) => {
  const db = open(given as AnySchemaDef);
  for (const [message, request] of faults) expect(() => request(db)).toThrow(message);
  expect(() => db.subscribeQuery({ goals: { $: { having: 1 } } } as never, () => {})).toThrow("no option 'having'");
  expect(() => db.transact({ __ops: 5 } as never)).toThrow('__ops');
  db.shutdown();
});

test('a schema consists only of its data', () => {
  const data = { entities: schema.entities, links: {}, rooms: {} };
  expect(Object.keys(schema)).toEqual(Object.keys(data));
  expect(JSON.stringify(schema)).toBe(JSON.stringify(data));
  expect(schema).toEqual(plain(data));
  expect(structuredClone(schema)).toEqual(plain(schema));
});
