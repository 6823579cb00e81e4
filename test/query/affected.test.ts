// Which changes concern which queries: by example, and over random data: where an answer changed, it must say so,
// and not much more often than that.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applySteps } from '../../src/db/apply.ts';
import { Attrs } from '../../src/db/attrs.ts';
import { Layer } from '../../src/db/layer.ts';
import { Store } from '../../src/db/store.ts';
import { timesAfter } from '../../src/db/times.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { isAffected } from '../../src/query/affected.ts';
import { type CompiledQuery, compile } from '../../src/query/compile.ts';
import { type ResultOptions, answerQuery } from '../../src/query/result-triples.ts';
import type { Query } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { dataArb, queryArb, worldArb } from '../oracle/generate.ts';
import { stepsArb } from '../oracle/generate-steps.ts';
import { check, patience } from '../support/runs.ts';
import { type Fixture, readVectors } from '../support/vectors.ts';

const { fixtures } = readVectors<{ fixtures: { festival: Fixture } }>('server');
const owls = 'ac700000-0000-4000-8000-000000000001';
const lynx = 'ac700000-0000-4000-8000-000000000002';
const opening = '5e700000-0000-4000-8000-000000000001';
const attrs = Attrs.from(fixtures.festival.attrs);
const id = (etype: string, label: string): string => attrs.forward(etype, label)?.id ?? '';
const set = (etype: string, e: string, label: string, value: unknown): Step => ['add-triple', e, id(etype, label), value];

describe('a change', () => {
  const dearer = set('acts', owls, 'fee', 101);
  const unlinked: Step = ['retract-triple', opening, id('sets', 'act'), owls];
  it.each<[string, Query, Step, boolean]>([
    ['of a value shown', { acts: {} }, dearer, true],
    ['of another namespace', { passes: {} }, dearer, false],
    ['of a value not among the fields', { acts: { $: { fields: ['name'] } } }, dearer, false],
    ['of a value not among the fields, but in where', { acts: { $: { fields: ['name'], where: { fee: { $gt: 0 } } } } }, dearer, true],
    ['of a value not among the fields, but ordered by', { acts: { $: { fields: ['name'], order: { fee: 'asc' } } } }, dearer, true],
    ['of a row that does not match', { acts: { $: { where: { name: 'Lynx' } } } }, dearer, false],
    ['of a row that no longer matches', { acts: { $: { where: { fee: 100 } } } }, dearer, true],
    ['below', { stages: { sets: { act: {} } } }, dearer, true],
    [
      'of a row that no link reaches',
      { stages: { $: { where: { name: 'Hill' } }, sets: { $: { where: { title: 'Nothing' } }, act: {} } } },
      dearer,
      false,
    ],
    ['on a path', { sets: { $: { where: { 'act.fee': { $gt: 100 } } } } }, dearer, true],
    ['on a path, of a value not in the path', { sets: { $: { where: { 'act.name': 'Lynx' } } } }, dearer, false],
    ['of a link below', { acts: { sets: {} } }, unlinked, true],
    ['of a link on a path', { acts: { $: { where: { 'sets.title': 'Opening' } } } }, unlinked, true],
    ['of a link not in the query', { fans: { likes: {} } }, unlinked, false],
    ['of how many there are', { acts: { $: { aggregate: 'count' } } }, ['delete-entity', lynx, 'acts'], true],
  ])('%s', (_what, query, step, expected) => {
    const store = new Store(attrs, { times: true });
    store.load(fixtures.festival.triples);
    const compiled = compile(query, attrs);
    expect(isAffected(compiled, commit(store, [step]), store)).toBe(expected);
  });
});

function commit(store: Store, steps: readonly Step[]): ReturnType<Store['commit']> {
  const layer = new Layer(store);
  applySteps(layer, steps, { now: () => 9000, times: timesAfter });
  return store.commit(layer);
}

function resolved(compiled: CompiledQuery, store: Store, options: ResultOptions): string {
  const result = answerQuery(compiled, store, options);
  const client = new Store(store.attrs);
  client.load(result.triples);
  return JSON.stringify(evaluate(compiled, client, result));
}

it(
  'a query whose result changed was affected',
  () => {
    const notified = { rightly: 0, needlessly: 0, silent: 0 };
    const caseArb = worldArb.chain((world) =>
      fc.record({
        world: fc.constant(world),
        query: queryArb(world),
        data: dataArb(world),
        steps: stepsArb(world).map((steps) => steps.filter(([op]) => !op.endsWith('-attr'))),
        hidden: fc.option(fc.constantFrom('fee', 'name'), { nil: undefined }),
      }),
    );
    check(
      fc.property(caseArb, ({ world, query, data, steps, hidden }) => {
        const store = new Store(Attrs.from(world.attrs), { times: true });
        store.load(data);
        const compiled = compile(query, store.attrs);
        const options: ResultOptions = hidden
          ? { visible: (_etype, { id: e }, label) => (label === undefined ? e !== 'e1' : label !== hidden) }
          : {};
        const before = resolved(compiled, store, options);
        const changeSet = commit(store, steps);
        const isChanged = resolved(compiled, store, options) !== before;
        const isNotified = isAffected(compiled, changeSet, store, options);
        if (isChanged && !isNotified) throw new Error(`${before} changed unnoticed`);
        notified[isChanged ? 'rightly' : isNotified ? 'needlessly' : 'silent']++;
      }),
      2_000,
    );
    expect(notified.needlessly).toBeLessThan((notified.rightly + notified.silent) / 4);
  },
  patience,
);
