// Every InstaQL, order and page vector, by id.

import { describe, expect, it } from 'vitest';
import { applySteps } from '../../src/db/apply.ts';
import { Attrs } from '../../src/db/attrs.ts';
import { Layer } from '../../src/db/layer.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { type WirePageInfo, readResult } from '../../src/protocol/query-result.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import type { Query } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { linkIndexOf } from '../support/links.ts';
import { type Fixture, plain, readVectors } from '../support/vectors.ts';
import { mendedQueries } from '../vectors/mended.ts';

interface QueryVector {
  readonly id: string;
  readonly title: string;
  readonly fixture?: string;
  readonly options?: { readonly useDateObjects?: boolean; readonly schemaLinks?: boolean };
  readonly query: Query;
  readonly txSteps?: readonly Step[];
  readonly serverResult?: { readonly aggregate?: Record<string, { count: number }> };
  readonly triples?: readonly Triple[];
  readonly pageInfo?: Record<string, WirePageInfo>;
  readonly expected: { readonly error?: { readonly name: string } };
}

interface File {
  readonly fixtures: Readonly<Record<string, Fixture>>;
  readonly attrs: readonly WireAttr[];
  readonly vectors: readonly QueryVector[];
}

for (const name of ['instaql', 'order', 'pagination']) {
  const file = readVectors<File>(name);
  describe(name, () => {
    it.each(file.vectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', (id, _title, vector) => {
      const fixture = file.fixtures?.[vector.fixture ?? ''];
      const attrs = fixture?.attrs ?? file.attrs;
      const run = (): unknown => plain(result(vector, attrs, vector.triples ?? fixture?.triples ?? [], fixture));
      const mended = mendedQueries[id];
      if (mended) mended(run);
      else if (vector.expected.error) expect(run).toThrow();
      else expect(run()).toEqual(plain(vector.expected));
    });
  });
}

function result(vector: QueryVector, wireAttrs: readonly WireAttr[], triples: readonly Triple[], fixture: Fixture | undefined): unknown {
  const useDates = vector.options?.useDateObjects ?? false;
  const attrs = Attrs.from(wireAttrs);
  const store = new Store(attrs, { useDates });
  const aggregate = vector.serverResult?.aggregate;
  const data = {
    'datalog-result': { 'join-rows': [triples] },
    ...(vector.pageInfo && { 'page-info': vector.pageInfo }),
    ...(aggregate && { aggregate }),
  };
  const read = readResult([{ data, 'child-nodes': [] }]);
  store.load(read.triples);
  const layer = new Layer(store);
  let tick = 0;
  if (vector.txSteps) applySteps(layer, vector.txSteps, { now: () => Date.now() * 10 + tick++, useDates });
  const singular = vector.options?.schemaLinks ? linkIndexOf(fixture?.schemaLinks) : undefined;
  return evaluate(compile(vector.query, attrs, { singular }), layer, read);
}
