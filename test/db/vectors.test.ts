// Every step vector, by id: what transaction steps do to a Db, and what queries show after it.

import { describe, expect, it } from 'vitest';
import { applySteps } from '../../src/db/apply.ts';
import { Attrs } from '../../src/db/attrs.ts';
import type { Db } from '../../src/db/db.ts';
import { Layer } from '../../src/db/layer.ts';
import { Store } from '../../src/db/store.ts';
import { rowTriples } from '../../src/db/row.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { compile } from '../../src/query/compile.ts';
import type { Query } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { type Fixture, plain, readVectors } from '../support/vectors.ts';
import { mendedSteps } from '../vectors/mended.ts';

interface Tx {
  readonly steps: readonly Step[];
  readonly expected: { readonly added?: unknown[][]; readonly removed?: unknown[][]; readonly error?: unknown };
  readonly results?: readonly { readonly query: Query; readonly expected: unknown }[];
}
interface File {
  readonly fixtures: Readonly<Record<string, Fixture>>;
  readonly vectors: readonly {
    readonly id: string;
    readonly title: string;
    readonly fixture: string;
    readonly useDateObjects?: boolean;
    readonly options?: { readonly useDateObjects?: boolean };
    readonly txs: readonly Tx[];
  }[];
}

const file = readVectors<File>('tx');

describe('steps', () => {
  it.each(file.vectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', (id, _title, vector) => {
    const fixture = file.fixtures[vector.fixture] as Fixture;
    const useDates = vector.options?.useDateObjects ?? vector.useDateObjects ?? false;
    const store = new Store(Attrs.from(fixture.attrs), { useDates });
    store.load(fixture.triples);
    const layer = new Layer(store);
    let tick = 0;
    const mended = mendedSteps[id];
    for (const tx of vector.txs) {
      const before = facts(layer);
      const run = (): void => applySteps(layer, tx.steps, { now: () => Date.now() * 10 + tick++, useDates });
      if (tx.expected.error && !mended) {
        expect(run).toThrow();
        continue;
      }
      run();
      const after = facts(layer);
      expect(difference(after, before)).toEqual(keys(mended?.added ?? tx.expected.added ?? []));
      expect(difference(before, after)).toEqual(keys(mended?.removed ?? tx.expected.removed ?? []));
      for (const [at, { query, expected }] of (tx.results ?? []).entries()) {
        expect(plain(evaluate(compile(query, layer.attrs), layer))).toEqual(plain(mended?.results?.[at] ?? expected));
      }
    }
  });
});

function facts(db: Db): Set<string> {
  const all = [...db.attrs.namespaces()].flatMap((namespace) =>
    [...db.rows(namespace.etype)].flatMap((row) => [...rowTriples(row, namespace)]),
  );
  return new Set(keys(all.map(([e, a, v]) => [e, a, v])));
}

function keys(triples: readonly (readonly unknown[])[]): string[] {
  return triples.map((triple) => JSON.stringify(triple)).sort();
}

function difference(a: Set<string>, b: Set<string>): string[] {
  return [...a].filter((key) => !b.has(key)).sort();
}
