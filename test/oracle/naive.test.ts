// The naive evaluation is only as good as it is right: it passes the behaviour vectors itself, but for those about
// what it does not try to say: errors, date objects.

import { describe, expect, it } from 'vitest';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { type WirePageInfo, readResult } from '../../src/protocol/query-result.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { type Fixture, plain, readVectors } from '../support/vectors.ts';
import { mendedQueries, mendedSteps } from '../vectors/mended.ts';
import { evaluate, type Triples } from './naive.ts';
import { apply } from './naive-steps.ts';

interface QueryVector {
  readonly id: string;
  readonly fixture?: string;
  readonly options?: { readonly useDateObjects?: boolean; readonly schemaLinks?: boolean };
  readonly query: Readonly<Record<string, unknown>>;
  readonly txSteps?: readonly Step[];
  readonly serverResult?: unknown;
  readonly triples?: readonly Triple[];
  readonly pageInfo?: Readonly<Record<string, WirePageInfo>>;
  readonly expected: { readonly error?: unknown; readonly data?: unknown };
}
interface File<Vector> {
  readonly fixtures: Readonly<Record<string, Fixture>>;
  readonly attrs: readonly WireAttr[];
  readonly vectors: readonly Vector[];
}

for (const name of ['instaql', 'order', 'pagination']) {
  const file = readVectors<File<QueryVector>>(name);
  const sent = file.vectors.filter(
    ({ id, expected, options }) => !expected.error && !options?.useDateObjects && !options?.schemaLinks && id !== 'w-eq-null',
  );
  describe(name, () => {
    it.each(sent.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
      const fixture = file.fixtures?.[vector.fixture ?? ''];
      let time = Date.now() * 10;
      const start: Triples = { attrs: fixture?.attrs ?? file.attrs, triples: vector.triples ?? fixture?.triples ?? [] };
      const triples = vector.txSteps ? apply(start, vector.txSteps, () => time++) : start;
      const data = { 'datalog-result': { 'join-rows': [] }, ...(vector.pageInfo && { 'page-info': vector.pageInfo }) };
      const { pageInfo } = readResult([{ data, 'child-nodes': [] }]);
      const shown = { data: evaluate(triples, vector.query, { pageInfo }) };
      const mended = mendedQueries[id];
      if (mended) mended(() => plain(shown));
      else expect(plain(shown)).toEqual({ data: plain(vector.expected.data) });
    });
  });
}

interface StepVector {
  readonly id: string;
  readonly fixture: string;
  readonly useDateObjects?: boolean;
  readonly options?: { readonly useDateObjects?: boolean };
  readonly txs: readonly {
    readonly steps: readonly Step[];
    readonly expected: { readonly added?: unknown[]; readonly removed?: unknown[]; readonly error?: unknown };
  }[];
}

describe('steps', () => {
  const file = readVectors<File<StepVector>>('tx');
  const sent = file.vectors.filter(
    ({ useDateObjects, options, txs }) => !useDateObjects && !options?.useDateObjects && txs.every(({ expected }) => !expected.error),
  );
  it.each(sent.map((vector) => [vector.id, vector] as const))('%s', (id, { fixture, txs }) => {
    const { attrs = [], triples = [] } = file.fixtures[fixture] ?? {};
    let facts: Triples = { attrs, triples };
    for (const { steps, expected } of txs) {
      const before = texts(facts);
      facts = apply(facts, steps, () => 1e15);
      const after = texts(facts);
      const wanted = { ...expected, ...mendedSteps[id] };
      expect(after.filter((text) => !before.includes(text))).toEqual(sorted(wanted.added ?? []));
      expect(before.filter((text) => !after.includes(text))).toEqual(sorted(wanted.removed ?? []));
    }
  });
});

const sorted = (triples: readonly unknown[]): string[] => triples.map((triple) => JSON.stringify(triple)).sort();

function texts({ attrs, triples }: Triples): string[] {
  const known = new Set(attrs.map(({ id }) => id));
  return sorted(triples.filter(([, a]) => known.has(a)).map(([e, a, v]) => [e, a, v]));
}
