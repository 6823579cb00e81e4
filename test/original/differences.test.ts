// Each difference that is kept is told to whoever moves an app.

import { expect, test } from 'vitest';
import { readPage, reasonRows } from './differences.ts';

test('docs/differences.md has every reason in words; `npx tsx scripts/recordings.ts document` writes them', () => {
  const lines = readPage().split('\n');
  const unspaced = (line: string): string => line.replace(/\s+/g, ' ');
  expect(lines.map(unspaced)).toEqual(expect.arrayContaining(reasonRows().map(unspaced)));
});
