// Every server vector, by id: what is sent, and what a client makes of it. Then what rules hide.

import { describe, expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { type WirePageInfo, readResult, writeResult } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import { answerQuery } from '../../src/query/result-triples.ts';
import type { Query, QueryResult } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';
import { type Fixture, plain, readVectors } from '../support/vectors.ts';

interface Vector {
  readonly id: string;
  readonly title: string;
  readonly query: Query;
  readonly triples: readonly Triple[];
  readonly essential: readonly Triple[];
  readonly 'page-info'?: Readonly<Record<string, WirePageInfo>>;
  readonly aggregate?: Readonly<Record<string, unknown>>;
  readonly expected: QueryResult;
}

const { fixtures, vectors } = readVectors<{ fixtures: { festival: Fixture }; vectors: readonly Vector[] }>('server');
const attrs = Attrs.from(fixtures.festival.attrs);
const all = new Store(attrs, { times: true });
all.load(fixtures.festival.triples);
const text = (triples: readonly Triple[]): string[] => triples.map((triple) => JSON.stringify(triple));

describe('triples that are sent', () => {
  it.each(vectors.map((vector) => [vector.id, vector.title, vector] as const))('%s: %s', (_id, _title, vector) => {
    const compiled = compile(vector.query, attrs);
    const result = answerQuery(compiled, all);
    const sent = text(result.triples);
    const wire = writeResult(result);
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent).toEqual(expect.arrayContaining(text(vector.essential)));
    expect(sent).toEqual(expect.arrayContaining(text(vector.triples)));
    expect(text(fixtures.festival.triples)).toEqual(expect.arrayContaining(sent));
    expect(wire[0]?.data['page-info']).toEqual(vector['page-info']);
    expect(wire[0]?.data.aggregate).toEqual(vector.aggregate);

    const received = readResult(wire);
    const client = new Store(attrs);
    client.load(received.triples);
    expect(plain(evaluate(compiled, client, received))).toEqual(plain(vector.expected));
  });

  it('are as many as the vectors require, and no more', () => {
    const more = vectors.map(({ id, query, triples }) => [id, answerQuery(compile(query, attrs), all).triples.length - triples.length]);
    expect(more.filter(([, count]) => count !== 0)).toEqual([]);
  });
});

describe('rows and values hidden by rules', () => {
  const shown = (query: Query, visible: Parameters<typeof answerQuery>[2]): unknown => {
    const compiled = compile(query, attrs);
    const result = answerQuery(compiled, all, visible);
    const client = new Store(attrs);
    client.load(result.triples);
    return { ...evaluate(compiled, client, result), sent: result.triples };
  };
  const names = (result: unknown): unknown => (result as { data: { acts: { name?: string }[] } }).data.acts.map(({ name }) => name);
  const name = attrs.forward('acts', 'name');

  it('a hidden row is not sent, not counted, and takes no place on a page', () => {
    const visible = {
      visible: (etype: string, row: { value: (attr: never) => unknown }) => etype !== 'acts' || row.value(name as never) !== 'Lynx',
    };
    expect(names(shown({ acts: { $: { limit: 2 } } }, visible))).toEqual(['Moth', 'Wren']);
    expect(answerQuery(compile({ acts: { $: { aggregate: 'count' } } }, attrs), all, visible).aggregate).toEqual({ acts: { count: 3 } });
    expect(JSON.stringify(shown({ fans: { likes: {} } }, visible))).not.toContain('Lynx');
  });

  it('a hidden value can be neither read nor queried', () => {
    const visible = { visible: (_etype: string, _row: unknown, label?: string) => label !== 'fee' };
    const result = shown({ acts: { $: { order: { fee: 'asc' } } } }, visible) as { sent: Triple[] };
    expect(result.sent.some(([, a]) => a === attrs.forward('acts', 'fee')?.id)).toBe(false);
    expect(names(shown({ acts: { $: { where: { fee: { $gt: 0 } } } } }, visible))).toEqual([]);
    expect(names(shown({ acts: { $: { where: { fee: { $isNull: true } } } } }, visible))).toHaveLength(4);
  });
});
