// What conditions and options mean, on the server and in a client, where the recordings of the original server settle it.

import { describe, expect, test } from 'vitest';

import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { likeMatcher } from '../../src/lib/like.ts';
import { isStorableDate, readStoredDate } from '../../src/lib/stored-dates.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile, type CompileOptions } from '../../src/query/compile.ts';
import { condition, instant } from '../../src/query/conditions.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { answerQuery } from '../../src/query/result-triples.ts';
import type { Query } from '../../src/query/query.ts';

const attr = (etype: string, label: string, more: object = {}): WireAttr => {
  const identity = [`i.${etype}.${label}`, etype, label];
  const common = { id: `${etype}.${label}`, 'value-type': 'blob', cardinality: 'one', 'forward-identity': identity };
  return { ...common, 'unique?': false, 'index?': false, ...more } as unknown as WireAttr;
};

const attrs = Attrs.from([
  attr('bands', 'id'),
  attr('bands', 'name'),
  attr('songs', 'id'),
  attr('songs', 'title'),
  attr('songs', 'key'),
  attr('songs', 'band', { 'value-type': 'ref', 'reverse-identity': ['i.bands.songs', 'bands', 'songs'] }),
]);

const triples: Triple[] = [
  ...['a1', 'a2', 'b1'].flatMap((id, at): Triple[] => [
    [id, 'bands.id', id, at],
    [id, 'bands.name', `band ${id}`, at],
  ]),
  ...['s1', 's2'].map((id): Triple => [id, 'songs.id', id, 5]),
  ['s1', 'songs.title', 'Dawn', 5],
  ['s2', 'songs.key', 'D', 5],
  ['s1', 'songs.band', 'a1', 5],
  ['s2', 'songs.band', 'a1', 5],
];

const store = new Store(attrs, { times: true });
store.load(triples);

function idsOf(query: Query, options: CompileOptions = {}): unknown[] {
  const compiled = compile(query, attrs, options);
  const { data } = evaluate(compiled, store, answerQuery(compiled, store));
  return (data['bands'] ?? []).map((row) => (row as { id: string }).id);
}

describe('conditions', () => {
  test('$entityIdStartsWith filters on the server, and is ignored by clients', () => {
    const query = { bands: { $: { where: { $entityIdStartsWith: 'a' } } } };
    expect(idsOf(query, { filtersByIdPrefix: true })).toEqual(['a1', 'a2']);
    expect(idsOf(query)).toEqual(['a1', 'a2', 'b1']);
  });

  test('$entityIdStartsWith filters by linked ids too', () => {
    const query = { bands: { $: { where: { 'songs.$entityIdStartsWith': 's2' } } } };
    expect(idsOf(query, { filtersByIdPrefix: true })).toEqual(['a1']);
    expect(idsOf({ bands: { $: { where: { 'songs.$entityIdStartsWith': 'x' } } } }, { filtersByIdPrefix: true })).toEqual([]);
  });

  test('entries of one where constrain one linked entity, entries of a member of `and` do not', () => {
    const both = { 'songs.title': 'Dawn', 'songs.key': 'D' };
    expect(idsOf({ bands: { $: { where: both } } })).toEqual([]);
    expect(idsOf({ bands: { $: { where: { and: [both] } } } })).toEqual(['a1']);
  });
});

