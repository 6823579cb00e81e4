// Rows that link rows of their own namespace, under pending writes: a result may have such a row in one place only, as a child, or as what a
// condition reads.

import { expect, test } from 'vitest';

import { Board, type Fields, ids, shown } from '../../support/board.ts';

const tasks = (rows: Readonly<Record<string, Fields>>): Board =>
  new Board({ tasks: Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, { title: id.toUpperCase(), ...row }])) });

test('a row appears in a list of trees, though its parent is in the result as a child', () => {
  const board = tasks({ t1: { parent: 't4', rank: 0 }, t2: { parent: 't1', rank: 0 }, t4: {} });
  const live = board.open({ tasks: { $: { where: { rank: { $isNull: true } } }, children: {} } });
  board.open({ tasks: {} });
  const move = board.update('tasks', 't2', { rank: null });
  expect(shown(live)).toMatchObject({
    tasks: [
      { id: 't2', title: 'T2', children: [] },
      { id: 't4', children: [{ id: 't1' }] },
    ],
  });
  board.queries.reject(move.eventId);
  expect(ids(live)).toEqual(['t4']);
});

test('a child that becomes a row of the list shows its own children, where another list has them', () => {
  const board = tasks({ t1: { status: 'open' }, t2: { parent: 't1', status: 'done' }, t3: { parent: 't2', status: 'done' } });
  const live = board.open({ tasks: { $: { where: { status: 'open' } }, children: {} } });
  const all = board.open({ tasks: {} });
  expect(shown(live)).toMatchObject({ tasks: [{ id: 't1', children: [{ id: 't2' }] }] });
  board.update('tasks', 't2', { status: 'open' });
  const wanted = {
    tasks: [
      { id: 't1', children: [{ id: 't2' }] },
      { id: 't2', children: [{ id: 't3', title: 'T3' }] },
    ],
  };
  expect(shown(live)).toMatchObject(wanted);
  board.queries.close(all.key);
  board.update('tasks', 't1', { rank: 1 });
  expect(ids(live)).toEqual(['t1', 't2']);
});

test('a row that a condition reads becomes a row of the list with all its fields', () => {
  const board = tasks({ t1: { parent: 't3', rank: 0 }, t2: {}, t3: {} });
  const live = board.open({ tasks: { $: { where: { 'children.rank': 0 }, fields: ['title'] } } });
  board.open({ tasks: {} });
  board.write(['add-triple', 't2', 'parent', 't1']);
  board.update('tasks', 't2', { rank: 0 });
  expect(shown(live)).toEqual({ tasks: [{ id: 't1', title: 'T1' }, { id: 't3', title: 'T3' }] }); // prettier-ignore
});

test('a row appears when the child that its condition reads changes, which the result has as a row', () => {
  const board = tasks({ t1: {}, t2: { parent: 't1', status: 'done' } });
  const live = board.open({ tasks: { $: { where: { 'children.status': { $not: 'done' } }, fields: ['title'] } } });
  board.open({ tasks: {} });
  expect(ids(live)).toEqual(['t2']);
  const change = board.update('tasks', 't2', { status: 'open' });
  expect(ids(live)).toEqual(['t1', 't2']);
  board.queries.reject(change.eventId);
  expect(ids(live)).toEqual(['t2']);
});

test.each<[condition: Fields]>([
  [{ 'parent.status': { $not: 'open' } }],
  [{ 'parent.status': { $isNull: true } }],
  [{ 'parent.rank': { $isNull: true }, title: { $like: 'T%' } }],
  [{ or: [{ 'parent.status': 'done' }, { 'parent.id': { $isNull: true } }] }],
])('a row moves out of a list with the condition %o into another one', (where) => {
  const board = tasks({ t1: { status: 'done' }, t2: { parent: 't1', status: 'done' } });
  const from = board.open({ tasks: { $: { where } } });
  const to = board.open({ tasks: { $: { where: { status: { $in: ['open', 'late'] } } } } });
  expect(ids(from)).toContain('t1');
  board.update('tasks', 't1', { status: 'open', title: 'S1' });
  expect(shown(to)).toEqual({ tasks: [{ id: 't1', title: 'S1', status: 'open' }] });
});
