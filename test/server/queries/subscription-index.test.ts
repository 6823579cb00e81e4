// A change finds the queries it is for, by what their conditions say; over random queries and data it never misses one.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applySteps } from '../../../src/db/apply.ts';
import { Attrs } from '../../../src/db/attrs.ts';
import { Layer } from '../../../src/db/layer.ts';
import { Store } from '../../../src/db/store.ts';
import { timesAfter } from '../../../src/db/times.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { type CompiledQuery, compile } from '../../../src/query/compile.ts';
import { matchingSteps } from '../../../src/query/matching.ts';
import { completed } from '../../../src/lib/yielding.ts';
import { answerQuery, resultOfRow } from '../../../src/query/result-triples.ts';
import { dependenciesOf } from '../../../src/query/dependencies.ts';
import type { Query } from '../../../src/query/query.ts';
import { isSumOfRows } from '../../../src/query/ref-count.ts';
import { SubscriptionIndex } from '../../../src/server/queries/subscription-index.ts';
import { dataArb, queryArb, worldArb } from '../../oracle/generate.ts';
import { stepsArb } from '../../oracle/generate-steps.ts';
import { check, patience } from '../../support/runs.ts';
import { type Fixture, readVectors } from '../../support/vectors.ts';

const { fixtures } = readVectors<{ fixtures: { festival: Fixture } }>('server');
const owls = 'ac700000-0000-4000-8000-000000000001';
const lynx = 'ac700000-0000-4000-8000-000000000002';
const opening = '5e700000-0000-4000-8000-000000000001';
const attrs = Attrs.from(fixtures.festival.attrs);
const attr = (etype: string, label: string): string => attrs.forward(etype, label)?.id ?? '';

function finds(queries: readonly Query[], store: Store, steps: readonly Step[]): number[] {
  const index = new SubscriptionIndex<number>();
  queries.forEach((query, at) => index.add(at, dependenciesOf(compile(query, store.attrs))));
  const layer = new Layer(store);
  applySteps(layer, steps, { now: () => 9000, times: timesAfter });
  const changeSet = store.commit(layer);
  return [...index.find(changeSet, store)].sort();
}

describe('a change of one act', () => {
  const where = (conditions: object): Query => ({ acts: { $: { where: conditions } } });
  it.each<[string, Query, boolean]>([
    ['all acts', { acts: {} }, true],
    ['another namespace', { passes: {} }, false],
    ['its id', where({ id: owls }), true],
    ['another id', where({ id: lynx }), false],
    ['its value', where({ fee: 100 }), true],
    ['the value it had', where({ fee: { $in: [100] } }), true],
    ['the value it gets', where({ fee: 101 }), true],
    ['another value', where({ fee: 102 }), false],
    ['one of two', where({ or: [{ fee: 102 }, { name: 'Owls' }] }), true],
    ['neither of two', where({ or: [{ fee: 102 }, { name: 'Lynx' }] }), false],
    ['not a value', where({ name: { $ne: 'Lynx' } }), true],
    ['an entity linked to it', where({ 'sets.id': opening }), true],
    ['an entity not linked to it', where({ 'sets.id': lynx }), false],
    ['acts nested in a set it belongs to', { sets: { $: { where: { id: opening } }, act: {} } }, true],
    ['acts nested in another set', { sets: { $: { where: { id: lynx } }, act: {} } }, false],
    ['sets by the value that their act gets', { sets: { $: { where: { 'act.fee': 101 } } } }, true],
    ['a set by id, or by another act', { sets: { $: { where: { or: [{ id: opening }, { 'act.id': lynx }] } } } }, false],
    ['sets by another value of their act', { sets: { $: { where: { 'act.fee': 102 } } } }, false],
  ])('%s', (_what, query, expected) => {
    const store = new Store(attrs, { times: true });
    store.load(fixtures.festival.triples);
    expect(finds([query], store, [['add-triple', owls, attr('acts', 'fee'), 101]])).toEqual(expected ? [0] : []);
  });
});

it('a query that was removed is not found', () => {
  const store = new Store(attrs, { times: true });
  const index = new SubscriptionIndex<number>();
  const queries = [{ acts: { $: { where: { fee: 1 } } } }, { acts: {} }] as unknown as Query[];
  const dependencies = queries.map((query) => dependenciesOf(compile(query, attrs)));
  dependencies.forEach((some, at) => index.add(at, some));
  dependencies.forEach((some, at) => index.remove(at, some));
  const layer = new Layer(store);
  applySteps(layer, [['add-triple', owls, attr('acts', 'fee'), 1]], { now: () => 1, times: timesAfter });
  expect(index.find(store.commit(layer), store).size).toBe(0);
});

/** All that is sent, in an order of its own; and which row brings what of it, which is counted where an answer is the sum of its rows. */
function result(compiled: CompiledQuery, store: Store): string {
  const sorted = (triples: readonly Triple[]): string[] => triples.map((triple) => JSON.stringify(triple)).sort();
  const { triples, pageInfo, aggregate } = answerQuery(compiled, store);
  const shares = isSumOfRows(compiled)
    ? compiled.nodes.map((form) =>
        completed(matchingSteps(form, store)).map(({ id }) => [id, sorted(resultOfRow(compiled, form, id, store))]),
      )
    : [];
  return JSON.stringify([sorted(triples), pageInfo, aggregate, shares.map((rows) => rows.map((row) => JSON.stringify(row)).sort())]);
}

/** Whether there is a namespace of which not every change is for it. */
function isChoosy(compiled: CompiledQuery): boolean {
  const dependencies = dependenciesOf(compiled);
  return dependencies.some(({ etype }) => !dependencies.some((other) => other.etype === etype && other.keyConstraint === undefined));
}

it(
  'every query whose result changes is found',
  () => {
    let spared = 0;
    const caseArb = worldArb.chain((world) =>
      fc.record({
        world: fc.constant(world),
        query: queryArb(world).filter((query) => isChoosy(compile(query, Attrs.from(world.attrs)))),
        data: dataArb(world),
        steps: stepsArb(world).map((steps) => steps.filter(([op]) => !op.endsWith('-attr'))),
      }),
    );
    check(
      fc.property(caseArb, ({ world, query, data, steps }) => {
        const store = new Store(Attrs.from(world.attrs), { times: true });
        store.load(data);
        const compiled = compile(query, store.attrs);
        const index = new SubscriptionIndex<string>();
        index.add('it', dependenciesOf(compiled));
        const before = result(compiled, store);
        const layer = new Layer(store);
        applySteps(layer, steps, { now: () => 9000, times: timesAfter });
        const changeSet = store.commit(layer);
        if (index.find(changeSet, store).has('it')) return;
        if (result(compiled, store) !== before) throw new Error('answered otherwise, and not found');
        if (changeSet.size > 0) spared++;
      }),
      1_000,
    );
    expect(spared).toBeGreaterThan(100);
  },
  patience,
);
