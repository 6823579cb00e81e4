import { describe, expect, it } from 'vitest';
import { coerceToDate } from '../../src/lib/dates.ts';
import { readVectors } from '../support/vectors.ts';

interface File {
  readonly vectors: readonly { readonly id: string; readonly title: string; readonly input: unknown; readonly expected: unknown }[];
}

describe('dates', () => {
  it.each(readVectors<File>('dates').vectors.map((vector) => [vector.id, vector.title, vector] as const))(
    '%s: %s',
    (_id, _title, vector) => {
      const { input, expected } = vector;
      const run = (): unknown => coerceToDate(input);
      if (typeof expected === 'object' && expected !== null) expect(run).toThrow();
      else if (typeof expected === 'string') expect((run() as Date).toISOString()).toBe(expected);
      else expect(run()).toBe(expected);
    },
  );

  it.each([
    ['2026-07-01T24:00:00Z', '2026-07-02T00:00:00.000Z'],
    ['2026-07-01 09:30:00.25+02', '2026-07-01T07:30:00.250Z'],
    ['2026-07-01T09:30:00+05:40', '2026-07-01T03:50:00.000Z'],
    ['1883-11-18 12:03:58-07:52:58', '1883-11-18T19:56:56.000Z'],
    ['0385-07-01T00:00:00.000Z', '0385-07-01T00:00:00.000Z'],
    ['7/1/2026, 12:30:00\u202fAM', '2026-07-01T00:30:00.000Z'],
    ['7/1/2026, 12:30:00 PM', '2026-07-01T12:30:00.000Z'],
  ])('%s', (text, expected) => expect(coerceToDate(text)?.toISOString()).toBe(expected));

  it.each([
    '2026-00-01',
    '2026-07-00T09:30Z',
    '2026-13-01T00:00Z',
    '2026-07-01T09:60Z',
    '2026-07-01 09:30 XST',
    '2026-07-01 09:30 constructor',
  ])('no date: %s', (text) => expect(() => coerceToDate(text)).toThrow('is not a date'));

  it('a long text that is no date is found out at once: servers read dates that anybody wrote', () => {
    const began = performance.now();
    expect(() => coerceToDate(`2026-07-01 9${' '.repeat(200_000)}\nx\n`)).toThrow('is not a date');
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
