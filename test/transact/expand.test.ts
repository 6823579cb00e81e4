// Expansion beyond the recorded vectors: broken input is refused by name and whole, values are taken over, attrs are born once.

import { readStoredDate } from '../../src/lib/stored-dates.ts';
import { hasType } from '../../src/server/data/constraints.ts';
import { describe, expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { Layer } from '../../src/db/layer.ts';
import { Store } from '../../src/db/store.ts';
import { applySteps } from '../../src/db/apply.ts';
import { TransactionValidationError } from '../../src/errors.ts';
import { id } from '../../src/lib/uuid.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { i } from '../../src/schema/schema.ts';
import { schemaAttrs } from '../../src/transact/attr-defaults.ts';
import { lookup } from '../../src/transact/chunk.ts';
import { expandChunks } from '../../src/transact/expand.ts';
import { type Fixture, readVectors } from '../support/vectors.ts';

const fixture = readVectors<{ attrSets: Record<string, readonly WireAttr[]> }>('transform').attrSets['festival'] as Fixture['attrs'];
const attrs = Attrs.from(fixture);
const A1 = 'ac700000-0000-4000-8000-000000000001';
const F1 = 'fa200000-0000-4000-8000-000000000001';

function expand(...ops: readonly (readonly unknown[])[]): Step[] {
  return expandChunks({ __ops: ops }, { attrs, id });
}

function born(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => (step[0] === 'add-attr' ? [step[1]['forward-identity'].slice(1).join('.')] : []));
}

