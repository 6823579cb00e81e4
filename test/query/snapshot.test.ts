// What one subscriber does to the arrays it was given reaches neither the live result nor its own next result.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Snapshot } from '../../src/query/snapshot.ts';
import { deepFreeze } from '../../src/lib/freeze.ts';
import { check } from '../support/runs.ts';

const shared = (id: string, more: object = {}) => deepFreeze({ id, ...more });
const result = (...todos: object[]) => ({ data: { todos } });

const damages: Readonly<Record<string, (rows: unknown[]) => void>> = {
  sort: (rows) => rows.sort(() => -1),
  reverse: (rows) => rows.reverse(),
  splice: (rows) => rows.splice(0, 1),
  push: (rows) => rows.push({ id: 'mine' }),
  pop: (rows) => rows.pop(),
  shift: (rows) => rows.shift(),
  fill: (rows) => rows.fill({ id: 'mine' }),
  length: (rows) => (rows.length = 0),
};

describe.each(Object.entries(damages))('%s of a list', (_, damage) => {
  test('leaves the source and the next result unchanged', () => {
    const [a, b, c] = [shared('a'), shared('b'), shared('c')];
    const source = result(a, b);
    const mine = new Snapshot();
    const theirs = new Snapshot();
    damage(mine.of(source).data.todos);
    expect(source).toEqual(result({ id: 'a' }, { id: 'b' }));
    expect(theirs.of(source)).toEqual(result({ id: 'a' }, { id: 'b' }));
    const next = { data: { todos: source.data.todos, others: [c] } };
    expect(mine.of(next)).toEqual({ data: { todos: [{ id: 'a' }, { id: 'b' }], others: [{ id: 'c' }] } });
  });

  test('leaves them unchanged in a nested list too', () => {
    const source = result({ id: 'a', tags: [shared('x'), shared('y')] });
    const mine = new Snapshot();
    damage((mine.of(source).data.todos[0] as unknown as { tags: unknown[] }).tags);
    expect(source.data.todos).toEqual([{ id: 'a', tags: [{ id: 'x' }, { id: 'y' }] }]);
    const next = result(...source.data.todos, { id: 'b', tags: [] });
    expect(mine.of(next)).toEqual(result({ id: 'a', tags: [{ id: 'x' }, { id: 'y' }] }, { id: 'b', tags: [] }));
  });
});

test('a row cannot be modified, with or without lists in it', () => {
  type Todo = { title?: string; meta?: { n: number[] } };
  const [flat] = new Snapshot().of(result(shared('a', { title: 'A', meta: { n: [1] } }))).data.todos as unknown as [Todo];
  expect(() => (flat.title = 'x')).toThrow(TypeError);
  expect(() => flat.meta!.n.push(2)).toThrow(TypeError);
  const source = result({ id: 'b', title: 'B', tags: [] });
  const [nested] = new Snapshot().of(source).data.todos as unknown as [Todo];
  expect(() => delete nested.title).toThrow(TypeError);
  expect(source).toEqual(result({ id: 'b', title: 'B', tags: [] }));
});

test('a date that the subscriber modified is restored in the next result', () => {
  const source = result({ id: 'a', due: new Date(1000) });
  const mine = new Snapshot();
  (mine.of(source).data.todos[0] as unknown as { due: Date }).due.setTime(5);
  const next = result(source.data.todos[0]!, { id: 'b', due: new Date(2) });
  expect(mine.of(next).data.todos[0]).toEqual({ id: 'a', due: new Date(1000) });
});

test('unchanged parts keep their identity: the result, the list, the row', () => {
  const [a, b] = [
    { id: 'a', tags: [shared('x')] },
    { id: 'b', tags: [shared('y')] },
  ];
  const mine = new Snapshot();
  const source = result(a, b);
  const first = mine.of(source);
  expect(mine.of(source)).toBe(first);
  const second = mine.of({ data: { ...source.data, others: [shared('c')] } });
  expect(second.data.todos).toBe(first.data.todos);
  const changed = { id: 'b', tags: [...b.tags, shared('z')] };
  const third = mine.of(result(changed, a)).data.todos as { tags: unknown[] }[];
  expect(third[1]).toBe(first.data.todos[0]);
  expect(third[0]).not.toBe(first.data.todos[1]);
  expect(third[0]!.tags[0]).toBe((first.data.todos[1] as { tags: unknown[] }).tags[0]);
});

test('after any modifications in any order, the next result equals its source', () => {
  const row = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), tags: fc.array(fc.record({ id: fc.string() }), { maxLength: 3 }) });
  const list = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 4 });
  const kinds = fc.array(fc.constantFrom(...Object.keys(damages)), { maxLength: 4 });
  check(
    fc.property(fc.array(fc.tuple(list, kinds, fc.boolean()), { minLength: 1, maxLength: 6 }), (steps) => {
      const mine = new Snapshot();
      let before: object[] = [];
      for (const [rows, damaged, reuses] of steps) {
        // Rows of the source are replaced, never changed: an unchanged one is the same object.
        const next = rows.map((made) => (reuses && before.find((old) => JSON.stringify(old) === JSON.stringify(made))) || { ...made, tags: made.tags.map((tag) => deepFreeze({ ...tag })) }); // prettier-ignore
        const given = mine.of(result(...next)).data.todos as unknown as { tags: unknown[] }[];
        expect(given).toEqual(rows);
        for (const name of damaged) {
          damages[name]!(given[0]?.tags ?? []);
          damages[name]!(given);
        }
        before = next;
      }
    }),
  );
});
