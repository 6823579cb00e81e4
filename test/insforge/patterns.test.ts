// Channel patterns: what the server takes, and which names they match, against a naive LIKE.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isValidChannelPattern, matchChannelPattern } from '../../src/insforge/patterns.ts';
import { decodePayload, encodePayload } from '../../src/insforge/payload.ts';
import { check } from '../support/runs.ts';

test.each([
  ['orders', true],
  ['order:%', true],
  ['chat:%:messages', true],
  ['a:b:c-1', true],
  ['%', false],
  ['a%', false],
  ['a_b', false],
  ['a:', false],
  [':a', false],
  ['', false],
  ['a b', false],
  [`a${':'.repeat(50_000)}_`, false],
])('%.20s is a pattern: %s', (pattern, isValid) => expect(isValidChannelPattern(pattern)).toBe(isValid));

function naive(pattern: string, name: string): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return name === '';
  if (head !== '%') return name.startsWith(head) && naive(rest.join(''), name.slice(head.length));
  return [...Array(name.length + 1).keys()].some((from) => naive(rest.join(''), name.slice(from)));
}

test('patterns match as LIKE does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '%'), maxLength: 6 });
  check(fc.property(pattern, text, (each, name) => matchChannelPattern(each, name) === naive(each, name)));
});

test('a pattern of many wildcards fails fast', () => {
  expect(matchChannelPattern(`a:${'%a'.repeat(5_000)}b`, `a:${'a'.repeat(20_000)}`)).toBe(false);
});

test('every JSON value survives the encoding and the object spread that the server applies', () => {
  check(
    fc.property(fc.jsonValue(), fc.boolean(), (value, isMarked) => {
      const mark = isMarked ? { c: 'client', n: 1 } : undefined;
      const delivered = { ...encodePayload(value, mark), meta: { channel: 'realtime:x' } };
      expect(decodePayload(JSON.parse(JSON.stringify(delivered)))).toEqual({ data: JSON.parse(JSON.stringify(value)), mark });
    }),
  );
});