describe('dates are compared as the server does, also where clients make `Date` objects of them', () => {
  const dated = Attrs.from([attr('bands', 'id'), attr('bands', 'at', { 'checked-data-type': 'date' })]);
  const stored = [1.5, 1, '1970-01-01T00:00:00.0015Z', '1970-01-01T00:00:00.001Z', 0, 2];

  test.each([
    ['a number with a fraction', 1.5, [0]],
    ['the millisecond', 1, [1, 2, 3]],
    ['a text with microseconds', '1970-01-01T00:00:00.0015Z', [1, 2, 3]],
    ['one of a list', { $in: [1.5, 1.9] }, [0]],
    ['other dates', { $not: 1.5 }, [1, 2, 3, 4, 5]],
    ['later dates', { $gt: 1.4 }, [0, 5]],
    ['no earlier dates', { $gte: 1.5 }, [0, 5]],
  ] as const)('%s', (_what, at, expected) => {
    for (const useDates of [false, true]) {
      const rows = new Store(dated, { times: true, useDates });
      rows.load(stored.flatMap((value, n): Triple[] => [[`b${n}`, 'bands.id', `b${n}`, n], [`b${n}`, 'bands.at', value, n]])); // prettier-ignore
      const compiled = compile({ bands: { $: { where: { at: at as never } } } }, dated, { useDates });
      const { data } = evaluate(compiled, rows, answerQuery(compiled, rows));
      expect((data['bands'] ?? []).map((row) => Number((row as { id: string }).id.slice(1)))).toEqual(expected);
    }
  });

  test('a number of milliseconds that no `Date` has is handed out as it is', () => {
    const rows = new Store(dated, { useDates: true });
    rows.load([['b1', 'bands.id', 'b1', 1], ['b1', 'bands.at', 8_640_000_000_000_001, 1]]); // prettier-ignore
    expect(rows.row('bands', 'b1')?.values).toEqual(['b1', 8_640_000_000_000_001]);
  });
});

describe('options', () => {
  test('null and false mean not set', () => {
    const none = { limit: null, order: false, where: null, fields: false, aggregate: null, offset: false, after: null };
    expect(idsOf({ bands: { $: none } })).toEqual(['a1', 'a2', 'b1']);
  });

  test('offset with last counts from the end', () => expect(idsOf({ bands: { $: { last: 1, offset: 1 } } })).toEqual(['a2']));
});

describe('a tree', () => {
  const treeOf = (query: Query, options: Partial<CompileOptions> = {}): unknown =>
    evaluate(compile(query, attrs, { tree: { omitsUnlinked: false }, ...options }), store).data;

  test('a has-one link is a field', () =>
    expect(treeOf({ songs: { $: { fields: ['band'] } } })).toMatchObject({ songs: [{ band: 'a1' }, {}] }));
  test('a counted namespace is an empty list', () => expect(treeOf({ bands: { $: { aggregate: 'count' } } })).toEqual({ bands: [] }));

  test('an empty has-one link is null', () => {
    const singular = { bands: { songs: { isSingular: true } } };
    expect(treeOf({ bands: { $: { where: { id: 'b1' } }, songs: {} } }, { singular })).toMatchObject({ bands: [{ songs: null }] });
  });

  test('omitsUnlinked omits a nested key without links', () => {
    const query = { bands: { $: { fields: ['id'] }, songs: { $: { fields: ['id'] } } } };
    expect(treeOf(query, { tree: { omitsUnlinked: true } })).toEqual({
      bands: [{ id: 'a1', songs: [{ id: 's1' }, { id: 's2' }] }, { id: 'a2' }, { id: 'b1' }],
    });
    expect(treeOf(query)).toMatchObject({ bands: [{}, { songs: [] }, { songs: [] }] });
  });
});

test.each([
  ['50\\%', '50%', true],
  ['50\\%', '50x', false],
  ['a\\_b', 'a_b', true],
  ['a\\_b', 'axb', false],
  ['a\\\\b', 'a\\b', true],
  ['a\\', 'a\\', true],
])('the pattern %s and the text %s: %s', (pattern, text, expected) => expect(likeMatcher(pattern, false)(text)).toBe(expected));

