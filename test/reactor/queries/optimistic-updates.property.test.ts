// Queries that a write makes no difference to are not bothered with it. Whatever happens, each shows what a view shows that is handed
// every write there is, and knows what the other answers tell.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, it } from 'vitest';

import { Attrs } from '../../../src/db/attrs.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { LiveQueries } from '../../../src/reactor/queries/live-queries.ts';
import { isIncluded } from '../../../src/reactor/tx-position.ts';
import { View } from '../../../src/reactor/queries/view.ts';
import type { Mutation } from '../../../src/reactor/mutations/mutation.ts';
import { dataArb, idAttr, linkIndexOf, queryArb, type World, worldArb } from '../../oracle/generate.ts';
import { attrStepArb, stepsArb } from '../../oracle/generate-steps.ts';
import { openQuery } from '../../support/live-queries.ts';
import { check, patience } from '../../support/runs.ts';
import { nodes } from '../../support/goals.ts';
import { plain } from '../../support/vectors.ts';

type Event =
  | { readonly kind: 'answer' | 'delta'; readonly query: number; readonly keep: number; readonly lag: number }
  | { readonly kind: 'write'; readonly steps: readonly Step[]; readonly isLate: boolean }
  | { readonly kind: 'reopen'; readonly query: number }
  | { readonly kind: 'confirm' | 'refuse'; readonly at: number }
  | { readonly kind: 'attrs'; readonly step: Step };

const traceArb = worldArb.chain((world) => {
  const write = fc.record({ kind: fc.constant('write' as const), steps: stepsArb(world), isLate: fc.nat(9).map((n) => n === 9) });
  const at = fc.nat(7);
  return fc.record({
    world: fc.constant(world),
    queries: fc.array(queryArb(world), { minLength: 1, maxLength: 9 }),
    data: dataArb(world).map((data) => withUnique(world, data)),
    /** Which triples the first answers hold, each by its bits. */
    keeps: fc.array(fc.oneof(fc.constant(-1), fc.integer()), { minLength: 9, maxLength: 9 }),
    happenings: fc.array(
      fc.oneof<[fc.WeightedArbitrary<Event>, ...fc.WeightedArbitrary<Event>[]]>(
        { weight: 8, arbitrary: write },
        {
          weight: 3,
          arbitrary: fc.record({ kind: fc.constant('answer' as const), query: fc.nat(8), keep: fc.integer(), lag: fc.nat(2) }),
        },
        { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const, 'refuse' as const), at }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), query: fc.nat(8) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('attrs' as const), step: attrStepArb(world) }) },
      ),
      { minLength: 1, maxLength: 12 },
    ),
  });
});

/** No server sends two holders of a unique value. */
function withUnique({ attrs }: World, data: readonly Triple[]): Triple[] {
  const unique = new Set(attrs.filter((attr) => attr['unique?']).map(({ id }) => id));
  const seen = new Set<string>();
  return data.filter(([, attrId, value]) => !unique.has(attrId) || seen.size !== seen.add(`${attrId} ${JSON.stringify(value)}`).size);
}

interface Trace {
  readonly world: World;
  readonly queries: readonly Record<string, unknown>[];
  readonly data: readonly Triple[];
  readonly keeps?: readonly number[];
  readonly happenings: readonly Event[];
}

