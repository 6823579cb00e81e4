// The official evaluator as a second oracle: random data, random queries, the same results; but for what we mend on
// purpose, which is listed here by what a query must not contain (test/vectors/README.md tells why).

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { it } from 'vitest';
import instaql from '../../node_modules/@instantdb/core/dist/esm/instaql.js';
import { AttrsStoreClass, createStore } from '../../node_modules/@instantdb/core/dist/esm/store.js';
import { setInstantWarningsEnabled } from '../../node_modules/@instantdb/core/dist/esm/warningToggle.js';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { writeResult } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import { answerQuery } from '../../src/query/result-triples.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { plain } from '../support/vectors.ts';
import { dataArb, linkIndexOf, queryArb, type World, worldArb } from './generate.ts';
import { attrOf, linkOf } from './naive.ts';
import { check, patience } from '../support/runs.ts';

type Shape = Readonly<Record<string, unknown>>;
interface Case {
  readonly world: World;
  readonly data: readonly Triple[];
  readonly query: Readonly<Record<string, Shape>>;
}

/** Ids are uuids there, and names that every object has are a danger. */
function translated<Part>(part: Part): Part {
  const text = JSON.stringify(part)
    .replaceAll(/"e(\d)"/g, '"ac700000-0000-4000-8000-00000000000$1"')
    .replaceAll('constructor', 'tents')
    .replaceAll('toString', 'title');
  return JSON.parse(text) as Part;
}

setInstantWarningsEnabled(false);

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Why a `where` comes out otherwise there, if it does. */
function quirkOfWhere(world: World, etype: string, where: Shape, path = ''): string | undefined {
  const steps = new Map<string, string>();
  for (const [key, condition] of Object.entries(where)) {
    if (key === 'or' || key === 'and') {
      for (const member of condition as Shape[]) {
        const quirk = quirkOfWhere(world, etype, member, path);
        if (quirk) return quirk;
      }
      continue;
    }
    let at = etype;
    const labels = key.split('.');
    if (Object.keys(where).some((other) => other.startsWith(`${key}.`))) return 'a link asked about is not the link gone over';
    const isAlone = Object.keys(where).every((other) => other === key || other.split('.')[0] !== labels[0]);
    if (!isAlone && isMap(condition) && ['$ne', '$not', '$isNull'].some((name) => name in condition))
      return 'a negation has variables of its own';
    for (const [depth, label] of labels.entries()) {
      const link = linkOf(world as never, at, label);
      if (!link) {
        const quirk = quirkOfCondition(attrOf(world as never, at, label), condition);
        if (quirk) return quirk;
        continue;
      }
      if (isMap(condition) && Object.keys(condition).length > 1) return 'two operators in one map';
      const isLast = depth === labels.length - 1;
      if (isLast && !link.isForward && isMap(condition) && !('$isNull' in condition)) return 'operators on a reverse link';
      const variable = `${depth} ${link.etype}`;
      const prefix = labels.slice(0, depth + 1).join('.');
      if (!isLast && (steps.get(variable) ?? prefix) !== prefix) return 'two paths share a variable';
      if (!isLast) steps.set(variable, prefix);
      at = link.etype;
    }
  }
  return undefined;
}

function quirkOfCondition(attr: WireAttr | undefined, condition: unknown): string | undefined {
  if (!isMap(condition)) return attr?.['checked-data-type'] === 'date' ? 'spellings of a date' : undefined;
  if (Object.keys(condition).length > 1) return 'two operators in one map';
  if (['$gt', '$gte', '$lt', '$lte'].some((name) => name in condition)) return undefined;
  return attr?.['checked-data-type'] === 'date' && !('$isNull' in condition) ? 'spellings of a date' : undefined;
}

/** Why a query comes out otherwise there, if it does. */
function quirkOf(world: World, etype: string, shape: Shape): string | undefined {
  const { where, order, last } = (shape['$'] ?? {}) as { where?: Shape; order?: Record<string, string>; last?: number };
  if (last) return 'the last rows are the first';
  const attr = order && attrOf(world as never, etype, Object.keys(order)[0] ?? '');
  if (attr && !attr['checked-data-type']) return 'no order among values of several kinds';
  const quirk = where && quirkOfWhere(world, etype, where);
  if (quirk) return quirk;
  return Object.entries(shape)
    .filter(([label]) => label !== '$')
    .map(([label, child]) => quirkOf(world, linkOf(world as never, etype, label)?.etype ?? '', child as Shape))
    .find(Boolean);
}

const comparesText = /"\$[gl]te?"/;
const caseArb = worldArb
  .chain((world) => fc.record({ world: fc.constant(world), data: dataArb(world), query: queryArb(world) }))
  .map((found): Case => {
    const { world, data, query } = translated(found) as Case;
    // Null is less than one there.
    return { world, query, data: comparesText.test(JSON.stringify(query)) ? data.filter(([, , v]) => v !== null) : data };
  });

function theirs({ world, query }: Case, triples: readonly Triple[], pages: unknown): unknown {
  const attrs = new AttrsStoreClass(Object.fromEntries(world.attrs.map((attr) => [attr.id, attr])) as never, linkIndexOf(world));
  const store = createStore(attrs, structuredClone(triples) as never, true, false);
  return instaql({ store, attrsStore: attrs, pageInfo: pages }, query);
}

it(
  'the official evaluator shows the same',
  () => {
    const usable = caseArb.filter(({ world, query }) => !Object.entries(query).some(([etype, shape]) => quirkOf(world, etype, shape)));
    check(
      fc.property(usable, (found) => {
        const attrs = Attrs.from(found.world.attrs);
        const all = new Store(attrs, { times: true });
        all.load(found.data);
        const compiled = compile(found.query, attrs, { singular: linkIndexOf(found.world) });
        const result = answerQuery(compiled, all);
        const ours = plain(evaluate(compiled, all, result));
        const pages = writeResult(result)[0]?.data['page-info'];
        for (const [what, triples] of [
          ['everything', found.data],
          ['the answer', result.triples],
        ] as const) {
          const shown = plain(theirs(found, triples, pages));
          if (isDeepStrictEqual(ours, shown)) continue;
          throw new Error(`over ${what}\nours: ${JSON.stringify(ours, undefined, 1)}\ntheirs: ${JSON.stringify(shown, undefined, 1)}`);
        }
      }),
      1_000,
    );
  },
  patience,
);
