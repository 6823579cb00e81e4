// First pages seen through rules. What is asked of the rules is counted; what is shown is that of a plain reading.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Row } from '../../src/db/row.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import { answerSteps, completed } from '../../src/query/result-triples.ts';
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

describe('a first page checks the rules only for the rows that it takes to fill it', () => {
  const store = storeOf(Array.from({ length: 5000 }, (_, n) => ({ n: (n * 7919) % 5000, owner: n % 10 })));
  test.each<[string, object]>([
    ['by creation', { limit: 10 }],
    ['by creation, the newest first', { limit: 10, order: { serverCreatedAt: 'desc' } }],
    ['by a field', { limit: 10, order: { n: 'asc' } }],
    ['after an offset', { limit: 10, offset: 20, order: { n: 'desc' } }],
    ['of many with the same value', { limit: 10, where: { owner: { $gt: 1 } } }],
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

test('it equals the sorted list of all visible rows, also while rows change', () => {
  const note = fc.record({ n: fc.integer({ min: 0, max: 50 }), owner: fc.integer({ min: 0, max: 9 }) });
  const trace = fc.record({
    notes: fc.array(note, { minLength: 1, maxLength: 60 }),
    changes: fc.array(fc.record({ at: fc.nat(59), n: fc.integer({ min: 0, max: 50 }) }), { maxLength: 5 }),
    hidesNumbers: fc.boolean(),
    order: fc.constantFrom({ n: 'asc' }, { n: 'desc' }, { serverCreatedAt: 'desc' }, undefined),
    limit: fc.integer({ min: 1, max: 8 }),
    offset: fc.integer({ min: 0, max: 5 }),
  });
  check(
    fc.property(trace, ({ notes, changes, hidesNumbers, order, limit, offset }) => {
      const store = storeOf(notes);
      const compiled = compile({ notes: { $: { limit, offset, ...(order && { order }) } } }, attrs);
      const [node] = compiled.nodes;
      for (const change of [undefined, ...changes]) {
        const before = change && notes[change.at];
        if (before) store.load(triplesOf({ ...before, n: change.n }, change.at));
        const { visible } = rules({ hidesNumbers });
        const { triples } = completed(answerSteps(compiled, store, { visible }));
        const sorted = [...new VisibleDb(store, visible).rows('notes')].sort((a, b) => node?.order.compare(a, b) ?? 0);
        const page = sorted.slice(offset, offset + limit);
        expect(new Set(triples.map(([e]) => e))).toEqual(new Set(page.map(({ id }) => id)));
        for (const row of page) {
          const shown = triples.find(([e, a]) => e === row.id && a === 'notes.n')?.[2];
          expect(shown).toEqual(row.values[nSlot]);
        }
      }
    }),
    200,
  );
});

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
