// Undoing: a transaction and then its inverse leave everything as it was; so does the inverse of the inverse.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { applySteps } from '../../src/db/apply.ts';
import { Attrs } from '../../src/db/attrs.ts';
import { inverse } from '../../src/db/inverse.ts';
import { Layer } from '../../src/db/layer.ts';
import { Store } from '../../src/db/store.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { dataArb, worldArb } from '../oracle/generate.ts';
import { stepsArb } from '../oracle/generate-steps.ts';
import { check, patience } from '../support/runs.ts';

const now = () => 1_000;

/** Every triple, whatever its time and place. */
function triples(db: Store | Layer): string[] {
  const found: string[] = [];
  for (const { etype, blobs, links } of db.attrs.namespaces()) {
    for (const row of db.rows(etype)) {
      for (const attr of blobs) if (row.value(attr) !== undefined) found.push(JSON.stringify([row.id, attr.id, sorted(row.value(attr))]));
      for (const attr of links) for (const target of row.targets(attr)) found.push(JSON.stringify([row.id, attr.id, target]));
    }
  }
  return found.sort();
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const traceArb = worldArb.chain((world) =>
  fc.record({
    world: fc.constant(world),
    data: dataArb(world),
    steps: fc.array(stepsArb(world), { minLength: 1, maxLength: 3 }).map((list) => list.flat().filter(([op]) => !op.endsWith('-attr'))),
  }),
);

test(
  'a transaction followed by its inverse restores the store, and inverting again reapplies it',
  () =>
    check(
      fc.property(traceArb, ({ world, data, steps }) => {
        const attrs = Attrs.from(world.attrs);
        const store = new Store(attrs);
        store.load(data);
        const before = triples(store);
        const undoing = inverse(steps, store, { now });
        expect(triples(store)).toEqual(before);
        const layer = new Layer(store);
        applySteps(layer, steps, { now });
        const after = triples(layer);
        const redoing = inverse(undoing.steps, layer, { now });
        applySteps(layer, undoing.steps, { now });
        expect(triples(layer)).toEqual(before);
        applySteps(layer, redoing.steps, { now });
        expect(triples(layer)).toEqual(after);
      }),
      2_000,
    ),
  patience,
);

const name = '00000000-0000-4000-8000-00000000000a';
const idOf = '00000000-0000-4000-8000-00000000000b';
const a = '00000000-0000-4000-8000-000000000001';

const small = () => {
  const blob = (id: string, label: string) => ({
    id,
    'forward-identity': [`f${id}`, 'goals', label],
    'value-type': 'blob',
    cardinality: 'one',
  });
  const store = new Store(Attrs.from([blob(idOf, 'id'), blob(name, 'name')] as never));
  store.load([
    [a, idOf, a, 1],
    [a, name, 'old', 1],
  ]);
  return store;
};

test.each<[string, Step[], Step[]]>([
  ['a value', [['add-triple', a, name, 'new']], [['add-triple', a, name, 'old', { mode: 'update' }]]],
  ['nothing', [['add-triple', a, name, 'old']], []],
  ['an entity that is deleted', [['delete-entity', a, 'goals']], [['add-triple', a, idOf, a, { mode: 'create' }], ['add-triple', a, name, 'old']]], // prettier-ignore
  ['an entity that is created', [['add-triple', name, idOf, name], ['add-triple', name, name, 1]], [['delete-entity', name, 'goals']]], // prettier-ignore
])('%s', (_what, steps, expected) => {
  expect(inverse(steps, small(), { now }).steps).toEqual(expected);
});
