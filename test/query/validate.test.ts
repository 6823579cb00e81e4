// Every query validation vector, by id; and what no vector has: broken input, and the forms that have to be let through.

import { describe, expect, it } from 'vitest';
import { QueryValidationError } from '../../src/errors.ts';
import { validateQuery } from '../../src/query/validate.ts';
import { i, parseSchemaFromJSON } from '../../src/schema/schema.ts';
import { readVectors } from '../support/vectors.ts';
import { mendedValidations } from '../vectors/mended.ts';

interface Verdict {
  readonly valid: boolean;
  readonly errorName?: string;
  readonly path?: string;
  readonly mentions?: readonly string[];
}
interface File {
  readonly schemas: Readonly<Record<string, never>>;
  readonly vectors: readonly {
    readonly id: string;
    readonly kind: string;
    readonly title: string;
    readonly schema: string | null;
    readonly input: unknown;
    readonly expected: Verdict;
  }[];
}

const file = readVectors<File>('validation');
const vectors = file.vectors.filter(({ kind }) => kind === 'query');

const schema = i.schema({
  entities: {
    acts: i.entity({ name: i.string().indexed(), fee: i.number().optional(), rider: i.json().optional(), or: i.string().optional() }),
    sets: i.entity({ title: i.string(), startsAt: i.date() }),
  },
  links: { setAct: { forward: { on: 'sets', has: 'one', label: 'act' }, reverse: { on: 'acts', has: 'many', label: 'sets' } } },
});

function fault(query: unknown, withSchema = true): QueryValidationError {
  try {
    validateQuery(query, withSchema ? schema : undefined);
  } catch (error) {
    if (error instanceof QueryValidationError) return error;
    throw error;
  }
  throw new Error('It passed');
}

describe('vectors', () => {
  it.each(vectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', (id, _title, vector) => {
    const expected: Verdict = mendedValidations[id] ?? vector.expected;
    const run = (): void => validateQuery(vector.input, vector.schema ? parseSchemaFromJSON(file.schemas[vector.schema]) : undefined);
    if (expected.valid) {
      expect(run).not.toThrow();
      return;
    }
    expect(run).toThrow(QueryValidationError);
    if (expected.path) expect(run).toThrow(`At path '${expected.path}': `);
    for (const mention of expected.mentions ?? []) expect(run).toThrow(mention);
  });
});

describe('accepted', () => {
  it.each<[string, unknown]>([
    ['an undefined nested form', { acts: { sets: undefined } }],
    ['an undefined where', { acts: { $: { where: undefined } } }],
    ['a falsy where', { acts: { $: { where: false } } }],
    ['a nested option that is undefined', { acts: { sets: { $: { first: undefined } } } }],
    ['an attribute called or', { acts: { $: { where: { or: 'name' } } } }],
    ['a date object', { sets: { $: { where: { startsAt: new Date(0) } } } }],
    ['a date object in an operator', { sets: { $: { where: { startsAt: { $gt: new Date(0) } } } } }],
    ['one object in two places', (({ form: node }) => ({ acts: { sets: node }, sets: node }))({ form: { $: { limit: 1 } } })],
    ['groups in groups', { acts: { $: { where: { and: [{ or: [{ fee: 1 }, { 'sets.title': 'x' }] }] } } } }],
    ['a link called like a link of another entity', { sets: { act: { sets: {} } } }],
    ['no namespace at all', {}],
  ])('%s', (_title, query) => {
    expect(() => validateQuery(query, schema)).not.toThrow();
  });
});

describe('rejected with its path', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['sets'] = cyclic;
  it.each<[string, unknown, string]>([
    ['an entity called constructor', { constructor: {} }, 'constructor'],
    ['a link called toString', { acts: { toString: {} } }, 'acts.toString'],
    ['an option called valueOf', { acts: { $: { valueOf: 1 } } }, 'acts.$'],
    ['an attribute called hasOwnProperty', { acts: { $: { where: { hasOwnProperty: 1 } } } }, 'acts.$.where.hasOwnProperty'],
    ['a path through constructor', { acts: { $: { where: { 'constructor.name': 'x' } } } }, 'acts.$.where.constructor.name'],
    ['an operator called constructor', { acts: { $: { where: { name: { constructor: 1 } } } } }, 'acts.$.where.name.constructor'],
    ['a member of a group', { acts: { $: { where: { or: [{ fee: 1 }, { mood: 1 }] } } } }, 'acts.$.where.or[1].mood'],
    ['a group member that is not an object', { acts: { $: { where: { and: [5] } } } }, 'acts.$.where.and[0]'],
    ['a path without an end', { acts: { $: { where: { 'sets.': 'x' } } } }, 'acts.$.where.sets.'],
    ['a date where text is compared', { acts: { $: { where: { name: new Date(0) } } } }, 'acts.$.where.name'],
    ['null for a json attribute', { acts: { $: { where: { rider: null } } } }, 'acts.$.where.rider'],
    ['a form that contains itself', { acts: cyclic }, 'acts.sets'],
    ['a bigint', { acts: { $: { where: { fee: 5n } } } }, 'acts.$.where.fee'],
    ['a function', { acts: { $: { where: { rider: { $in: [() => 1] } } } } }, 'acts.$.where.rider.$in[0]'],
    ['a boxed boolean', { acts: { $: { where: { rider: new Boolean(true) } } } }, 'acts.$.where.rider'],
    ['bytes', { acts: { $: { where: { rider: { $in: [new Uint8Array(2)] } } } } }, 'acts.$.where.rider.$in[0]'],
    ['an error', { acts: { $: { where: { rider: new Error('x') } } } }, 'acts.$.where.rider'],
    ['a promise', { acts: { $: { where: { rider: Promise.resolve(1) } } } }, 'acts.$.where.rider'],
    ['a symbol', { acts: { $: { limit: Symbol('x') } } }, 'acts.$.limit'],
    ['an invalid date', { acts: { $: { where: { rider: { $in: [new Date(NaN)] } } } } }, 'acts.$.where.rider.$in[0]'],
    ['an infinite number', { acts: { $: { where: { fee: { $gt: -Infinity } } } } }, 'acts.$.where.fee.$gt'],
    ['an invalid date for the rules', { $$ruleParams: { until: new Date(NaN) }, acts: {} }, '$$ruleParams.until'],
    ['NaN for the rules', { $$ruleParams: { n: [NaN] }, acts: {} }, '$$ruleParams.n[0]'],
    ['a namespace called __proto__', JSON.parse('{"__proto__": {}}'), '__proto__'],
    ['a deeper __proto__', JSON.parse('{"acts": {"__proto__": {}}}'), 'acts.__proto__'],
  ])('%s', (_title, query, path) => {
    expect(fault(query)).toMatchObject({ code: 'query-invalid', path });
  });

  it.each([undefined, 5, 'acts', () => ({}), [], null, new Date(0), { toJSON: () => 'acts' }])('%s is not a query', (query) => {
    expect(fault(query, false).code).toBe('query-invalid');
  });

  it('a query that is nested too deeply', () => {
    let node: object = {};
    for (let level = 0; level < 10_000; level++) node = { sets: node };
    expect(fault({ acts: node }, false).message).toContain('levels deep');
  });

  it('checks nested forms without a schema too', () => {
    expect(fault({ acts: { sets: { crew: { $: { having: 1 } } } } }, false).path).toBe('acts.sets.crew.$');
    expect(fault({ acts: { sets: { crew: [] } } }, false).path).toBe('acts.sets.crew');
    expect(fault({ acts: { sets: { crew: new Date(0) } } }, false).path).toBe('acts.sets.crew');
  });
});