describe('rejected, by name', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = { cyclic };
  let deep: unknown = 1;
  for (let level = 0; level < 10_000; level++) deep = [deep];

  it.each<[string, readonly unknown[], string]>([
    ['no id', ['update', 'acts', undefined, {}], "'update' of 'acts'"],
    ['an id that is not a UUID', ['update', 'acts', 'a1', {}], 'a1'],
    ['no namespace', ['update', undefined, A1, {}], 'undefined'],
    ['a namespace called __proto__', ['update', '__proto__', A1, {}], '__proto__'],
    ['an attribute called __proto__', ['update', 'acts', A1, JSON.parse('{"__proto__": 1}')], '__proto__'],
    ['an action called constructor', ['constructor', 'acts', A1, {}], 'constructor'],
    ['no arguments', ['update', 'acts', A1], 'undefined'],
    ['a list of arguments', ['update', 'acts', A1, ['name']], 'array'],
    ...[new Date(0), new Map([['name', 'x']]), new Error('x'), new Blob([]), new URL('http://localhost')].map(
      ({ constructor }, at, all): [string, unknown[], string] => [
        `a ${constructor.name} in place of fields`,
        ['update', 'acts', A1, all[at]],
        `must be an object, but received: ${constructor.name}`,
      ],
    ),
    ['NaN', ['update', 'acts', A1, { fee: Number.NaN }], 'acts.fee'],
    ['Infinity', ['update', 'acts', A1, { rider: { beer: Infinity } }], 'acts.rider.beer'],
    ['a bigint', ['update', 'acts', A1, { rider: [1, 5n] }], 'acts.rider[1]'],
    ['a function', ['merge', 'acts', A1, { rider: { tea: () => 1 } }], 'acts.rider.tea'],
    ['a symbol', ['update', 'acts', A1, { rider: Symbol('x') }], 'acts.rider'],
    ['an object that contains itself', ['update', 'acts', A1, { rider: cyclic }], 'acts.rider.self.cyclic'],
    ['an object that is nested too deeply', ['update', 'acts', A1, { rider: deep }], 'levels deep'],
    ['a Map', ['update', 'acts', A1, { rider: new Map() }], 'acts.rider'],
    ...[
      new Blob(['x']), /x/, new Error('x'), Promise.resolve(), new Uint8Array(1), Buffer.from('x'), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)),
      Object(1), Object('x'), Object(true), Object(1n), new WeakMap(), new URLSearchParams('a=1'), globalThis,
    ].map((value) => [`a ${Object.prototype.toString.call(value)}`, ['update', 'acts', A1, { rider: { tea: [value] } }], 'acts.rider.tea[0]'] as [string, unknown[], string]), // prettier-ignore
    ['an invalid date', ['update', 'acts', A1, { formedAt: new Date(Number.NaN) }], 'acts.formedAt'],
    [
      'an own __proto__, which no server stores',
      ['update', 'acts', A1, { rider: JSON.parse('{"a": {"__proto__": {"x": 1}}}') }],
      'acts.rider.a',
    ],
    ['a date after the year 9999', ['update', 'acts', A1, { formedAt: new Date('+010000-01-01') }], 'acts.formedAt'],
    ['a date before the year 1, nested', ['update', 'acts', A1, { formedAt: { at: [new Date('-000001-01-01')] } }], 'acts.formedAt.at[0]'],
    ['a bigint for the rules', ['ruleParams', 'acts', A1, { code: 5n }], 'acts.code'],
    ['null for the rules', ['ruleParams', 'acts', A1, null], 'null'],
    ['a link to null', ['link', 'acts', A1, { fans: null }], 'acts.fans'],
    ['a link to a hole in a list', ['link', 'acts', A1, { fans: [F1, undefined] }], 'acts.fans'],
    ['a link to a string that is not a UUID', ['unlink', 'acts', A1, { fans: 'bo' }], 'bo'],
    ['a link to a number', ['link', 'acts', A1, { fans: 5 }], 'number'],
    ['a link by the name of an attribute', ['link', 'acts', A1, { name: F1 }], "'acts.name' is not a link"],
    ['a link called id', ['link', 'acts', A1, { id: F1 }], "'acts.id' is not a link"],
    ['an attribute by the name of a link', ['update', 'acts', A1, { fans: 'x' }], "'acts.fans' is a link"],
    ['a merge into a link', ['merge', 'fans', F1, { likes: {} }], "'fans.likes' is a link"],
    ['a lookup of two keys', ['update', 'acts', { name: 'a', fee: 1 }, {}], "'update' of 'acts'"],
    ['a lookup of three parts', ['update', 'acts', ['name', 'a', 'b'], {}], "'update' of 'acts'"],
    ['a lookup of nothing', ['update', 'acts', ['name', undefined], {}], "'update' of 'acts'"],
    ['a lookup by a link from its far end', ['update', 'passes', ['holder.id', F1], {}], 'forward side'],
    ['a lookup by a link that is not unique', ['update', 'sets', ['stage.id', F1], {}], 'sets.stage.id'],
    ['a lookup with no label', ['update', 'fans', ['.id', F1], {}], 'fans..id'],
  ])('%s', (_title, op, message) => {
    expect(() => expand(op)).toThrow(TransactionValidationError);
    expect(() => expand(op)).toThrow(message);
  });

  it('a transaction that throws takes no slot and keeps no attr', () => {
    const width = attrs.width('acts');
    expect(() => expand(['update', 'acts', A1, { mood: 'calm' }], ['update', 'acts', A1, { fee: 5n }])).toThrow();
    expect(() => expand(['update', 'acts', A1, { mood: 'calm' }], ['update', 'acts', ['fee', 1], {}])).toThrow();
    expect(attrs.width('acts')).toBe(width);
    expect(attrs.forward('acts', 'mood')).toBeUndefined();
  });

  it.each(['soon', '10000-01-01', 1e20, -1e20, 8.64e15, -6.3e13])('the date %s, which no server stores, with useDates', (formedAt) => {
    const chunk = { __ops: [['update', 'acts', A1, { formedAt }]] };
    expect(() => expandChunks(chunk, { attrs, id, useDates: true })).toThrow(TransactionValidationError);
    expect(() => expandChunks(chunk, { attrs, id, useDates: true })).toThrow('acts.formedAt');
  });
});

