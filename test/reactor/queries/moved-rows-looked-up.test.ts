// A pending write that names what it moves by a unique value: lists that do not hold the row learn of it from other results.

import { expect, test } from 'vitest';

import type { Step } from '../../../src/protocol/transact-messages.ts';
import type { Value } from '../../../src/protocol/triple.ts';
import { Board, ids, shown } from '../../support/board.ts';

const mode = { mode: 'update' } as const;
const slug = (name: string): readonly [string, string] => ['tasks.slug', name];
const projectSlug = (name: string): readonly [string, string] => ['projects.slug', name];
const update = (name: string, label: string, value: Value): Step[] => [
  ['add-triple', slug(name), 'tasks.id', slug(name), mode],
  ['add-triple', slug(name), `tasks.${label}`, value, mode],
];

const data = {
  tasks: {
    t1: { title: 'Swim', status: 'open', rank: 1, slug: 'swim', project: 'p1' },
    t2: { title: 'Run', status: 'done', rank: 2, slug: 'run', project: 'p2' },
  },
  projects: { p1: { name: 'A', state: 'live', slug: 'a' }, p2: { name: 'B', state: 'idle', slug: 'b' } },
};
const open = { tasks: { $: { where: { status: 'open' } } } };
const done = { tasks: { $: { where: { status: 'done' } } } };

test('an update moves the row, and its rejection moves it back', () => {
  const board = new Board(data);
  const [from, to] = [board.open(open), board.open(done)];
  const write = board.write(...update('swim', 'status', 'done'));
  expect([ids(from), ids(to)]).toEqual([[], ['t1', 't2']]);
  board.queries.reject(write.eventId);
  expect([ids(from), ids(to)]).toEqual([['t1'], ['t2']]);
});

test('an upsert, a merge and a deletion find the row as well', () => {
  const board = new Board(data);
  const [from, to] = [board.open(open), board.open(done)];
  const other = board.open({ tasks: { $: { where: { status: { $not: 'open' } } } } });
  board.write(['add-triple', slug('swim'), 'tasks.id', slug('swim')], ['add-triple', slug('swim'), 'tasks.status', 'done']);
  expect([ids(from), ids(to), ids(other)]).toEqual([[], ['t1', 't2'], ['t1', 't2']]);
  board.write(['deep-merge-triple', slug('swim'), 'tasks.status', 'late', mode]);
  expect([ids(from), ids(to), ids(other)]).toEqual([[], ['t2'], ['t1', 't2']]);
  board.write(['delete-entity', slug('swim'), 'tasks']);
  expect([ids(from), ids(to), ids(other)]).toEqual([[], ['t2'], ['t2']]);
});

test('the row is found by what earlier writes made of the value, and no longer by what it was', () => {
  const board = new Board(data);
  const [from, to] = [board.open(open), board.open(done)];
  board.update('tasks', 't1', { slug: 'dive' });
  board.write(...update('swim', 'status', 'done'));
  expect([ids(from), ids(to)]).toEqual([['t1'], ['t2']]);
  board.write(...update('dive', 'status', 'done'));
  expect([ids(from), ids(to)]).toEqual([[], ['t1', 't2']]);
});

test('the row appears once another result has it', () => {
  const board = new Board(data);
  const to = board.open(done);
  board.write(...update('swim', 'status', 'done'));
  expect(ids(to)).toEqual(['t2']);
  const from = board.open(open);
  expect([ids(from), ids(to)]).toEqual([[], ['t1', 't2']]);
});

test('the row stays when the list that had it is answered first, or closed', () => {
  const board = new Board(data);
  const [from, to] = [board.open(open), board.open(done)];
  const write = board.write(...update('swim', 'status', 'done'));
  board.truth.load([['t1', 'tasks.id', 't1', 2], ['t1', 'tasks.title', 'Swim', 2], ['t1', 'tasks.status', 'done', 2], ['t1', 'tasks.rank', 1, 2], ['t1', 'tasks.slug', 'swim', 2], ['t1', 'project', 'p1', 2]]); // prettier-ignore
  board.queries.acknowledge({ ...write, state: 'acknowledged', txId: 2 }, 0);
  board.answer(from, 2);
  expect([ids(from), ids(to)]).toEqual([[], ['t1', 't2']]);
  board.queries.close(from.key);
  expect(ids(to)).toEqual(['t1', 't2']);
  board.answer(to, 2);
  board.queries.drainIncluded();
  expect(ids(to)).toEqual(['t1', 't2']);
});

test('a link to an entity named by its value moves the row below it, and into lists by it', () => {
  const board = new Board(data);
  const below = board.open({ projects: { $: { where: { id: 'p2' } }, tasks: {} } });
  const list = board.open({ tasks: { $: { where: { 'project.state': 'idle' } } } });
  const withProject = board.open({ tasks: { $: { where: { status: 'open' } }, project: {} } });
  board.write(['add-triple', 't1', 'project', projectSlug('b')]);
  expect(shown(below)).toMatchObject({ projects: [{ id: 'p2', tasks: [{ id: 't1', title: 'Swim' }, { id: 't2' }] }] });
  expect(ids(list)).toEqual(['t1', 't2']);
  expect(shown(withProject)).toMatchObject({ tasks: [{ id: 't1', project: [{ id: 'p2', name: 'B' }] }] });
  board.write(['add-triple', slug('run'), 'project', projectSlug('a')]);
  expect([shown(below), ids(list)]).toMatchObject([{ projects: [{ tasks: [{ id: 't1' }] }] }, ['t1']]);
});

test('a row that is made here is found by its value', () => {
  const board = new Board(data);
  const to = board.open({ tasks: { $: { where: { 'project.state': 'idle' } } } });
  board.open({ projects: {} });
  board.write(...['id', 'slug'].map((label): Step => ['add-triple', 't9', `tasks.${label}`, label === 'id' ? 't9' : 'new', { mode: 'create' }])); // prettier-ignore
  board.write(['add-triple', slug('new'), 'project', projectSlug('b')]);
  expect(ids(to)).toEqual(['t2', 't9']);
});

test('a list that does not have the value of its rows applies what is written by it', () => {
  const board = new Board(data);
  const titles = board.open({ tasks: { $: { fields: ['title'] } } });
  board.open(open);
  board.write(...update('swim', 'title', 'Dive'));
  expect(shown(titles)).toMatchObject({ tasks: [{ title: 'Dive' }, { title: 'Run' }] });
});

test('a row is not shown that is known in part', () => {
  const board = new Board(data);
  const to = board.open(done);
  board.open({ tasks: { $: { fields: ['title', 'slug'] } } });
  board.write(['add-triple', slug('swim'), 'tasks.id', slug('swim')], ['add-triple', slug('swim'), 'tasks.status', 'done']);
  board.write(...update('swim', 'status', 'done'));
  expect(ids(to)).toEqual(['t2']);
});
