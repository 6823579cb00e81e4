// The behaviour vectors: how they spell values that JSON lacks, and how results are compared.

import { readFileSync } from 'node:fs';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Triple } from '../../src/protocol/triple.ts';

export interface Fixture {
  readonly attrs: readonly WireAttr[];
  readonly triples: readonly Triple[];
  readonly schemaLinks?: Readonly<Record<string, unknown>>;
}

export function readVectors<File>(name: string): File {
  return decode(JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))) as File;
}

/** `{"$type": …}` to the value it stands for. */
function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(decode);
  const { $type, iso } = value as { $type?: unknown; iso?: string };
  if ($type === 'undefined') return undefined;
  if ($type === 'nan') return Number.NaN;
  if ($type === 'date') return new Date(iso ?? Number.NaN);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
}

/** Without keys whose value is undefined: absent and undefined are the same in a result. */
export function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  );
}

/** Quirks of the reference mended on purpose: `test/vectors/README.md` tells each. */
export interface Mended {
  readonly [id: string]: unknown;
}
