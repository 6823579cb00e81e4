// What a query borrows follows from the results and the pending writes, and takes work by what changed.

import { afterEach, expect, test, vi } from 'vitest';

import { KnownRows } from '../../../src/reactor/queries/known-rows.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { Board, type Fields, ids, shown } from '../../support/board.ts';

afterEach(() => vi.restoreAllMocks());

test('a nested entity that another condition reads is borrowed with what the condition reads', () => {
  const rows = { t1: { title: 'T1', status: 'done', parent: 't4' }, t4: { title: 'T4', status: 'done', project: 'p1' } };
  const board = new Board({ tasks: rows, projects: { p1: { name: 'P', state: 'idle' } } });
  const live = board.open({ tasks: { $: { where: { status: { $not: 'done' }, 'parent.project.state': 'idle' } }, parent: {} } });
  board.open({ tasks: {} });
  board.open({ tasks: { $: { fields: ['title'] }, project: {} } });
  board.update('tasks', 't1', { status: 'open' });
  expect(shown(live)).toMatchObject({ tasks: [{ id: 't1', title: 'T1', parent: [{ id: 't4', title: 'T4' }] }] });
});

test('a row that its list knows only by what a condition reads is not shown in part', () => {
  const board = new Board({
    tasks: {
      t1: { title: 'T1', rank: 0, project: 'p1', parent: 't3' },
      t3: { title: 'T3', status: 'open' },
      t4: { title: 'T4', status: 'open', rank: 0, parent: 't1' },
    },
    projects: { p1: { name: 'P1' } },
  });
  const live = board.open({ tasks: { $: { where: { status: 'open', 'children.rank': { $isNull: false } } } } });
  board.open({ tasks: { $: { where: { or: [{ status: 'open' }, { 'parent.status': 'done' }] } } } });
  board.open({ projects: { $: { where: { 'tasks.status': { $not: 'open' } } } } });
  board.update('tasks', 't1', { status: 'open' });
  board.update('tasks', 't3', { status: 'open' });
  expect(ids(live)).toEqual(['t3']);
  board.open({ tasks: { $: { where: { rank: 0 } } } });
  expect(shown(live)).toMatchObject({ tasks: [{ id: 't1', title: 'T1' }, { id: 't3' }] });
});

const inState = (state: string): WireQuery => ({ tasks: { $: { where: { 'project.state': state } } } });
const move = (id: string): Step => ['add-triple', id, 'project', 'p2'];

function projectOf(count: number): Board {
  const rows: [string, Fields][] = Array.from({ length: count }, (_, at) => [`t${at}`, { title: `T${at}`, project: 'p1' }]);
  return new Board({ tasks: Object.fromEntries(rows), projects: { p1: { state: 'live' }, p2: { state: 'idle' } } });
}

/** How often the results are asked for an entity. */
function asked(act: () => void): number {
  const row = vi.spyOn(KnownRows.prototype, 'row');
  act();
  const { length } = row.mock.calls;
  row.mockRestore();
  return length;
}

test('a move between lists over a link takes the same work however many have moved before', () => {
  const board = projectOf(200);
  const [from, to] = [board.open(inState('live')), board.open(inState('idle'))];
  board.open({ projects: {} });
  const moves = Array.from({ length: 200 }, (_, at) =>
    asked(() => {
      board.write(move(`t${at}`));
      for (const live of [from, to]) shown(live);
    }),
  );
  expect([ids(from).length, ids(to).length]).toEqual([0, 200]);
  expect(moves.at(-1)).toBeLessThanOrEqual((moves[1] ?? 0) + 2);
});

test('a move that is refused comes back, and takes as little work', () => {
  const board = projectOf(100);
  const [from, to] = [board.open(inState('live')), board.open(inState('idle'))];
  board.open({ projects: {} });
  const writes = Array.from({ length: 100 }, (_, at) => board.write(move(`t${at}`)));
  for (const live of [from, to]) shown(live);
  const work = asked(() => {
    board.queries.reject(writes[50]?.eventId ?? '');
    for (const live of [from, to]) shown(live);
  });
  expect(ids(from)).toEqual(['t50']);
  expect(ids(to)).toHaveLength(99);
  expect(work).toBeLessThan(10);
});

test('trees in which every row leads to every other one, and one field is missing, are searched once', () => {
  const names = Array.from({ length: 14 }, (_, at) => `t${at}`);
  const rows = names.map((id, at): [string, Fields] => [id, { status: 'done', parent: names[(at + 1) % names.length] }]);
  const board = new Board({ tasks: Object.fromEntries(rows) });
  const nested = { parent: { children: { parent: { children: {} } } }, children: { parent: { children: {} } } };
  const live: LiveQuery = board.open({ tasks: { $: { where: { status: 'open' } }, ...nested } });
  board.open({ tasks: { $: { fields: ['status'] }, parent: { $: { fields: ['status'] } } } });
  const work = asked(() => {
    for (const id of names) board.update('tasks', id, { status: 'open' });
    shown(live);
  });
  expect(work).toBeLessThan(5_000);
});
