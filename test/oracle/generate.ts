// Random apps: a schema, data for it, queries over it, and transactions on it. Few names and few values, so that
// everything meets everything: one id in several namespaces, ties in every order, links in circles.

import fc, { type Arbitrary } from 'fast-check';
import type { CheckedType, WireAttr } from '../../src/protocol/attr.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import type { LinkIndex } from '../../src/schema/schema.ts';
import type { Singular } from './naive.ts';

export interface World {
  readonly etypes: readonly string[];
  readonly attrs: readonly WireAttr[];
  readonly singular: Singular;
}

const etypeNames = ['acts', 'sets', 'fans', 'constructor'];
const labelNames = ['name', 'fee', 'on', 'when', 'toString'];
const ids = ['e1', 'e2', 'e3', 'e4', 'e5'];

export const idArb = fc.constantFrom(...ids);
const timeArb = fc.integer({ min: 1, max: 4 });
const cascade = fc.constantFrom(undefined, undefined, 'cascade' as const);

const texts = fc.constantFrom('a', 'b', 'A', 'é');
const numbers = fc.constantFrom(0, 1, 2);
const dates = fc.constantFrom<unknown>('2020-01-01', '2020-01-01T00:00:00Z', 1577836800000, 0, '2021-05-05');
/** Nothing that could be called, under the names of what is. */
const misnamed = fc.constantFrom('{"toString":1,"valueOf":2}', '[{"toString":null}]', '{"constructor":{"name":0}}', '[[]]');
const anything = fc.oneof(
  texts,
  numbers,
  fc.boolean(),
  fc.oneof({ weight: 3, arbitrary: fc.json({ maxDepth: 1 }) }, { weight: 1, arbitrary: misnamed }).map((text): unknown => JSON.parse(text)),
);
const objects = fc.dictionary(
  fc.constantFrom('k', 'l'),
  fc.oneof(
    numbers,
    fc.constant(null),
    fc.dictionary(fc.constantFrom('m', 'n'), fc.oneof(numbers, fc.constant(null)), { noNullPrototype: true }),
  ),
  { noNullPrototype: true },
);

export function valueOf(type: CheckedType | undefined): Arbitrary<unknown> {
  const some = { string: texts, number: numbers, boolean: fc.boolean(), date: dates };
  return type ? some[type] : fc.oneof(anything, objects);
}

// --- schema --------------------------------------------------------------------------------------------------------

const typeArb = fc.constantFrom<CheckedType | undefined>('string', 'number', 'boolean', 'date', undefined);

export function blobArb(etype: string, label: string): Arbitrary<WireAttr> {
  return fc.record({ type: typeArb, isUnique: fc.boolean(), isIndexed: fc.boolean() }).map(({ type, isUnique, isIndexed }) => ({
    id: `${etype}.${label}`,
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [`${etype}.${label}`, etype, label],
    'unique?': isUnique,
    'index?': isIndexed,
    ...(type && { 'checked-data-type': type }),
  }));
}

export function linkArb(etypes: readonly string[], at: number | string, targets = etypes): Arbitrary<WireAttr> {
  const one = fc.constantFrom('one' as const, 'many' as const);
  return fc
    .record({
      from: fc.constantFrom(...etypes),
      to: fc.constantFrom(...targets),
      cardinality: one,
      isUnique: fc.boolean(),
      down: cascade,
      up: cascade,
    })
    .map((link) => ({
      id: `link${at}`,
      'value-type': 'ref',
      cardinality: link.cardinality,
      'forward-identity': [`f${at}`, link.from, `to${at}`],
      'reverse-identity': [`r${at}`, link.to, `of${at}`],
      'unique?': link.isUnique,
      'index?': false,
      ...(link.down && { 'on-delete': link.down }),
      ...(link.up && { 'on-delete-reverse': link.up }),
    }));
}

export const idAttr = (etype: string): WireAttr => ({
  id: `${etype}.id`,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [`${etype}.id`, etype, 'id'],
  'unique?': true,
  'index?': false,
});

