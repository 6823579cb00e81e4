// Pages seen through rules. What is asked of the rules is counted; what is shown is that of a plain reading.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Db } from '../../src/db/db.ts';
import type { Row } from '../../src/db/row.ts';
import type { Cursor } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile, type QueryNode } from '../../src/query/compile.ts';
import { completed } from '../../src/lib/yielding.ts';
import { answerSteps } from '../../src/query/result-triples.ts';
import { treeTextSteps } from '../../src/query/tree-text.ts';
import { type Visible, VisibleDb } from '../../src/query/visible.ts';
import { within } from '../../src/query/pass.ts';
import { check } from '../support/runs.ts';

const attr = (label: string): WireAttr =>
  ({
    ...{ id: `notes.${label}`, 'value-type': 'blob', cardinality: 'one', 'forward-identity': [`notes ${label}`, 'notes', label] },
    ...{ 'unique?': false, 'index?': label !== 'text' },
  }) as unknown as WireAttr;
const attrs = Attrs.from(['id', 'n', 'owner', 'text'].map(attr));
const nSlot = attrs.forward('notes', 'n')?.slot ?? -1;

interface Note {
  readonly n: number;
  readonly owner: number;
}

function triplesOf({ n, owner }: Note, at: number): Triple[] {
  const e = `note${String(at).padStart(6, '0')}`;
  return [
    [e, 'notes.id', e, at],
    [e, 'notes.n', n, at],
    [e, 'notes.owner', owner, at],
  ];
}

function storeOf(notes: readonly Note[]): Store {
  const store = new Store(attrs, { times: true });
  store.load(notes.flatMap(triplesOf));
  return store;
}

/** Hides every second owner, and the numbers of some. */
function rules(options: { readonly hidesNumbers: boolean }): { readonly visible: Visible; readonly asked: () => number } {
  let asked = 0;
  const owner = (row: Row): number => Number(row.values[attrs.forward('notes', 'owner')?.slot ?? -1]);
  const isVisible = (_etype: string, row: Row, label?: string): boolean => {
    if (label === undefined) {
      asked++;
      return owner(row) % 2 === 0;
    }
    return label !== 'n' || !options.hidesNumbers || owner(row) % 4 === 0;
  };
  const showsField = (_etype: string, label: string): boolean => label !== 'n' || !options.hidesNumbers;
  return { visible: Object.assign(isVisible, { showsField }), asked: () => asked };
}

/** The place of a visible row in the order of its number. */
function cursorAt(n: number): unknown {
  const [, , triple] = triplesOf({ n, owner: 0 }, n);
  const [e = ''] = triple ?? [];
  return [e, 'notes.n', n, n];
}

describe('a page checks the rules only for the rows that it takes to fill it', () => {
  const store = storeOf(Array.from({ length: 5000 }, (_, n) => ({ n: (n * 7919) % 5000, owner: n % 10 })));
  test.each<[string, object]>([
    ['by creation', { limit: 10 }],
    ['by creation, the newest first', { limit: 10, order: { serverCreatedAt: 'desc' } }],
    ['by a field', { limit: 10, order: { n: 'asc' } }],
    ['after an offset', { limit: 10, offset: 20, order: { n: 'desc' } }],
    ['of many with the same value', { limit: 10, where: { owner: { $gt: 1 } } }],
    ['the last', { last: 10, order: { n: 'asc' } }],
    ['the last but some', { last: 10, offset: 20, order: { n: 'asc' } }],
    ['after a row', { first: 10, after: cursorAt(2500), order: { n: 'asc' } }],
    ['before a row', { last: 10, before: cursorAt(2500), order: { n: 'desc' } }],
    ['the first before a row', { first: 10, before: cursorAt(2500) }],
    ['the last after a row', { last: 10, after: cursorAt(2500), order: { n: 'asc' } }],
    ['between two rows', { after: cursorAt(2500), before: cursorAt(2520), order: { n: 'asc' } }],
  ])('%s', (_title, options) => {
    const compiled = compile({ notes: { $: options } }, attrs);
    const { visible, asked } = rules({ hidesNumbers: false });
    completed(answerSteps(compiled, store, { visible }));
    expect(asked()).toBeGreaterThan(10);
    expect(asked()).toBeLessThan(100);
    const text = rules({ hidesNumbers: false });
    completed(treeTextSteps(compiled, store, { visible: text.visible, checkLength: () => {} }));
    expect(text.asked()).toBeLessThan(100);
  });
});