test.each([
  ['2024-01-05', '2024-01-05T00:00:00.000Z'],
  ['Jan 5, 2024', '2024-01-05T00:00:00.000Z'],
  ['05 January 2024', '2024-01-05T00:00:00.000Z'],
  ['20240105T102030Z', '2024-01-05T10:20:30.000Z'],
  ['2024-005', '2024-01-05T00:00:00.000Z'],
  ['2024-01-05t10:20:30Z', '2024-01-05T10:20:30.000Z'],
  ['2024-01-31T10:00:00 Europe/Berlin', '2024-01-31T09:00:00.000Z'],
  ['2024-07-31T10:00:00[europe/berlin]', '2024-07-31T08:00:00.000Z'],
  ['2024-01-31 America/New_York', '2024-01-31T05:00:00.000Z'],
  ['2024-01-31T10:00:00 Etc/GMT+5', '2024-01-31T15:00:00.000Z'],
  // An hour that is skipped, and one that is there twice: standard time.
  ['2024-03-31 02:30 Europe/Berlin', '2024-03-31T01:30:00.000Z'],
  ['2024-10-27 02:30 Europe/Berlin', '2024-10-27T01:30:00.000Z'],
  ['J2451187', '1999-01-08T00:00:00.000Z'],
  ["'2024-01-31'", '2024-01-31T00:00:00.000Z'],
  ['(2024-01-31)', '2024-01-31T00:00:00.000Z'],
  ['Sept 3, 2024', '2024-09-03T00:00:00.000Z'],
  ['Jan 1, 0001', '0001-01-01T00:00:00.000Z'],
  ['1 Jan 0099', '0099-01-01T00:00:00.000Z'],
  ['00010101', '0001-01-01T00:00:00.000Z'],
  ['0096-366', '0096-12-31T00:00:00.000Z'],
  ['01/01/50', '2050-01-01T00:00:00.000Z'],
  ['1.2.00 10:30:00+02', '2000-01-02T08:30:00.000Z'],
  ['1/1/70', '1970-01-01T00:00:00.000Z'],
  ['1/1/070', '0070-01-01T00:00:00.000Z'],
])('%s can be stored as a date', (text, expected) => {
  expect(new Date(readStoredDate(text)).toISOString()).toBe(expected);
  expect(isStorableDate(text)).toBe(true);
});

test('the last day that can be stored is beyond what a Date can hold', () => {
  expect(readStoredDate('294276-12-31')).toBe(9_224_317_929_600_000);
  expect(isStorableDate('294276-12-31')).toBe(true);
  expect(isStorableDate('294277-01-01')).toBe(false);
});

test.each(['Fri Jan 05 2024 10:20:30 GMT+0200', 'Wed Jan 31 2024 10:00:00 GMT+0000 (Coordinated Universal Time)'])(
  '%s is read if it is already stored, and cannot be newly stored',
  (text) => {
    expect(readStoredDate(text)).not.toBeNaN();
    expect(isStorableDate(text)).toBe(false);
  },
);

test.each([
  ...['2024-02-30', '2023-02-29', '2024-13-01', '24-01-05', '2024-01-05T10', '2024-366x', '2023-366', 1e17, -1e15, 'Foo 5, 2024', ''],
  ...['2024-01-31T10:00:00,5Z', '2024-01-31T10:00:00+25:00', 'Fri Feb 30 2024 10:00:00 GMT+0000', 'Fri, 30 Feb 2024 10:00:00 GMT'],
  ...['2024-01-31T10:00:93Z', '2024-01-31T10:60:00Z', '2024-01-31T24:00:01Z', '2024-01-31T10:00:00 Nowhere/City', 'Janua 3, 2024'],
  ...['2024-01-31T10:00:00+00:00[UTC]', 5e-324, '00000101', '0000-001', 'Jan 1, 0000'],
])('%s cannot be stored as a date', (value) => expect(readStoredDate(value)).toBeNaN());

test.each(['Wed Jan 31 2024 10:00:00 GMT+0000', 'Wed, 31 Jan 2024 10:00:00 GMT', '2024-01-31T10:00:00+14:00', '2024-01-31 10:00:00.5'])(
  '%s can be stored as a date',
  (value) => expect(readStoredDate(value)).not.toBeNaN(),
);

test.each([
  [{ $lt: '2024-01-01' }, ['-infinity', '2023-12-31']],
  [{ $gte: '2024-01-01' }, ['2024-01-01', 'infinity']],
  ['infinity', ['infinity']],
  [{ $in: ['-infinity'] }, ['-infinity']],
])('%j finds stored infinities at either end of time', (given, found) => {
  const { matches } = condition(given, true);
  expect(['-infinity', '2023-12-31', '2024-01-01', 'infinity', 'never'].filter(matches)).toEqual(found);
});

test('infinite dates are ordered before and after all others', () => {
  expect(['-infinity', '2024-01-01', 'infinity', 'never'].map(instant)).toEqual([-Infinity, Date.UTC(2024, 0, 1), Infinity, NaN]);
});