export const worldArb: Arbitrary<World> = fc
  .tuple(fc.shuffledSubarray(etypeNames, { minLength: 2, maxLength: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([etypes, links]) =>
    fc.record({
      etypes: fc.constant(etypes),
      blobs: fc.tuple(
        ...etypes.map((etype) => fc.tuple(...labelNames.slice(links % 4, 2 + (links % 4)).map((label) => blobArb(etype, label)))),
      ),
      links: fc.tuple(...Array.from({ length: links }, (_, at) => linkArb(etypes, at))),
      single: fc.integer({ min: 0, max: 255 }),
    }),
  )
  .map(({ etypes, blobs, links, single }) => {
    const ends = links.flatMap((link) => [link['forward-identity'], link['reverse-identity'] ?? link['forward-identity']]);
    const chosen = ends.filter((_, at) => (single >> at) % 2 === 1);
    const singular = Object.fromEntries(etypes.map((etype) => [etype, chosen.filter((end) => end[1] === etype).map((end) => end[2])]));
    return { etypes, attrs: [...etypes.map(idAttr), ...blobs.flat(), ...links], singular };
  });

/** What a schema would say of the links shown as one object. */
export function linkIndexOf({ singular }: World): LinkIndex {
  return Object.fromEntries(
    Object.entries(singular).map(([etype, labels]) => [
      etype,
      Object.fromEntries(labels.map((label) => [label, { isForward: true, isSingular: true, link: {} }])),
    ]),
  ) as unknown as LinkIndex;
}

// --- data ----------------------------------------------------------------------------------------------------------

function triplesOf({ attrs }: World, etype: string, id: string): Arbitrary<Triple[]> {
  const own = attrs.filter((attr) => attr['forward-identity'][1] === etype);
  const perAttr = own.map((attr): Arbitrary<Triple[]> => {
    const [, , label] = attr['forward-identity'];
    const triple = (values: Arbitrary<unknown>): Arbitrary<Triple> => fc.tuple(fc.constant(id), fc.constant(attr.id), values, timeArb);
    if (label === 'id')
      return fc.option(triple(fc.constant(id)), { freq: 8, nil: [] as never }).map((made) => (made.length > 0 ? [made] : []));
    if (attr['value-type'] === 'ref') {
      const targets = fc.uniqueArray(idArb, { maxLength: attr.cardinality === 'one' ? 1 : 3 });
      return fc.tuple(targets, timeArb).map(([list, t]) => list.map((target): Triple => [id, attr.id, target, t]));
    }
    return fc
      .option(triple(fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 5, arbitrary: valueOf(attr['checked-data-type']) })), {
        freq: 4,
      })
      .map((made) => (made ? [made] : []));
  });
  return fc.tuple(...perAttr).map((lists) => lists.flat());
}

export function dataArb(world: World): Arbitrary<Triple[]> {
  const entity = fc
    .tuple(fc.constantFrom(...world.etypes), idArb)
    .chain(([etype, id]) => fc.record({ key: fc.constant(`${etype} ${id}`), triples: triplesOf(world, etype, id) }));
  return fc
    .uniqueArray(entity, { selector: ({ key }) => key, minLength: 4, maxLength: 10 })
    .map((entities) => entities.flatMap(({ triples }) => triples));
}

// --- queries -------------------------------------------------------------------------------------------------------

interface End {
  readonly label: string;
  readonly etype: string;
}

const linkEnds = ({ attrs }: World, etype: string): End[] =>
  attrs.flatMap((attr) => {
    const { 'forward-identity': forward, 'reverse-identity': reverse } = attr;
    if (!reverse) return [];
    return [
      ...(forward[1] === etype ? [{ label: forward[2], etype: reverse[1] }] : []),
      ...(reverse[1] === etype ? [{ label: reverse[2], etype: forward[1] }] : []),
    ];
  });

export const blobsOf = ({ attrs }: World, etype: string): WireAttr[] =>
  attrs.filter((attr) => attr['forward-identity'][1] === etype && attr['value-type'] === 'blob');

function conditionArb(values: Arbitrary<unknown>): Arbitrary<unknown> {
  const plain = values.filter((value) => typeof value !== 'object');
  return fc.oneof(
    { weight: 4, arbitrary: plain },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.oneof({ weight: 5, arbitrary: plain }, { weight: 1, arbitrary: fc.constant(null) }), { maxLength: 3 })
        .map(($in) => ({ $in })),
    },
    { weight: 2, arbitrary: plain.map(($ne) => ({ $ne })) },
    { weight: 1, arbitrary: plain.map(($not) => ({ $not })) },
    { weight: 2, arbitrary: fc.boolean().map(($isNull) => ({ $isNull })) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), plain).map(([operator, bound]) => ({ [operator]: bound })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('$like', '$ilike'), fc.constantFrom('a%', '%b', '_', 'A', '%'))
        .map(([operator, pattern]) => ({ [operator]: pattern })),
    },
    { weight: 1, arbitrary: fc.tuple(plain, plain).map(([$gte, $ne]) => ({ $gte, $ne })) },
  );
}

