// Pages behind cursors and offsets, under pending writes that move rows into them and out of them.

import { describe, expect, test } from 'vitest';

import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import type { PageInfo } from '../../../src/query/query.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import { Board, type Fields, ids } from '../../support/board.ts';

const tasks = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`t${at}`, { title: `T${at}`, status: 'open', rank: at * 10 }]));
const byRank = (more: Fields, order: 'asc' | 'desc' = 'asc'): WireQuery => ({ tasks: { $: { order: { rank: order }, ...more } } });
const pageOf = (live: LiveQuery): PageInfo => {
  const page = live.view.read()?.pageInfo?.['tasks'];
  if (!page) throw new Error('no page');
  return page;
};

/** t0 t1 t2 | t3 t4 t5 | t6 … as an infinite list has them: pages that are closed, and an open one. */
function listOfPages() {
  const board = new Board({ tasks });
  const start = pageOf(board.open(byRank({ limit: 3 })));
  const first = board.open(byRank({ after: start.startCursor, afterInclusive: true, before: start.endCursor, beforeInclusive: true }));
  const open = board.open(byRank({ after: start.endCursor, limit: 3 }));
  const { endCursor } = pageOf(open);
  const second = board.open(byRank({ after: start.endCursor, before: endCursor, beforeInclusive: true }));
  const third = board.open(byRank({ after: endCursor, limit: 3 }));
  return { board, first, second, third, open };
}

describe('a row that is moved between pages with cursors', () => {
  test.each<[rank: number, first: string[], second: string[], third: string[]]>([
    [15, ['t0', 't1', 't8', 't2'], ['t3', 't4', 't5'], ['t6', 't7']],
    [20.5, ['t0', 't1', 't2'], ['t8', 't3', 't4', 't5'], ['t6', 't7']],
    [29, ['t0', 't1', 't2'], ['t8', 't3', 't4', 't5'], ['t6', 't7']],
    [45, ['t0', 't1', 't2'], ['t3', 't4', 't8', 't5'], ['t6', 't7']],
    [51, ['t0', 't1', 't2'], ['t3', 't4', 't5'], ['t8', 't6', 't7']],
    [99, ['t0', 't1', 't2'], ['t3', 't4', 't5'], ['t6', 't7', 't8']],
  ])('to rank %d is on the page between whose cursors it is', (rank, ...wanted) => {
    const { board, first, second, third } = listOfPages();
    const move = board.update('tasks', 't8', { rank });
    expect([first, second, third].map((live) => ids(live))).toEqual(wanted);
    board.queries.reject(move.eventId);
    expect([first, second, third].map((live) => ids(live))).toEqual([['t0', 't1', 't2'], ['t3', 't4', 't5'], ['t6', 't7', 't8']]); // prettier-ignore
  });

  test('leaves a full page that it was moved into when there is no room, and pushes out the last', () => {
    const { board, open } = listOfPages();
    board.update('tasks', 't8', { rank: 21 });
    expect(ids(open)).toEqual(['t8', 't3', 't4']);
    board.update('tasks', 't8', { rank: 55 });
    expect(ids(open)).toEqual(['t3', 't4', 't5']);
  });

  test('is on a page before a cursor, between its last row and the cursor', () => {
    const board = new Board({ tasks });
    const cursor = pageOf(board.open(byRank({ limit: 4 }))).endCursor;
    const before = board.open(byRank({ before: cursor, last: 2 }));
    const all = board.open(byRank({ before: cursor }));
    board.open({ tasks: {} });
    expect([ids(before), ids(all)]).toEqual([['t1', 't2'], ['t0', 't1', 't2']]); // prettier-ignore
    board.update('tasks', 't8', { rank: 25 });
    expect([ids(before), ids(all)]).toEqual([['t2', 't8'], ['t0', 't1', 't2', 't8']]); // prettier-ignore
    board.update('tasks', 't8', { rank: 5 });
    expect([ids(before), ids(all)]).toEqual([['t1', 't2'], ['t0', 't8', 't1', 't2']]); // prettier-ignore
  });

  test('is on the last page of an offset, at the end', () => {
    const board = new Board({ tasks });
    const page = board.open(byRank({ offset: 7, limit: 5 }));
    board.write(['add-triple', 't9', 'tasks.id', 't9', { mode: 'create' }], ['add-triple', 't9', 'tasks.rank', 99, { mode: 'create' }]);
    expect(ids(page)).toEqual(['t7', 't8', 't9']);
  });

  test('is on a page behind a cursor that was empty', () => {
    const board = new Board({ tasks });
    const { endCursor, startCursor } = pageOf(board.open(byRank({ limit: 9 })));
    const behind = board.open(byRank({ after: endCursor, limit: 3 }));
    const inFront = board.open(byRank({ before: startCursor, limit: 3 }));
    board.open({ tasks: {} });
    board.update('tasks', 't1', { rank: 99 });
    board.update('tasks', 't2', { rank: -1 });
    expect([ids(behind), ids(inFront)]).toEqual([['t1'], ['t2']]);
  });
});
