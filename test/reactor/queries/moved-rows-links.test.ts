// Conditions that rows without a link satisfy: a row is shown where it is known here that there is no other link.

import { expect, test } from 'vitest';

import { Board, ids } from '../../support/board.ts';

const data = {
  tasks: {
    t1: { title: 'Swim', status: 'open', project: 'p1' },
    t2: { title: 'Run', status: 'done', project: 'p1', parent: 't1' },
    t3: { title: 'Fly', status: 'open', parent: 't1' },
  },
  projects: { p1: { name: 'A', state: 'live', members: ['u1'] }, p2: { name: 'B', state: 'idle' } },
  users: { u1: { name: 'Ana' } },
};
const isNull = { $isNull: true };

test.each([{ tasks: isNull }, { 'tasks.id': isNull }, { 'tasks.title': isNull }])(
  'an entity whose last link is removed, where one list has all rows that link: %j',
  (where) => {
    const board = new Board(data);
    const empty = board.open({ projects: { $: { where } } });
    board.open({ projects: {} });
    expect(ids(empty, 'projects')).toEqual(['p2']);
    board.open({ tasks: {} });
    board.write(['retract-triple', 't1', 'project', 'p1']);
    expect(ids(empty, 'projects')).toEqual(['p2']);
    const write = board.write(['delete-entity', 't2', 'tasks']);
    expect(ids(empty, 'projects')).toEqual(['p1', 'p2']);
    board.write(['add-triple', 't3', 'project', 'p1']);
    expect(ids(empty, 'projects')).toEqual(['p2']);
    board.queries.reject(write.eventId);
    expect(ids(empty, 'projects')).toEqual(['p2']);
  },
);

test('not where the other list is one of some rows, or of rows that were guessed', () => {
  const board = new Board(data);
  const empty = board.open({ projects: { $: { where: { tasks: isNull } } } });
  board.open({ projects: {} });
  board.open({ tasks: { $: { where: { status: 'open' } } } });
  board.openLocally({ tasks: {} });
  board.write(['retract-triple', 't1', 'project', 'p1']);
  expect(ids(empty, 'projects')).toEqual(['p2']);
});

test('among rows of one namespace', () => {
  const board = new Board(data);
  const leaves = board.open({ tasks: { $: { where: { children: isNull } } } });
  board.open({ tasks: {} });
  expect(ids(leaves)).toEqual(['t2', 't3']);
  board.write(['retract-triple', 't2', 'parent', 't1'], ['add-triple', 't3', 'parent', 't2']);
  expect(ids(leaves)).toEqual(['t1', 't3']);
});

test('of a link with several ends, where the other side of it is shown', () => {
  const board = new Board(data);
  const without = board.open({ projects: { $: { where: { members: isNull } } } });
  board.open({ projects: {} });
  board.open({ users: { projects: {} } });
  board.write(['retract-triple', 'p1', 'labels', 'u1']);
  expect(ids(without, 'projects')).toEqual(['p1', 'p2']);
});

test('of a row that another list shows because it has no link', () => {
  const board = new Board(data);
  const live = board.open({ projects: { $: { where: { tasks: isNull, state: 'live' } } } });
  board.open({ projects: { $: { where: { tasks: isNull } } } });
  board.update('projects', 'p2', { state: 'live' });
  expect(ids(live, 'projects')).toEqual(['p2']);
  const leaves = board.open({ tasks: { $: { where: { children: isNull, status: 'open' } } } });
  board.open({ tasks: { $: { where: { children: isNull } } } });
  board.update('tasks', 't2', { status: 'open' });
  expect(ids(leaves)).toEqual(['t2', 't3']);
});

test('an entity of which a result has only what a condition reads counts as not shown: an update is sent so that it applies here', () => {
  const board = new Board(data);
  const live = board.open({ tasks: { $: { where: { 'project.state': 'live' } } } });
  expect(board.queries.showsEntity('projects', 'p1')).toBe(false);
  expect(board.queries.showsEntity('tasks', 't1')).toBe(true);
  board.write(['add-triple', 'p1', 'projects.id', 'p1'], ['add-triple', 'p1', 'projects.state', 'idle']);
  expect(ids(live)).toEqual([]);
});
