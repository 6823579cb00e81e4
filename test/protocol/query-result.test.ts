import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PageInfo, readResult, readCursor, type WireResult, writeResult } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { check } from '../support/runs.ts';

const title: Triple = ['g1', 'title', 'Get fit', 1];
const link: Triple = ['g1', 'todos', 't1', 2];
const text: Triple = ['t1', 'text', { a: [null] }, 3];

/** As it comes from outside: of any shape. */
const read = (result: unknown): ReturnType<typeof readResult> => readResult(JSON.parse(JSON.stringify(result)) as WireResult);
const node = (rows: unknown, children: unknown = []): object => ({
  data: { 'datalog-result': { 'join-rows': rows } },
  'child-nodes': children,
});

describe('readResult', () => {
  test.each<[what: string, answer: unknown, triples: readonly Triple[], malformed: number]>([
    ['flat', [node([[title, link, text]])], [title, link, text], 0],
    ['flat and empty', [node([[]])], [], 0],
    ['no rows', [node([])], [], 0],
    ['no nodes', [], [], 0],
    ['several rows', [node([[title], [link, text]])], [title, link, text], 0],
    ['several nodes', [node([[title]]), node([[link]])], [title, link], 0],
    [
      'nested: node before children, first child first',
      [node([[title]], [node([[link]], [node([[text]])]), node([[title]])])],
      [title, link, text, title],
      0,
    ],
    ['rows only below', [node([], [node([[text]])])], [text], 0],
    ['no child-nodes', [{ data: { 'datalog-result': { 'join-rows': [[title]] } } }], [title], 0],
    ['no datalog-result', [{ data: {}, 'child-nodes': [node([[title]])] }], [title], 0],
    ['no data', [{ 'child-nodes': [node([[title]])] }], [title], 0],
    ['meaningless values', [null, 7, 'x', [], { data: 1, 'child-nodes': 'x' }, node('x'), node(['x', null, 7])], [], 0],
    ['a tree', { goals: [{ id: 'g1' }] }, [], 0],
    ['null', null, [], 0],
    [
      'bad triples',
      [node([[title, null, 'x', [], ['e', 'a', 1], [1, 'a', 1, 1], ['e', 1, 1, 1], ['e', 'a', 1, '1'], {}, text]])],
      [title, text],
      8,
    ],
    ['bad triples below', [node([[title]], [node([[7, link]])])], [title, link], 1],
  ])('%s', (_, result, triples, malformed) => {
    expect(read(result)).toEqual({ triples, malformed, pageInfo: undefined, aggregate: undefined });
  });

  test('a single good row is returned without copying', () => {
    const row = [title, link];
    expect(readResult([{ data: { 'datalog-result': { 'join-rows': [row] } }, 'child-nodes': [] }]).triples).toBe(row);
  });

  test('page info and aggregates are read from the first node', () => {
    const info = {
      'start-cursor': ['g1', 'id', 'g1', 1],
      'end-cursor': ['g2', 'id', 'g2'],
      'has-next-page?': true,
      'has-previous-page?': false,
    };
    const first = { ...node([[]]), data: { 'page-info': { goals: info }, aggregate: { goals: { count: 17 } } } };
    expect(read([first, { data: { 'page-info': { todos: info } } }])).toMatchObject({
      pageInfo: {
        goals: { startCursor: ['g1', 'id', 'g1', 1], endCursor: ['g2', 'id', 'g2', 0], hasNextPage: true, hasPreviousPage: false },
      },
      aggregate: { goals: { count: 17 } },
    });
  });

  test.each([[null], [7], [{}], [{ 'start-cursor': 'x', 'end-cursor': [1, 2, 3], 'has-next-page?': 'yes' }]])('page info %j', (info) => {
    expect(read([{ data: { 'page-info': { goals: info } } }]).pageInfo).toEqual({
      goals: { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false },
    });
  });

  test('a very deep or very wide tree is read', () => {
    let deep = node([[title]]);
    for (let at = 0; at < 50_000; at++) deep = node([], [deep]);
    expect(readResult([deep] as unknown as WireResult).triples).toEqual([title]);
    const wide = node([], Array<object>(200_000).fill(node([])));
    expect(readResult([wide] as unknown as WireResult).triples).toEqual([]);
  });

  test('any input is read without throwing', () => {
    const key = fc.constantFrom('data', 'datalog-result', 'join-rows', 'child-nodes', 'page-info', 'aggregate', 'start-cursor');
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 5 }, fc.jsonValue({ maxDepth: 1 }), fc.array(tie('value')), fc.dictionary(key, tie('value'))),
    }));
    check(
      fc.property(value, (result) => {
        const { triples, malformed } = readResult(result as WireResult);
        expect(triples.length + malformed).toBeGreaterThanOrEqual(0);
      }),
      500,
    );
  });
});

describe('writeResult', () => {
  const page: PageInfo = { startCursor: ['g1', 'id', 'g1', 1], endCursor: null, hasNextPage: true, hasPreviousPage: false };

  test('a result is one node with one row', () => {
    expect(writeResult({ triples: [title], pageInfo: undefined, aggregate: undefined })).toEqual([node([[title]])]);
    expect(writeResult({ triples: new Set<Triple>(), pageInfo: {}, aggregate: {} })).toEqual([node([[]])]);
  });

  test('page info and aggregates have their wire names', () => {
    expect(writeResult({ triples: [], pageInfo: { goals: page }, aggregate: { goals: { count: 1 } } })).toEqual([
      {
        data: {
          'datalog-result': { 'join-rows': [[]] },
          'page-info': {
            goals: { 'start-cursor': ['g1', 'id', 'g1', 1], 'end-cursor': null, 'has-next-page?': true, 'has-previous-page?': false },
          },
          aggregate: { goals: { count: 1 } },
        },
        'child-nodes': [],
      },
    ]);
  });

  test('a written result can be read back', () => {
    const result = { triples: [title, link, text], pageInfo: { goals: page }, aggregate: { goals: { count: 1 } } };
    expect(read(writeResult(result))).toEqual({ ...result, malformed: 0 });
  });
});

test.each<[value: unknown, cursor: unknown]>([
  [
    ['e', 'a', null, 1],
    ['e', 'a', null, 1],
  ],
  [
    ['e', 'a', { x: 1 }],
    ['e', 'a', { x: 1 }, 0],
  ],
  [['e', 'a'], undefined],
  [['e', 'a', 1, 2, 3], undefined],
  [['e', 1, 1, 1], undefined],
  [['e', 'a', 1, '1'], undefined],
  ['e', undefined],
  [null, undefined],
])('the cursor %j', (value, cursor) => {
  expect(readCursor(value)).toEqual(cursor);
});
