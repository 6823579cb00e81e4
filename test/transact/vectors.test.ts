// Every transform vector, by id: what operations become in steps; and what the builder writes down.

import { describe, expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { TransactionValidationError } from '../../src/errors.ts';
import { id } from '../../src/lib/uuid.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { parseSchemaFromJSON } from '../../src/schema/schema.ts';
import { getOps, lookup, tx } from '../../src/transact/chunk.ts';
import { expandChunks } from '../../src/transact/expand.ts';
import { seenIn } from '../support/seen.ts';
import { plain, readVectors } from '../support/vectors.ts';
import { mendedExpansions } from '../vectors/mended.ts';

interface File {
  readonly attrSets: Readonly<Record<string, readonly WireAttr[]>>;
  readonly tripleSets: Readonly<Record<string, readonly Triple[]>>;
  readonly schemas: Readonly<Record<string, never>>;
  readonly vectors: readonly {
    readonly id: string;
    readonly title: string;
    readonly attrs: string | readonly WireAttr[];
    readonly knownTriples: string | readonly Triple[];
    readonly schema?: string;
    readonly useDateObjects?: boolean;
    readonly chunks: readonly (readonly unknown[])[];
    readonly expected: { readonly steps?: unknown; readonly error?: { readonly message: string } };
  }[];
  readonly proxyVectors: readonly { readonly id: string; readonly title: string; readonly code: string; readonly expectedOps: unknown }[];
}

const file = readVectors<File>('transform');

describe('operations to steps', () => {
  it.each(file.vectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', (name, _title, vector) => {
    const attrs = Attrs.from(typeof vector.attrs === 'string' ? (file.attrSets[vector.attrs] ?? []) : vector.attrs);
    const known = new Store(attrs);
    known.load(typeof vector.knownTriples === 'string' ? (file.tripleSets[vector.knownTriples] ?? []) : vector.knownTriples);
    const schema = vector.schema === undefined ? undefined : parseSchemaFromJSON(file.schemas[vector.schema]);
    const chunks = vector.chunks.map((ops) => ({ __ops: ops }));
    const useDates = vector.useDateObjects ?? false;
    const run = (): Step[] => expandChunks(chunks, { attrs, schema, id, isVisible: seenIn(known, useDates), useDates });
    if (vector.expected.error) {
      expect(run).toThrow(TransactionValidationError);
      return;
    }
    expect(plain(named(run(), attrs))).toEqual(plain(mendedExpansions[name] ?? vector.expected.steps));
  });
});

describe('the builder', () => {
  it.each(file.proxyVectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', (_id, _title, { code, expectedOps }) => {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the vectors are code
    const chunk = new Function('tx', 'lookup', `return ${code}`)(tx, lookup);
    expect(JSON.parse(JSON.stringify(getOps(chunk)))).toEqual(expectedOps);
  });
});

/** Ids made here by what they are ids of. */
function named(steps: readonly Step[], known: Attrs): unknown {
  const names = new Map<string, string>();
  for (const step of steps) {
    if (step[0] !== 'add-attr' || known.byId(step[1].id)) continue;
    const [ident, etype, label] = step[1]['forward-identity'];
    names.set(step[1].id, `$attr:${etype}.${label}`).set(ident, '$uuid');
    const reverse = step[1]['reverse-identity'];
    if (reverse) names.set(reverse[0], '$uuid');
  }
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string') return names.get(value) ?? value;
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    if (Array.isArray(value)) return value.map(rename);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rename(item)]));
  };
  return rename(steps);
}
