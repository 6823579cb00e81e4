import { expect, test } from 'vitest';
import { jsonText, shownValue } from '../../../src/server/data/value-text.ts';

test.each([
  [{ bb: [1, { c: null }], a: 'x' }, '{"a": "x", "bb": [1, {"c": null}]}'],
  [1e21, '1000000000000000000000'],
  [-1.25e22, '-12500000000000000000000'],
  [2.5e-7, '0.00000025'],
  ['a, b', '"a, b"'],
])('%j is written as %s', (value, text) => expect(jsonText(value)).toBe(text));

test('the text of a value is truncated after 64 characters', () => {
  expect(shownValue('x'.repeat(62))).toBe('x'.repeat(62));
  expect(shownValue('x'.repeat(63))).toBe(`"${'x'.repeat(63)}...`);
  expect(shownValue(1e300)).toBe(`1${'0'.repeat(63)}...`);
  expect(shownValue({ a: 1 })).toEqual({ a: 1 });
});