describe('a date that is written', () => {
  const sent = (formedAt: unknown, useDates: boolean): unknown => {
    try {
      return expandChunks({ __ops: [['update', 'acts', A1, { formedAt }]] }, { attrs, id, useDates }).at(-1)?.[3];
    } catch {
      return 'refused';
    }
  };
  const years = ['25', '0001', '0099', '2024', '2025', '9999'];
  const days = ['-01-01', '-1-1', '-13-01', '-00-01', '-02-29', '-02-30', '-04-31', '-12-32', '/02/30', '.06.15'];
  const times = [
    'T10',
    'T10:00',
    ' 10:00:00.5',
    'T24:00:00Z',
    'T25:00Z',
    'T10:60Z',
    't10:00:00z',
    'T10:00:00,5Z',
    'T10:00+16:00',
    'T10:00 EST',
    'T10:00 PM',
  ];
  const others = [
    'Jan 31, 2024',
    'Feb 30, 2024',
    'jan 31 2024',
    '30 Feb 2024',
    '20240131',
    '20241331',
    '2024-060',
    '2023-366',
    '01/02/2025',
    '13/01/2025',
    '"2025-13-01"',
    'Mon Feb 30 2025',
    '+012000-01-01T00:00:00.000Z',
    '-000001-01-01',
    '2025',
    '',
  ];
  const texts = [...years.flatMap((year) => days.map((day) => year + day)), ...times.map((time) => `2025-02-24${time}`), ...others];

  it.each(texts)('%s: with useDates it is the instant that the server reads, or is rejected', (text) => {
    const at = readStoredDate(text);
    expect(sent(text, true)).toEqual(Number.isNaN(at) ? 'refused' : new Date(at));
  });

  it('without useDates, impossible days and numbers out of range are rejected, values that the server stores are not', () => {
    for (const text of texts) if (hasType(text, 'date')) expect(sent(text, false)).toBe(text);
    const refused = ['2025-13-01', '2025-02-30T10:00Z', '13/01/2025', '+012000-01-01T00:00:00.000Z', '"2024-04-31"', 1e20, -1e20];
    for (const value of refused) expect([value, sent(value, false)]).toEqual([value, 'refused']);
    // Forms and zones that this client does not read, and words, are left to the server.
    for (const value of ['now', 'infinity', '2025-01-01 10:00 Europe/Berlin', 'soon', 0, null]) expect(sent(value, false)).toBe(value);
  });
});

