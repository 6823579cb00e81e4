// Changes of hundreds of rows at once, which a list takes in another way than a few: the same as from scratch, and
// what did not change is the same object.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import type { Query } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { View } from '../../src/reactor/queries/view.ts';
import { idAttr } from './generate.ts';
import { check, patience } from '../support/runs.ts';
import { checkIdentity } from './trace.ts';

const fee: WireAttr = {
  ...idAttr('acts'),
  id: 'acts.fee',
  'forward-identity': ['fee', 'acts', 'fee'],
  'unique?': false,
  'checked-data-type': 'number',
};
const rival: WireAttr = {
  ...idAttr('acts'),
  id: 'acts.rival',
  'value-type': 'ref',
  'unique?': false,
  'forward-identity': ['rival', 'acts', 'rival'],
  'reverse-identity': ['rivals', 'acts', 'rivals'],
};
const wire = [idAttr('acts'), fee, rival];
const nameOf = (n: number): string => `act${String(n).padStart(4, '0')}`;

interface Crowd {
  readonly count: number;
  readonly step: number;
  readonly spread: number;
}

const crowdArb = fc.record({
  count: fc.integer({ min: 450, max: 900 }),
  step: fc.integer({ min: 1, max: 3 }),
  spread: fc.integer({ min: 1, max: 97 }),
});

/** Every `step`th act of so many, each with a fee and a rival. */
function crowd({ count, step, spread }: Crowd): Triple[] {
  return Array.from({ length: count }, (_, at) => nameOf(at * step)).flatMap((e, at): Triple[] => [
    [e, 'acts.id', e, at % 7],
    [e, 'acts.fee', (at * spread) % 101, 1],
    [e, 'acts.rival', nameOf((at * spread) % count), 1],
  ]);
}

const queries: readonly Query[] = [
  { acts: {} },
  { acts: { $: { order: { fee: 'desc' }, limit: 20 } } },
  { acts: { $: { where: { fee: { $lt: 50 } } }, rivals: { $: { limit: 2, order: { fee: 'asc' } } } } },
  { acts: { $: { where: { 'rivals.fee': { $gt: 90 } }, fields: ['fee'] }, rival: { rival: {} } } },
];

it(
  'hundreds at once',
  () =>
    check(
      fc.property(fc.tuple(fc.constantFrom(...queries), fc.array(crowdArb, { minLength: 2, maxLength: 3 })), ([query, crowds]) => {
        const attrs = Attrs.from(wire);
        const view = new View(query, { attrs });
        const writes = crowds.map((next, order) => ({
          eventId: String(order),
          order,
          steps: [['add-triple', nameOf(next.count), fee.id, 5]] as never,
        }));
        let before: unknown;
        for (const [at, next] of crowds.entries()) {
          const store = new Store(attrs);
          store.load(crowd(next));
          view.setResult({ triples: crowd(next), pageInfo: undefined, aggregate: undefined });
          const shown = view.read();
          expect(shown?.data).toEqual(evaluate(compile(query, attrs), store).data);
          if (before) checkIdentity(before, shown, 'result');
          for (const write of writes.slice(at)) view.pending.add(write);
          view.read();
          for (const write of writes) view.pending.drop([write.eventId]);
          before = view.read();
          expect(before).toEqual(shown);
        }
      }),
      40,
      400,
    ),
  patience,
);