function play({ world, queries: requested, data, keeps = [], happenings: events }: Trace): void {
  let attrs = Attrs.from(world.attrs);
  const links = linkIndexOf(world);
  const queries = new LiveQueries(attrs, { links, now: () => 1000, monotonicNow: () => 1000 });
  const lives = [...new Set(requested.map((query, at) => openQuery(queries, query, `q${at}`)))];
  const kept = (keep: number): Triple[] => data.filter((_, at) => (keep >> (at % 31)) & 1);
  const results = lives.map((_, at) => kept(keeps[at] ?? -1));
  let writes: Mutation[] = [];
  let txId = 1;
  let count = 0;
  lives.forEach(({ query }, at) =>
    queries.applyResult({ op: 'add-query-ok', q: query, result: nodes(results[at] ?? []), 'processed-tx-id': 1 }),
  );

  const dispatch = (event: Event): void => {
    switch (event.kind) {
      case 'write': {
        const order = 100 + count++ + (event.isLate ? -3.5 : 0);
        const write: Mutation = { eventId: `w${count}`, order, steps: event.steps, owner: '', createdMs: 0, state: 'pending', sends: 0 };
        writes.push(write);
        return void queries.add(write);
      }
      case 'confirm': {
        const write = writes.filter(({ state }) => state === 'pending')[event.at];
        if (!write) return;
        const applied: Mutation = { ...write, state: 'acknowledged', txId: ++txId };
        writes = writes.map((other) => (other === write ? applied : other));
        return void queries.acknowledge(applied, 0);
      }
      case 'refuse': {
        const write = writes.filter(({ state }) => state === 'pending')[event.at];
        writes = writes.filter((other) => other !== write);
        return write && void queries.reject(write.eventId);
      }
      case 'attrs':
        if (event.step[0] !== 'add-attr') return;
        attrs = attrs.with([event.step[1]]);
        return void queries.setAttrs(attrs);
      case 'reopen': {
        const at = event.query % lives.length;
        const { query } = lives[at] ?? {};
        if (!query || !lives[at]) return;
        queries.close(lives[at].key);
        lives[at] = openQuery(queries, query, `again${++count}`);
        return void queries.applyResult({ op: 'add-query-ok', q: query, result: nodes(results[at] ?? []), 'processed-tx-id': txId });
      }
      default: {
        const live = lives[event.query % lives.length];
        if (!live) return;
        const sent = kept(event.keep);
        results[lives.indexOf(live)] = sent;
        const reach = Math.max(live.processed?.['processed-tx-id'] ?? 0, txId - event.lag);
        const computations = [{ 'instaql-query': live.query, 'instaql-result': nodes(sent) }];
        return void queries.applyRefresh({ op: 'refresh-ok', computations, 'processed-tx-id': reach }, false, systemRandom);
      }
    }
  };

  const checkAll = (): void => {
    lives.forEach((live, at) => {
      const { view } = live;
      const whole = new View(live.query, { attrs: view.baseStore.attrs, links, now: () => 1000, known: queries.known });
      live.view = whole;
      whole.setResult({ triples: (results[at] ?? []).filter(([, a]) => attrs.byId(a)), pageInfo: undefined, aggregate: undefined });
      whole.pending.rewrite(writes.filter((write) => write.state !== 'acknowledged' || !isIncluded(write, live.processed)));
      const expected = plain(whole.read());
      live.view = view;
      const shown = plain(view.read());
      if (!isDeepStrictEqual(shown, expected)) throw new Error(`shown: ${JSON.stringify(shown)}\nexpected: ${JSON.stringify(expected)}`);
    });
    queries.drainIncluded();
  };
  for (const event of events) {
    dispatch(event);
    checkAll();
  }
}

it(
  'a query shows the same whether it receives every write or only those that affect it',
  () => check(fc.property(traceArb, play), 1000),
  3 * patience,
);

it('a write with a lookup is shown on top of writes that do not otherwise affect the query', () => {
  const name: WireAttr = { ...idAttr('tents'), id: 'tents.name', 'forward-identity': ['tents.name', 'tents', 'name'] };
  const write = (...steps: Step[]): Event => ({ kind: 'write', steps, isLate: false });
  play({
    world: { etypes: ['fans', 'tents'], attrs: [idAttr('fans'), idAttr('tents'), name], singular: {} },
    queries: [{ fans: {} }],
    data: [
      ['e1', 'fans.id', 'e1', 1],
      ['e1', 'tents.name', 'Big', 1],
    ],
    happenings: [
      write(['retract-triple', 'e1', 'tents.name', 'Big']),
      write(['delete-entity', ['tents.name', 'Big']]),
      write(['add-triple', 'e1', 'tents.name', 'Big']),
      { kind: 'refuse', at: 0 },
    ],
  });
});

it('a write that is reapplied after a write that deletes a link finds no entity by its own link', () => {
  const link: WireAttr = {
    ...{ ...idAttr('tents'), id: 'next', 'value-type': 'ref', cardinality: 'many' },
    ...{ 'forward-identity': ['f', 'tents', 'next'], 'reverse-identity': ['r', 'tents', 'previous'] },
  };
  const write = (...steps: Step[]): Event => ({ kind: 'write', steps, isLate: false });
  play({
    world: { etypes: ['tents'], attrs: [idAttr('tents'), link], singular: {} },
    queries: [{ tents: {} }],
    data: [],
    happenings: [
      write(['add-triple', 'e3', 'tents.id', 'e3']),
      write(['add-triple', ['next', 'e2'], 'tents.id', ['next', 'e2']], ['add-triple', 'e1', 'next', 'e2']),
      write(['delete-attr', 'next']),
      { kind: 'answer', query: 0, keep: 0, lag: 0 },
    ],
  });
});

