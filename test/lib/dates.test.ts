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
});