test('a rule is asked about no row behind the page of a short list either: it may count what it is asked', () => {
  const store = storeOf(Array.from({ length: 100 }, (_, n) => ({ n, owner: 0 })));
  for (const options of [{ limit: 1 }, { last: 1, order: { n: 'asc' } }, { first: 1, order: { n: 'desc' } }]) {
    const { visible, asked } = rules({ hidesNumbers: false });
    completed(answerSteps(compile({ notes: { $: options } }, attrs), store, { visible }));
    // The row of the page, and the one that tells that there are more.
    expect(asked()).toBe(2);
  }
});

test('of a field that a rule hides from some, the end with the highest values is read only as far as the page goes', () => {
  const store = storeOf(Array.from({ length: 5000 }, (_, n) => ({ n: (n * 7919) % 5000, owner: n % 10 })));
  for (const options of [
    { first: 10, order: { n: 'desc' } },
    { last: 10, order: { n: 'asc' } },
    { first: 10, order: { n: 'asc' } },
  ]) {
    const { visible, asked } = rules({ hidesNumbers: true });
    completed(answerSteps(compile({ notes: { $: options } }, attrs), store, { visible }));
    expect(asked()).toBeGreaterThan(10);
    expect(asked()).toBeLessThan(100);
  }
});

// More rows than are worth an order; most are hidden, so that what is drawn meets often.
const filling = Array.from({ length: 1100 }, (_, at) => ({ n: (at * 7919) % 50, owner: 1 + 2 * (at % 5) }));
const drawn = 40;

const tableArb = fc.array(fc.record({ n: fc.option(fc.integer({ min: 0, max: 50 })), owner: fc.integer({ min: 0, max: 9 }) }), {
  minLength: drawn,
  maxLength: drawn,
});
const cursorArb = fc.oneof(
  fc.record({ of: fc.nat(drawn - 1) }),
  fc.record({ id: fc.nat(drawn + 1), n: fc.option(fc.integer({ min: -1, max: 51 })) }),
);
const optionsArb = fc.record(
  {
    order: fc.constantFrom({ n: 'asc' }, { n: 'desc' }, { serverCreatedAt: 'desc' }, { serverCreatedAt: 'asc' }),
    where: fc.constantFrom({ owner: { $gt: 2 } }, { n: { $lt: 25 } }, { n: { $isNull: true } }),
    offset: fc.integer({ min: 0, max: 5 }),
    after: cursorArb,
    before: cursorArb,
    afterInclusive: fc.boolean(),
    beforeInclusive: fc.boolean(),
  },
  { requiredKeys: [] },
);
type Counts = Readonly<Partial<Record<'limit' | 'first' | 'last', number>>>;
const countArb = fc.integer({ min: 1, max: 8 });
const countsArb: fc.Arbitrary<Counts> = fc.oneof(
  fc.record({ limit: countArb }),
  fc.record({ first: countArb }),
  fc.record({ last: countArb }),
  fc.record({ first: countArb, last: countArb }),
  fc.constant({}),
);
type Drawn = typeof optionsArb extends fc.Arbitrary<infer T> ? T : never;

test('a page is that of the sorted list of all visible rows, and so is whether there is more, also while rows change', () => {
  const store = storeOf(filling);
  const change = fc.record({ at: fc.nat(drawn - 1), n: fc.integer({ min: 0, max: 50 }) });
  const trace = fc.record({
    notes: tableArb,
    changes: fc.array(change, { maxLength: 3 }),
    hides: fc.constantFrom('rows', 'rows and numbers', 'nothing'),
    options: optionsArb,
    counts: countsArb,
  });
  check(
    fc.property(trace, ({ notes, changes, hides, options: others, counts }) => {
      const load = (note: Note, at: number): unknown => store.load(triplesOf(note, at));
      notes.forEach(({ n, owner }, at) => load({ n: n as number, owner }, at));
      for (const next of [undefined, ...changes]) {
        if (next) load({ n: next.n, owner: notes[next.at]?.owner ?? 0 }, next.at);
        const { visible } = rules({ hidesNumbers: hides === 'rows and numbers' });
        const db = hides === 'nothing' ? store : new VisibleDb(store, visible);
        const options = withCursors({ ...others, ...counts }, db);
        const compiled = compile({ notes: { $: options } }, attrs);
        const { triples, pageInfo } = completed(answerSteps(compiled, store, hides === 'nothing' ? {} : { visible }));
        const expected = naivePage(compiled.nodes[0] as QueryNode, options, db);
        const shown = new Map(triples.flatMap(([e, a, v]): [string, unknown][] => (a === 'notes.n' ? [[e, v]] : [])));
        expect(new Set(triples.map(([e]) => e))).toEqual(new Set(expected.rows.map(({ id }) => id)));
        for (const row of expected.rows) expect(shown.get(row.id)).toEqual(row.values[nSlot]);
        if (pageInfo?.notes === undefined) continue;
        const { startCursor, endCursor, hasNextPage, hasPreviousPage } = pageInfo.notes;
        expect([startCursor?.[0], endCursor?.[0]]).toEqual([expected.rows[0]?.id, expected.rows.at(-1)?.id]);
        expect([hasPreviousPage, hasNextPage]).toEqual([expected.hasPrevious, expected.hasNext]);
      }
    }),
    300,
  );
});

