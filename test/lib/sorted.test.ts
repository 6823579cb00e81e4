// Arrays that stay sorted, against a sort from scratch.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { insertSorted, lowerBound, removeSorted } from '../../src/lib/sorted.ts';
import { check } from '../support/runs.ts';

const compare = (a: number, b: number): number => a - b;

test('inserting and removing in any order keeps the list sorted', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 });
  check(
    fc.property(steps, (numbers) => {
      const rows: number[] = [];
      const model = new Set<number>();
      for (const number of numbers) {
        if (model.delete(number)) removeSorted(rows, number, compare);
        else {
          model.add(number);
          insertSorted(rows, number, compare);
        }
        expect(rows).toEqual([...model].sort(compare));
      }
    }),
    200,
  );
});

test.each([
  [[], 1, 0],
  [[1], 1, 0],
  [[1], 2, 1],
  [[1, 2, 2, 3], 2, 1],
  [[1, 2, 2, 3], 4, 4],
])('in %j, the first element that does not precede %i is at %i', (rows, row, at) => {
  expect(lowerBound(rows, row, compare)).toBe(at);
});
