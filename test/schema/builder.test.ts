// The builder beyond the recorded vectors: that definitions are values, that links are folded in from both ends, the deprecated forms.

import { describe, expect, test } from 'vitest';

import { i, InstantSchemaDef } from '../../src/schema/schema.ts';

const name = i.string();

describe('modifiers', () => {
  test.each([
    ['optional', () => name.optional(), { required: false, isIndexed: false, config: { indexed: false, unique: false } }],
    ['clientRequired', () => name.clientRequired(), { required: false, isIndexed: false, config: { indexed: false, unique: false } }],
    ['unique', () => name.unique(), { required: true, isIndexed: false, config: { indexed: false, unique: true } }],
    ['indexed', () => name.indexed(), { required: true, isIndexed: true, config: { indexed: true, unique: false } }],
    ['all', () => name.unique().optional().indexed(), { required: false, isIndexed: true, config: { indexed: true, unique: true } }],
  ])('%s returns a new definition and leaves the old one unchanged', (_, modify, expected) => {
    expect(modify()).toEqual({ valueType: 'string', metadata: {}, ...expected });
    expect(name).toEqual({
      valueType: 'string',
      metadata: {},
      required: true,
      isIndexed: false,
      config: { indexed: false, unique: false },
    });
  });

  test('asType changes nothing at run time', () => {
    const entity = i.entity({ kind: i.string() });
    expect(entity.asType<{ kind: 'tent' }>()).toEqual(entity);
  });
});

describe('links', () => {
  const acts = i.entity({});

  test('the given entities stay unchanged', () => {
    i.schema({
      entities: { acts },
      links: { op: { forward: { on: 'acts', has: 'many', label: 'a' }, reverse: { on: 'acts', has: 'one', label: 'b' } } },
    });
    expect(acts.links).toEqual({});
  });

  test('where both ends have one label on one entity, the reverse end wins', () => {
    const { entities } = i.schema({
      entities: { acts, sets: i.entity({}) },
      links: {
        b: { forward: { on: 'sets', has: 'one', label: 'other' }, reverse: { on: 'acts', has: 'many', label: 'x' } },
        a: { forward: { on: 'acts', has: 'one', label: 'x' }, reverse: { on: 'sets', has: 'many', label: 'y' } },
      },
    });
    expect(entities.acts.links).toEqual({ x: { entityName: 'sets', cardinality: 'many' } });
  });
});

describe('deprecated forms', () => {
  const entities = { goals: i.entity({ title: i.string() }), todos: i.entity({}) };
  const links = {
    goalTodos: { forward: { on: 'goals', has: 'many', label: 'todos' }, reverse: { on: 'todos', has: 'one', label: 'goal' } },
  } as const;

  test('i.graph creates the same schema', () => {
    expect(i.graph(entities, links)).toEqual(i.schema({ entities, links }));
  });

  test('withRoomSchema keeps entities and links, and has no rooms at run time', () => {
    const schema = i.schema({ entities, links, rooms: { table: { presence: i.entity({}) } } });
    const roomy = schema.withRoomSchema<{ table: { presence: { name: string } } }>();
    expect(roomy).toBeInstanceOf(InstantSchemaDef);
    expect(roomy).toEqual({ entities: schema.entities, links, rooms: {} });
  });
});
