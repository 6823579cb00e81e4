// The recorded schemas of test/vectors/schema.json: what the builder makes of each, the link index, and the way through JSON.

import { describe, expect, test } from 'vitest';

import { i, linkIndex, parseSchemaFromJSON } from '../../src/schema/schema.ts';
import { readVectors } from '../support/vectors.ts';

interface Vector {
  readonly id: string;
  readonly title: string;
  readonly code: string;
  readonly expected: unknown;
  readonly linkIndex?: unknown;
}

const { vectors } = readVectors<{ vectors: readonly Vector[] }>('schema');

function build(code: string): unknown {
  // The vectors are programs of one expression, with `i` in scope.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is our own fixture
  return new Function('i', `return ${code}`)(i);
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const schemas = vectors.filter(({ code }) => code.startsWith('i.schema'));
const indexed = schemas.filter(({ linkIndex }) => linkIndex !== undefined);

describe('the output of the builder', () => {
  test.each(vectors)('$id: $title', ({ code, expected }) => {
    expect(plain(build(code))).toEqual(expected);
  });
});

describe('the link index', () => {
  test.each(indexed)('$id: $title', ({ code, linkIndex: expected }) => {
    expect(plain(linkIndex(build(code) as { links: unknown }))).toEqual(expected);
  });
});

describe('a JSON round trip', () => {
  test.each(schemas)('$id: $title', ({ code, expected }) => {
    expect(plain(parseSchemaFromJSON(plain(build(code))))).toEqual(expected);
  });
});
