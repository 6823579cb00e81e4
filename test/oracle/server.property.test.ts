// What a server sends, random queries over random data: a client that has nothing but the answer shows what an
// evaluation over everything shows; pages are those of a plain slice; what is hidden might as well not exist.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import type { Cursor } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import { answerQuery } from '../../src/query/result-triples.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { plain } from '../support/vectors.ts';
import { dataArb, linkIndexOf, queryArb, type World, worldArb } from './generate.ts';
import { evaluate as naively, type Triples, matching, sortOf } from './naive.ts';
import { check, patience } from '../support/runs.ts';
import { cursorAt } from './trace.ts';

type Node = Readonly<Record<string, unknown>> & { readonly $?: Readonly<Record<string, never>> };
type Query = Readonly<Record<string, Node>>;
interface Case {
  readonly world: World;
  readonly data: readonly Triple[];
  readonly query: Query;
}

const cursorArb = fc.record({
  name: fc.constantFrom('after', 'before'),
  at: fc.nat(6),
  isInclusive: fc.boolean(),
});

const caseArb = worldArb
  .chain((world) =>
    fc.record({
      world: fc.constant(world),
      data: dataArb(world),
      asked: queryArb(world),
      cursor: fc.option(cursorArb, { nil: undefined }),
    }),
  )
  .map(({ world, data, asked: requested, cursor }): Case => {
    const query = requested as Query;
    const [etype = '', node] = Object.entries(query)[0] ?? [];
    if (!cursor || !node) return { world, data, query };
    const place = cursorAt({ attrs: world.attrs, triples: data }, etype, node.$ ?? {}, cursor.at);
    const $ = { ...node.$, [cursor.name]: place, ...(cursor.isInclusive && { [`${cursor.name}Inclusive`]: true }) };
    return { world, data, query: { ...query, [etype]: { ...node, $ } as unknown as Node } };
  });

function storeOf(attrs: Attrs, triples: Iterable<Triple>): Store {
  const store = new Store(attrs, { times: true });
  store.load(triples);
  return store;
}

function same(shown: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(plain(shown), plain(expected))) return;
  throw new Error(`${what}\nshown: ${JSON.stringify(shown, undefined, 1)}\nexpected: ${JSON.stringify(expected, undefined, 1)}`);
}

it(
  'the client sees in the answer what it would see in everything',
  () =>
    check(
      fc.property(caseArb, ({ world, data, query }) => {
        const attrs = Attrs.from(world.attrs);
        const compiled = compile(query, attrs, { singular: linkIndexOf(world) });
        const all = storeOf(attrs, data);
        const result = answerQuery(compiled, all);
        const shown = evaluate(compiled, storeOf(attrs, result.triples), result);
        same(shown, evaluate(compiled, all, result), 'over the answer, over everything');
        same(shown.data, naively({ attrs: world.attrs, triples: data }, query, { ...result, singular: world.singular }), 'naively');
        const texts = result.triples.map((triple) => JSON.stringify(triple));
        expect(new Set(texts).size).toBe(texts.length);
        const known = new Set(data.map((triple) => JSON.stringify(triple)));
        expect(texts.filter((text) => !known.has(text))).toEqual([]);
        for (const [etype, { $ = {} }] of Object.entries(query)) {
          const page = pageOf({ attrs: world.attrs, triples: data }, etype, $);
          same(
            shown.data[etype]?.map((row) => (row as { id: string }).id),
            page.ids,
            `page of ${etype}`,
          );
          const info = new Map(Object.entries(result.pageInfo ?? {})).get(etype);
          if (info) same([info.hasNextPage, info.hasPreviousPage], [page.hasNext, page.hasPrevious], `ends of ${etype}`);
        }
      }),
      2_000,
    ),
  patience,
);

it(
  'what is hidden might as well not exist',
  () =>
    check(
      fc.property(fc.tuple(caseArb, fc.nat(255)), ([{ world, data, query }, mask]) => {
        const attrs = Attrs.from(world.attrs);
        const isHidden = (text: string): boolean =>
          ((mask >> ((text.length + text.charCodeAt(text.length - 1)) % 8)) & 1) === 1 && mask % 2 === 0;
        const isSeen = ([e, a]: Triple): boolean => {
          const attr = attrs.byId(a);
          return attr !== undefined && !isHidden(attr.etype + e) && (attr.label === 'id' || !isHidden(attr.label));
        };
        const compiled = compile(query, attrs);
        const visible = (etype: string, row: { id: string }, label?: string): boolean =>
          label === undefined ? !isHidden(etype + row.id) : !isHidden(label);
        const { triples, ...rest } = answerQuery(compiled, storeOf(attrs, data), { visible });
        const { triples: wanted, ...more } = answerQuery(compiled, storeOf(attrs, data.filter(isSeen)));
        same([rest, texts(triples)], [more, texts(wanted)], 'hidden, missing');
      }),
      500,
    ),
  patience,
);

const texts = (triples: readonly Triple[]): string[] => triples.map((triple) => JSON.stringify(triple)).sort();

/** A page as a slice of all that matches. */
function pageOf(
  triples: Triples,
  etype: string,
  options: Readonly<Record<string, never>>,
): { ids: string[]; hasNext: boolean; hasPrevious: boolean } {
  const { after, before, afterInclusive, beforeInclusive, offset, limit, last } = options as {
    readonly [name in 'after' | 'before']?: Cursor;
  } & { readonly [name in 'afterInclusive' | 'beforeInclusive']?: boolean } & { readonly [name in 'offset' | 'limit' | 'last']?: number };
  const sort = sortOf(triples, etype, options);
  const all = matching(triples, etype, options).sort((a, b) => sort.compare(sort.key(a), a, sort.key(b), b));
  const side = (id: string, cursor: Cursor): number => sort.compare(sort.key(id), id, sort.cursorKey(cursor), cursor[0]);
  const some = all.filter(
    (id) => (!after || side(id, after) > (afterInclusive ? -0.5 : 0)) && (!before || side(id, before) < (beforeInclusive ? 0.5 : 0)),
  );
  const ids = last && !limit ? some.slice(-last) : some.slice(offset ?? 0, limit && (offset ?? 0) + limit);
  const isEmpty = ids.length === 0;
  return {
    ids,
    hasNext: !isEmpty && Boolean(limit ?? last ?? before) && ids[ids.length - 1] !== all[all.length - 1],
    hasPrevious: Boolean(after ?? (offset || undefined) ?? (isEmpty ? undefined : last)) && (isEmpty || ids[0] !== all[0]),
  };
}
