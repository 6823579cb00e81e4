// LIKE against a plain reading of what it means, and what it may cost.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { likeMatcher } from '../../src/lib/like.ts';
import { check } from '../support/runs.ts';

/** As it is defined, place by place. */
function isLike(text: readonly string[], pattern: readonly string[]): boolean {
  const [place, next, ...others] = pattern;
  if (place === undefined) return text.length === 0;
  if (place === '%') return isLike(text, pattern.slice(1)) || (text.length > 0 && isLike(text.slice(1), pattern));
  const isEscape = place === '\\' && next !== undefined;
  if (text.length === 0) return false;
  if (isEscape) return text[0] === next && isLike(text.slice(1), others);
  return (place === '_' || text[0] === place) && isLike(text.slice(1), pattern.slice(1));
}

const characters = fc.array(fc.constantFrom('a', 'b', '😀', '\n'), { maxLength: 8 });
const places = fc.array(fc.constantFrom('a', 'b', '%', '_', '\\', '😀'), { maxLength: 7 });

test('likeMatcher agrees with its definition', () => {
  check(
    fc.property(characters, places, (text, pattern) => {
      expect(likeMatcher(pattern.join(''), false)(text.join(''))).toBe(isLike(text, pattern));
    }),
    3000,
  );
});

test('without wildcards in its parts, a long pattern needs no counted comparisons', () => {
  let spent = 0;
  const spend = (comparisons: number): void => void (spent += comparisons);
  const text = 'a'.repeat(1_000_000);
  for (const pattern of [`%${'a'.repeat(100_000)}b%`, `%b${'a'.repeat(100_000)}%`, '%'.repeat(100_000) + 'b', '%a'.repeat(10_000) + '%b%'])
    expect(likeMatcher(pattern, false, spend)(text)).toBe(false);
  expect(spent).toBe(0);
});

test('with wildcards, comparisons are reported before there are too many', () => {
  const text = 'a'.repeat(1_000_000);
  let spent = 0;
  const matches = likeMatcher(`%${'a_'.repeat(50_000)}b%`, false, (comparisons) => {
    spent += comparisons;
    if (spent > 1_000_000) throw new Error('too much');
  });
  expect(() => matches(text)).toThrow('too much');
  expect(spent).toBeLessThan(1_200_000);
});
