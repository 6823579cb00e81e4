// The check of shown values itself: it tells a value that goes back from one that an older log has lost and that was written again.

import { expect, test } from 'vitest';

import type { LogEntry } from '../../src/server/storage/storage.ts';
import { ShownValues } from './shown-values.ts';

const entry = (value: number): LogEntry => ({ changes: [{ action: 'added', triple: ['row', 'attr', value, 0] }] }) as unknown as LogEntry;

function shown(values: readonly number[]): ShownValues {
  const all = new ShownValues();
  for (const value of values) all.show('d1.1', 'ann', [['row', value]]);
  return all;
}

test('a tab that shows a value, and then an older one, is reported', () => {
  expect(shown([1, 2, 1]).check([entry(1), entry(2)])).toEqual(['d1.1 showed 2 in row r, and then the older 1']);
  expect(shown([1, 2]).check([entry(1), entry(2)])).toEqual([]);
});

test('a tab that opens with a stored result of before an older log took over is not, though what was lost is written again later', () => {
  const all = new ShownValues();
  all.loseEntries([entry(3)]);
  for (const value of [3, 24]) all.show('d1.2', 'ann', [['row', value]]);
  expect(all.check([entry(24), entry(3)])).toEqual([]);
  for (const value of [24, 25, 24]) all.show('d1.2', 'ann', [['row', value]]);
  expect(all.check([entry(24), entry(25), entry(3)])).toEqual(['d1.2 showed 25 in row r, and then the older 24']);
});
