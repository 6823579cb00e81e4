// Schemas read from JSON that was not written by this version, and the link index of names that objects inherit.

import { expect, test } from 'vitest';

import { linkIndex, parseSchemaFromJSON } from '../../src/schema/schema.ts';

const attr = (valueType: string, required: boolean, indexed: boolean, unique: boolean) => ({
  valueType,
  required,
  isIndexed: indexed,
  config: { indexed, unique },
  metadata: {},
});

test.each([
  ['an unknown value type is JSON', { valueType: 'vector', required: true }, attr('json', true, false, false)],
  ['a missing value type is JSON', { required: true }, attr('json', true, false, false)],
  ['missing required means optional', { valueType: 'string' }, attr('string', false, false, false)],
  ['config is honoured', { valueType: 'date', config: { indexed: true, unique: true } }, attr('date', false, true, true)],
  ['isIndexed alone has no effect', { valueType: 'number', required: true, isIndexed: true }, attr('number', true, false, false)],
])('%s', (_, given, expected) => {
  const schema = parseSchemaFromJSON({ entities: { acts: { attrs: { a: given } } } });
  expect(schema).toEqual({ entities: { acts: { attrs: { a: expected }, links: {} } }, links: {}, rooms: {} });
});

test('rooms without topics and null links are accepted', () => {
  const schema = parseSchemaFromJSON({ entities: {}, links: null, rooms: { lobby: { presence: { attrs: {} } } } });
  expect(schema.rooms).toEqual({ lobby: { presence: { attrs: {}, links: {} }, topics: {} } });
});

test('a value that is not a schema is rejected', () => {
  expect(() => parseSchemaFromJSON(null)).toThrow(TypeError);
  expect(() => parseSchemaFromJSON({})).toThrow('expected an object with `entities`');
});

test('the link index has no inherited names', () => {
  const link = { forward: { on: 'acts', has: 'one', label: 'a' }, reverse: { on: 'acts', has: 'one', label: 'b' } };
  const index = linkIndex({ links: { link } });
  expect(index['constructor']).toBeUndefined();
  expect(index['acts']?.['toString']).toBeUndefined();
  expect(linkIndex({})).toEqual({});
});