interface PageOptions extends Omit<Drawn, 'after' | 'before'>, Counts {
  readonly after?: Cursor | undefined;
  readonly before?: Cursor | undefined;
}

function withCursors(drawnOptions: Drawn & Counts, db: Db): PageOptions {
  const { after, before, ...options } = drawnOptions;
  const attr = options.order && 'n' in options.order ? 'notes.n' : 'notes.id';
  const cursor = (given: typeof after): Cursor | undefined => {
    if (!given) return undefined;
    const at = 'of' in given ? given.of : given.id;
    const id = `note${String(at).padStart(6, '0')}`;
    const shown = 'of' in given ? db.row('notes', id)?.values[nSlot] : given.n;
    return [id, attr, attr === 'notes.n' ? (shown ?? null) : id, at];
  };
  const given = { ...options, after: cursor(after), before: cursor(before) };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The page by the words of the documentation: from all rows that match, in order. */
function naivePage({ order: { compare, attr } }: QueryNode, options: PageOptions, db: Db) {
  const { where, after, before, afterInclusive, beforeInclusive, offset = 0 } = options;
  const owner = attrs.forward('notes', 'owner')?.slot ?? -1;
  const holds = ({ values }: Row): boolean => {
    if (where && 'owner' in where) return Number(values[owner]) > 2;
    if (!where) return true;
    const n = values[nSlot];
    return '$lt' in where.n ? typeof n === 'number' && n < 25 : n === undefined || n === null;
  };
  const all = [...db.rows('notes')].filter(holds).sort(compare);
  const to = (row: Row, [id, , value, t]: Cursor): number => {
    const values: unknown[] = [];
    if (attr) values[nSlot] = value;
    return compare(row, { id, t, values } as unknown as Row);
  };
  const isAfter = (row: Row): boolean => !after || to(row, after) > 0 || (afterInclusive === true && to(row, after) === 0);
  const isBefore = (row: Row): boolean => !before || to(row, before) < 0 || (beforeInclusive === true && to(row, before) === 0);
  const between = all.filter((row) => isAfter(row) && isBefore(row));
  const most = options.limit ?? options.first ?? options.last;
  const isFromEnd = options.limit === undefined && options.first === undefined && options.last !== undefined;
  const rest = isFromEnd ? between.slice(0, Math.max(0, between.length - offset)) : between.slice(offset);
  const rows = most === undefined ? rest : isFromEnd ? rest.slice(-most) : rest.slice(0, most);
  const [first, last] = [rows[0], rows.at(-1)];
  const asksPrevious = after !== undefined || offset > 0;
  return {
    rows,
    hasNext: last !== undefined && (most !== undefined || before !== undefined) && all.indexOf(last) < all.length - 1,
    hasPrevious: first === undefined ? asksPrevious : (asksPrevious || options.last !== undefined) && all.indexOf(first) > 0,
  };
}

test('a long sort is interrupted, and the next reader reuses its order although rows changed meanwhile', () => {
  const store = storeOf(Array.from({ length: 20_000 }, (_, n) => ({ n: (n * 7919) % 20_000, owner: 0 })));
  const compiled = compile({ notes: { $: { limit: 5, order: { n: 'asc' } } } }, attrs);
  let used = 0;
  const pass = { known: new Map(), spend: (work: number) => void (used += work), isDue: () => used > 3000 };
  const first = answerSteps(compiled, store, {});
  let breaks = 0;
  for (;;) {
    used = 0;
    const { done } = within(pass, () => first.next());
    if (done) break;
    // The step after a break is one run of the sort, or less.
    expect(used).toBeLessThan(8000);
    if (breaks++ === 3) store.load(triplesOf({ n: -1, owner: 0 }, 19_999));
  }
  expect(breaks).toBeGreaterThan(10);
  let work = 0;
  const { triples } = within({ known: new Map(), spend: (more) => void (work += more) }, () => completed(answerSteps(compiled, store, {})));
  expect(work).toBeLessThan(100);
  expect(triples.find(([e]) => e === 'note019999')).toBeDefined();
});
