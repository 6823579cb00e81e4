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
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0001-01-01', '0001-01-01T00:00:00.000Z'],
    ['0099-12-31 23:59:59+00', '0099-12-31T23:59:59.000Z'],
    ['0004-02-29', '0004-02-29T00:00:00.000Z'],
    ['12000-01-01', '+012000-01-01T00:00:00.000Z'],
    ['Mon Feb 24 2025 22:37:27 GMT+0000', '2025-02-24T22:37:27.000Z'],
    ['Mon Feb 24 2025 22:37:27 GMT+0100 (Central European Standard Time)', '2025-02-24T21:37:27.000Z'],
    ['Mon Feb 24 0025', '0025-02-24T00:00:00.000Z'],
    ['20240131', '2024-01-31T00:00:00.000Z'],
    ['20240131T100000Z', '2024-01-31T10:00:00.000Z'],
    ['Jan 31, 2024', '2024-01-31T00:00:00.000Z'],
    ['31 Jan 2024', '2024-01-31T00:00:00.000Z'],
    ['January 31, 2024', '2024-01-31T00:00:00.000Z'],
    ['2024-01-31T10:00:00.Z', '2024-01-31T10:00:00.000Z'],
  ])('%s', (text, expected) => expect(coerceToDate(text)?.toISOString()).toBe(expected));

  it.each([
    '2026-00-01',
    '2026-07-00T09:30Z',
    '2026-13-01T00:00Z',
    '2026-07-01T09:60Z',
    '2026-07-01 09:30 XST',
    '2026-07-01 09:30 constructor',
    'Janus 31, 2024',
    'Mon Feb 24 2025 22:37:27 GMT+0000 (',
    '2024013',
  ])('not a date: %s', (text) => expect(() => coerceToDate(text)).toThrow('is not a date'));

  it.each([8_640_000_000_000_001, -8_640_000_000_000_001, 1e300])('%s ms is no date that JavaScript has', (ms) =>
    expect(() => coerceToDate(ms)).toThrow('is not a date'),
  );

  it('a long text that is not a date is rejected in linear time, because servers read dates that users supply: otherwise this takes minutes', () => {
    expect(() => coerceToDate(`2026-07-01 9${' '.repeat(200_000)}\nx\n`)).toThrow('is not a date');
  });
});