describe('values', () => {
  const written = (value: unknown): unknown => expand(['update', 'acts', A1, { rider: value }]).at(-1)?.[3];

  it('are copied: later changes to the original are not written', () => {
    const rider = { tea: ['mint'] };
    const steps = expand(['update', 'acts', A1, { rider }]);
    rider.tea.push('milk');
    expect(steps.at(-1)?.[3]).toEqual({ tea: ['mint'] });
  });

  it.each<[string, unknown, unknown]>([
    ['undefined in an object is omitted', { tea: undefined, towels: 1 }, { towels: 1 }],
    ['undefined in an array is null', [undefined, 1], [null, 1]],
    ['an object with toJSON is converted', { toJSON: () => ({ towels: 1 }) }, { towels: 1 }],
    ['a date stays a date', { at: new Date(0) }, { at: new Date(0) }],
    ['one object in two places is copied twice', [fixture[0], fixture[0]], [fixture[0], fixture[0]]],
    ['null', null, null],
  ])('%s', (_title, given, expected) => {
    const value = written(given);
    expect(value).toEqual(expected);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe('names', () => {
  it('inherited keys are ordinary names', () => {
    expect(born(expand(['update', 'constructor', A1, { toString: 'x' }]))).toEqual(['constructor.id', 'constructor.toString']);
  });

  it('undefined links are omitted', () => {
    expect(expand(['link', 'acts', A1, { crew: undefined }])).toEqual([]);
  });

  it('an attribute created by an earlier operation can be a lookup, and is created unique', () => {
    const steps = expand(['update', 'tents', A1, { no: 7 }], ['update', 'tents', ['no', 8], { size: 2 }]);
    expect(born(steps)).toEqual(['tents.no', 'tents.id', 'tents.size']);
    expect(steps[0]?.[1]).toMatchObject({ 'unique?': true, 'index?': true });
  });

  it('an attribute with a dot in its name takes precedence over a link', () => {
    const dotted = attrs.with([{ ...(fixture[1] as WireAttr), id: id(), 'forward-identity': [id(), 'fans', 'pass.id'] }]);
    const [step] = expandChunks({ __ops: [['delete', 'fans', ['pass.id', 5]]] }, { attrs: dotted, id });
    expect(step).toEqual(['delete-entity', [dotted.forward('fans', 'pass.id')?.id, 5], 'fans']);
  });

  it('targets can be lookups as text and as objects, also in unlink', () => {
    const name = attrs.forward('acts', 'name')?.id;
    const likes = attrs.forward('fans', 'likes')?.id;
    for (const target of [lookup('name', 'Owls'), { name: 'Owls' }, [['name', 'Owls']]]) {
      expect(expand(['unlink', 'fans', F1, { likes: target }])).toEqual([['retract-triple', F1, likes, [name, 'Owls']]]);
    }
  });

  it('two lookups over a newly created link are both linked', () => {
    const chunk = { __ops: [['link', 'acts', A1, { tags: [lookup('name', 'folk'), lookup('name', 'jazz')] }]] };
    const layer = new Layer(new Store(attrs));
    const tags = expandChunks(chunk, { attrs, id });
    expect(tags.filter(([op]) => op === 'add-triple')).toHaveLength(2);
    expect(tags.find((step) => step[0] === 'add-attr')?.[1]).toMatchObject({ cardinality: 'many', 'unique?': false });
    expect(() => applySteps(layer, tags, { now: () => 1 })).not.toThrow();
  });
});

describe('schemas', () => {
  const schema = i.schema({
    entities: {
      acts: i.entity({ name: i.string().unique().indexed(), formedAt: i.date().optional(), rider: i.json().optional() }),
      sets: i.entity({ title: i.string() }),
    },
    links: {
      setAct: {
        forward: { on: 'sets', has: 'one', label: 'act', onDelete: 'cascade' },
        reverse: { on: 'acts', has: 'many', label: 'sets' },
      },
    },
  });
  const run = (...ops: readonly (readonly unknown[])[]): Step[] => expandChunks({ __ops: ops }, { attrs: Attrs.empty, schema, id });

  it.each([
    ['an attribute', ['update', 'acts', A1, { mood: 'calm' }], 'acts.mood'],
    ['an attribute called constructor', ['update', 'acts', A1, { constructor: 1 }], 'acts.constructor'],
    ['an entity', ['update', 'tents', A1, {}], 'tents.id'],
    ['a link', ['link', 'acts', A1, { crew: F1 }], 'acts.crew'],
    ['a lookup', ['update', 'acts', ['no', 1], {}], 'acts.no'],
  ])('reject %s they do not have', (_title, op, message) => {
    expect(() => run(op)).toThrow(TransactionValidationError);
    expect(() => run(op)).toThrow(message);
  });

  it('become attrs: every id, field and link, with all their properties', () => {
    const all = Attrs.from(schemaAttrs(schema, id));
    expect(all.list.map(({ etype, label }) => `${etype}.${label}`)).toEqual([
      'acts.id',
      'acts.name',
      'acts.formedAt',
      'acts.rider',
      'sets.id',
      'sets.title',
      'sets.act',
    ]);
    expect(all.forward('acts', 'id')).toMatchObject({ isUnique: true, isIndexed: false, isUnsynced: false, isRequired: false });
    expect(all.forward('acts', 'name')).toMatchObject({ isUnique: true, isIndexed: true, isRequired: true, checkedType: 'string' });
    expect(all.forward('acts', 'formedAt')).toMatchObject({ isRequired: false, checkedType: 'date' });
    expect(all.forward('acts', 'rider')?.checkedType).toBeUndefined();
    expect(all.reverse('acts', 'sets')).toMatchObject({ isMany: false, isUnique: false, cascadesToSource: true, cascadesToTarget: false });
    expect(new Set(all.list.map((attr) => attr.id)).size).toBe(7);
  });

  it('need no new attrs once their attrs exist', () => {
    const all = Attrs.from(schemaAttrs(schema, id));
    const steps = expandChunks(
      {
        __ops: [
          ['create', 'acts', A1, { name: 'Owls' }],
          ['link', 'acts', A1, { sets: F1 }],
        ],
      },
      { attrs: all, schema, id },
    );
    expect(born(steps)).toEqual([]);
  });
});