function entryArb(world: World, etype: string, depth: number): Arbitrary<[string, unknown]> {
  const ends = linkEnds(world, etype);
  const blobs = blobsOf(world, etype);
  const places = [...blobs, ...ends, ...(depth > 0 ? ends.map((beyond) => ({ beyond })) : [])];
  return fc.constantFrom(...places).chain((place): Arbitrary<[string, unknown]> => {
    if ('beyond' in place) {
      const { label, etype: far } = place.beyond;
      return entryArb(world, far, depth - 1).map(([rest, requested]) => [`${label}.${rest}`, requested]);
    }
    if ('etype' in place) return conditionArb(idArb).map((requested) => [place.label, requested]);
    const [, , label] = place['forward-identity'];
    return conditionArb(label === 'id' ? idArb : valueOf(place['checked-data-type'])).map((requested) => [label, requested]);
  });
}

function whereArb(world: World, etype: string, depth = 1): Arbitrary<Record<string, unknown>> {
  const entries = fc.array(entryArb(world, etype, 2), { minLength: 1, maxLength: 2 }).map((list) => Object.fromEntries(list));
  if (depth === 0) return entries;
  const group = fc.tuple(fc.constantFrom('or', 'and'), fc.array(whereArb(world, etype, depth - 1), { minLength: 1, maxLength: 2 }));
  return fc.oneof(
    { weight: 3, arbitrary: entries },
    { weight: 1, arbitrary: fc.tuple(entries, group).map(([some, [kind, members]]) => ({ ...some, [kind]: members })) },
    { weight: 1, arbitrary: group.map(([kind, members]) => ({ [kind]: members })) },
  );
}

const maybe = <Type>(arb: Arbitrary<Type>, freq = 2): Arbitrary<Type | undefined> => fc.option(arb, { nil: undefined, freq });
const countArb = fc.integer({ min: 1, max: 3 });

function optionsArb(world: World, etype: string, isTop: boolean): Arbitrary<Record<string, unknown>> {
  const labels = blobsOf(world, etype).map((attr) => attr['forward-identity'][2]);
  const order = fc
    .tuple(fc.constantFrom('serverCreatedAt', ...labels), fc.constantFrom('asc', 'desc'))
    .map(([label, direction]) => ({ [label]: direction }));
  const page = fc.oneof(
    fc.constant({}),
    countArb.map((limit) => ({ limit })),
    ...(isTop
      ? [
          countArb.map((last) => ({ last })),
          fc.record({ limit: countArb, offset: fc.integer({ min: 0, max: 2 }) }),
          countArb.map((offset) => ({ offset })),
        ]
      : []),
  );
  return fc
    .record({
      where: maybe(whereArb(world, etype), 2),
      order: maybe(order),
      fields: maybe(fc.subarray(labels.filter((label) => label !== 'id'))),
      page,
    })
    .map(({ page: cut, ...rest }) => Object.fromEntries(Object.entries({ ...rest, ...cut }).filter(([, value]) => value !== undefined)));
}

function nodeArb(world: World, etype: string, depth: number, isTop: boolean): Arbitrary<Record<string, unknown>> {
  const ends = depth > 0 ? linkEnds(world, etype) : [];
  const children = fc
    .subarray(ends, { maxLength: Math.min(2, ends.length) })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((end) => [end.label, nodeArb(world, end.etype, depth - 1, false)]))));
  return fc.tuple(maybe(optionsArb(world, etype, isTop), 3), children).map(([$, below]) => ({ ...($ && { $ }), ...below }));
}

export function queryArb(world: World): Arbitrary<Record<string, Record<string, unknown>>> {
  return fc
    .subarray([...world.etypes], { minLength: 1, maxLength: 2 })
    .chain((etypes) => fc.record(Object.fromEntries(etypes.map((etype) => [etype, nodeArb(world, etype, 2, true)]))));
}