// Rows that are borrowed from other results depend on more than the write that borrows them.
describe('a write borrows again', () => {
  const write = (...steps: Step[]): Event => ({ kind: 'write', steps, isLate: false });
  const name: WireAttr = { ...idAttr('tents'), id: 'name', 'forward-identity': ['name', 'tents', 'name'], 'unique?': false };
  const link = (id: string, from: string, to: string, more: Partial<WireAttr> = {}): WireAttr => ({
    ...{ ...idAttr(from), id, 'value-type': 'ref', cardinality: 'many', 'unique?': false },
    ...{ 'forward-identity': [`${id}.f`, from, 'to'], 'reverse-identity': [`${id}.r`, to, 'of'], ...more },
  });

  it('when a later write makes the entity that its row is linked with', () =>
    play({
      world: { etypes: ['tents', 'fans'], attrs: [idAttr('tents'), idAttr('fans'), link('next', 'fans', 'tents')], singular: {} },
      queries: [{ tents: { of: { to: {} } } }, { tents: {}, fans: { to: {} } }],
      data: [
        ['e1', 'fans.id', 'e1', 1],
        ['e1', 'next', 'e3', 1],
      ],
      keeps: [0, -1],
      happenings: [write(['add-triple', 'e1', 'fans.id', 'e1']), write(['add-triple', 'e3', 'tents.id', 'e3'])],
    }));

  it('when the result that has its row gets newer, though the row stays', () =>
    play({
      world: { etypes: ['tents'], attrs: [idAttr('tents'), name], singular: {} },
      queries: [{ tents: {} }, { tents: { $: { limit: 1 } } }],
      data: [
        ['e1', 'tents.id', 'e1', 1],
        ['e1', 'name', 'Big', 1],
      ],
      keeps: [-1, 0],
      happenings: [
        write(['add-triple', 'e1', 'tents.id', 'e1']),
        { kind: 'confirm', at: 0 },
        { kind: 'answer', query: 0, keep: -1, lag: 0 },
      ],
    }));

  it('when all queries know an attr of the server', () =>
    play({
      world: { etypes: ['tents'], attrs: [idAttr('tents')], singular: {} },
      queries: [{ tents: {} }, { tents: { $: { last: 1 } } }],
      data: [
        ['e2', 'tents.id', 'e2', 1],
        ['e1', 'tents.id', 'e1', 1],
      ],
      keeps: [-1, 1],
      happenings: [
        write(['add-triple', 'e1', 'tents.id', 'e1']),
        { kind: 'reopen', query: 0 },
        { kind: 'attrs', step: ['add-attr', { ...idAttr('tents'), id: 'n', 'forward-identity': ['n', 'tents', 'new'] }] },
      ],
    }));

  it('when its own result loses the row, which another result lost before', () =>
    play({
      world: { etypes: ['tents', 'fans'], attrs: [idAttr('tents'), idAttr('fans')], singular: {} },
      queries: [{ fans: {} }, { tents: { $: { order: { serverCreatedAt: 'desc' }, limit: 1 } } }],
      data: [
        ['e1', 'tents.id', 'e1', 1],
        ['e3', 'tents.id', 'e3', 1],
      ],
      keeps: [-1, 1],
      happenings: [
        write(['add-triple', 'e1', 'tents.id', 'e1']),
        { kind: 'answer', query: 0, keep: 0, lag: 0 },
        { kind: 'answer', query: 1, keep: 2, lag: 0 },
      ],
    }));

  it('a deletion that cascades follows the link that a refused write has moved', () =>
    play({
      world: {
        etypes: ['tents', 'fans'],
        attrs: [idAttr('tents'), idAttr('fans'), link('next', 'fans', 'tents', { cardinality: 'one', 'on-delete': 'cascade' })],
        singular: {},
      },
      queries: [{ fans: { to: {} } }],
      data: [
        ['e1', 'fans.id', 'e1', 1],
        ['e1', 'next', 'e5', 1],
      ],
      happenings: [write(['add-triple', 'e1', 'next', 'e1']), write(['delete-entity', 'e5', 'tents']), { kind: 'refuse', at: 0 }],
    }));
});
