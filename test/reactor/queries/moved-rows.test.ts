// A pending write that moves a row into another query: it shows there with what other answers tell of it, until the server answers.

import { describe, expect, test } from 'vitest';

import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import { Board, type Fields, ids, shown } from '../../support/board.ts';

const where = (condition: Fields, etype = 'tasks'): WireQuery => ({ [etype]: { $: { where: condition } } });

const tasks = {
  t1: { title: 'Swim', status: 'open', rank: 1 },
  t2: { title: 'Run', status: 'done', rank: 2 },
  t3: { title: 'Fly', status: 'open', rank: 3 },
};

describe('a row that an update moves from one filtered list to another', () => {
  test('appears in the other at once, with all fields, and moves back when the update is rejected', () => {
    const board = new Board({ tasks });
    const [open, done] = [board.open(where({ status: 'open' })), board.open(where({ status: 'done' }))];
    const write = board.update('tasks', 't1', { status: 'done' });
    expect([ids(open), ids(done)]).toEqual([['t3'], ['t1', 't2']]);
    expect((shown(done) as { tasks: object[] }).tasks[0]).toEqual({ id: 't1', title: 'Swim', status: 'done', rank: 1 });
    board.queries.reject(write.eventId);
    expect([ids(open), ids(done)]).toEqual([['t1', 't3'], ['t2']]);
  });

  test('includes writes made before and after the move', () => {
    const board = new Board({ tasks });
    const done = board.open(where({ status: 'done' }));
    board.open(where({ status: 'open' }));
    for (let extra = 0; extra < 6; extra += 1) board.open(where({ title: `other ${extra}` }));
    board.update('tasks', 't1', { title: 'Swim far' });
    const move = board.update('tasks', 't1', { status: 'done' });
    board.update('tasks', 't1', { rank: 9 });
    expect((shown(done) as { tasks: object[] }).tasks[0]).toEqual({ id: 't1', title: 'Swim far', status: 'done', rank: 9 });
    board.queries.reject(move.eventId);
    expect(ids(done)).toEqual(['t2']);
  });

  test('stays in the new list if the old list gets its result first or is closed', () => {
    const board = new Board({ tasks });
    const [open, done] = [board.open(where({ status: 'open' })), board.open(where({ status: 'done' }))];
    const write = board.update('tasks', 't1', { status: 'done' });
    board.truth.load([['t1', 'tasks.id', 't1', 2], ['t1', 'tasks.title', 'Swim', 2], ['t1', 'tasks.status', 'done', 2], ['t1', 'tasks.rank', 1, 2]]); // prettier-ignore
    board.queries.acknowledge({ ...write, state: 'acknowledged', txId: 2 }, 0);
    board.answer(open, 2);
    board.update('tasks', 't1', { title: 'Swim far' });
    expect([ids(open), ids(done)]).toEqual([['t3'], ['t1', 't2']]);
    board.queries.close(open.key);
    board.update('tasks', 't1', { rank: 4 });
    expect(ids(done)).toEqual(['t1', 't2']);
    board.answer(done, 2);
    board.queries.drainIncluded();
    expect(ids(done)).toEqual(['t1', 't2']);
  });

  test('leaves the new list if the server’s result does not contain it', () => {
    const board = new Board({ tasks });
    const [, done] = [board.open(where({ status: 'open' })), board.open(where({ status: 'done' }))];
    const write = board.update('tasks', 't1', { status: 'done' });
    board.queries.acknowledge({ ...write, state: 'acknowledged', txId: 2 }, 0);
    board.answer(done, 2);
    expect(ids(done)).toEqual(['t2']);
  });

  test('appears once its old list has a result, even after the update', () => {
    const board = new Board({ tasks });
    const done = board.open(where({ status: 'done' }));
    board.update('tasks', 't1', { status: 'done' });
    expect(ids(done)).toEqual(['t2']);
    const open = board.open(where({ status: 'open' }));
    expect([ids(open), ids(done)]).toEqual([['t3'], ['t1', 't2']]);
  });

  test('moves as well by a merge or an upsert', () => {
    const board = new Board({ tasks });
    const done = board.open(where({ status: { $not: 'open' } }));
    board.open(where({ status: 'open' }));
    board.write(['deep-merge-triple', 't1', 'tasks.status', 'done', { mode: 'update' }]);
    board.write(['add-triple', 't3', 'tasks.id', 't3'], ['add-triple', 't3', 'tasks.title', 'Fly high']);
    expect(ids(done)).toEqual(['t1', 't2']);
  });

  test('leaves the new list when it is deleted, or when another write moves it back', () => {
    const board = new Board({ tasks });
    const [open, done] = [board.open(where({ status: 'open' })), board.open(where({ status: 'done' }))];
    board.update('tasks', 't1', { status: 'done' });
    board.update('tasks', 't3', { status: 'done' });
    board.write(['delete-entity', 't1', 'tasks']);
    board.update('tasks', 't3', { status: 'open' });
    expect([ids(open), ids(done)]).toEqual([['t3'], ['t2']]);
  });
});

describe('a row is not shown', () => {
  test.each<[what: string, other: WireQuery]>([
    ['of which a shown field is unknown', { tasks: { $: { where: { status: 'open' }, fields: ['title', 'status'] } } }],
    ['of which a condition could take a value for missing', { tasks: { $: { where: { status: 'open' }, fields: ['title', 'status'] } } }],
  ])('%s', (what, other) => {
    const board = new Board({ tasks });
    const asked = what.includes('condition') ? { $: { where: { status: 'done', rank: { $not: 7 } }, fields: ['title'] } } : { $: { where: { status: 'done' } } }; // prettier-ignore
    const done = board.open({ tasks: asked });
    board.open(other);
    board.update('tasks', 't1', { status: 'done' });
    expect(ids(done)).toEqual(['t2']);
  });

  test('in a list whose newer result should already have contained it: the cached fields are outdated', () => {
    const board = new Board({ tasks });
    const all = board.open({ tasks: {} });
    board.truth.load([['t1', 'tasks.id', 't1', 2], ['t1', 'tasks.title', 'Swim', 2], ['t1', 'tasks.status', 'gone', 2], ['t1', 'tasks.rank', 1, 2]]); // prettier-ignore
    board.txId = 5;
    const open = board.open(where({ status: 'open', rank: { $gt: 0 } }));
    board.update('tasks', 't1', { rank: 7 });
    expect(ids(open)).toEqual(['t3']);
    expect(ids(all)).toEqual(['t1', 't2', 't3']);
    // The other result is unchanged, and the newer one now.
    board.truth.load(board.triples);
    board.answer(all, 6);
    expect(ids(open)).toEqual(['t1', 't3']);
  });

  test('in a query with other rule parameters', () => {
    const board = new Board({ tasks });
    const done = board.open(where({ status: 'done' }));
    board.open({ ...where({ status: 'open' }), $$ruleParams: { key: 'secret' } });
    board.update('tasks', 't1', { status: 'done' });
    expect(ids(done)).toEqual(['t2']);
  });
});

describe('a row that a link moves', () => {
  const projects = { a: { name: 'A', state: 'live' }, b: { name: 'B', state: 'idle' } };
  const data = { tasks: { t1: { ...tasks.t1, project: 'a' }, t2: { ...tasks.t2, project: 'b' } }, projects };

  test('from one parent to another appears below the other', () => {
    const board = new Board(data);
    const of = (id: string): WireQuery => ({ projects: { $: { where: { id } }, tasks: {} } });
    const [a, b] = [board.open(of('a')), board.open(of('b'))];
    board.write(['add-triple', 't1', 'project', 'b']);
    const below = (live: LiveQuery): unknown =>
      (shown(live) as { projects: { tasks: { id: string }[] }[] }).projects[0]?.tasks.map(({ id }) => id);
    expect([below(a), below(b)]).toEqual([[], ['t1', 't2']]);
  });

  test('from one list filtered by parent to another appears there', () => {
    const board = new Board(data);
    const [a, b] = [board.open(where({ 'project.id': 'a' })), board.open(where({ project: 'b' }))];
    board.write(['retract-triple', 't1', 'project', 'a'], ['add-triple', 't1', 'project', 'b']);
    expect([ids(a), ids(b)]).toEqual([[], ['t1', 't2']]);
  });

  test('shows a parent that only another query contains', () => {
    const board = new Board(data);
    const list = board.open({ tasks: { $: { where: { id: 't1' } }, project: {} } });
    board.open({ projects: { $: { where: { id: 'b' } } } });
    board.write(['add-triple', 't1', 'project', 'b']);
    expect(shown(list)).toMatchObject({ tasks: [{ id: 't1', project: [{ id: 'b', name: 'B' }] }] });
  });

  test('appears by the fields of its linked entity in other queries', () => {
    const board = new Board(data);
    const live = board.open(where({ 'project.state': 'live' }));
    board.open({ projects: {} });
    board.open({ tasks: {} });
    board.update('projects', 'b', { state: 'live' });
    expect(ids(live)).toEqual(['t1', 't2']);
    board.update('projects', 'a', { state: 'idle' });
    expect(ids(live)).toEqual(['t2']);
  });

  test('and that a pending write created appears by the fields of its linked entity', () => {
    const board = new Board(data);
    const live = board.open(where({ 'project.state': 'live' }));
    board.open({ projects: {} });
    board.write(['add-triple', 't9', 'tasks.id', 't9', { mode: 'create' }], ['add-triple', 't9', 'tasks.title', 'New', { mode: 'create' }]);
    board.write(['add-triple', 't9', 'project', 'a']);
    expect(ids(live)).toEqual(['t1', 't9']);
  });

  test('appears with its nested relations', () => {
    const board = new Board({
      ...data,
      users: { u: { name: 'Ana' } },
      projects: { ...projects, a: { ...projects.a, members: ['u'] } },
    });
    const idle = board.open({ projects: { $: { where: { state: 'idle' } }, tasks: {}, members: {} } });
    board.open({ projects: { $: { where: { state: 'live' } }, tasks: {}, members: {} } });
    board.update('projects', 'a', { state: 'idle' });
    expect(shown(idle)).toMatchObject({
      projects: [{ id: 'a', tasks: [{ id: 't1', title: 'Swim' }], members: [{ name: 'Ana' }] }, { id: 'b' }],
    });
  });

  test('out of its parent appears among the rows without a parent', () => {
    const board = new Board({ tasks: { t1: { title: 'Swim' }, t2: { title: 'Run', parent: 't1' } } });
    const top = board.open({ tasks: { $: { where: { parent: { $isNull: true } } } } });
    board.open({ tasks: { $: { where: { id: 't2' } } } });
    board.write(['retract-triple', 't2', 'parent', 't1']);
    expect(ids(top)).toEqual(['t1', 't2']);
  });

  test('whose parent is deleted appears among the rows without a parent until the deletion is rejected', () => {
    const board = new Board({ tasks: { t1: { title: 'Swim' }, t2: { title: 'Run', parent: 't1' }, t3: { title: 'Rest', parent: 't1' } } });
    const top = board.open({ tasks: { $: { where: { parent: { $isNull: true } } } } });
    const found = board.open({ tasks: { $: { where: { title: 'Run' } } } });
    const deletion = board.write(['delete-entity', 't1', 'tasks']);
    expect([ids(top), ids(found)]).toEqual([['t2'], ['t2']]);
    board.queries.reject(deletion.eventId);
    expect([ids(top), ids(found)]).toEqual([['t1'], ['t2']]);
  });
});

describe('a page', () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`t${at}`, { title: `T${at}`, status: 'open', rank: at * 10 }]));

  test('shows a row of a later page that is moved into it, in its place', () => {
    const board = new Board({ tasks: many });
    const first = board.open({ tasks: { $: { limit: 3, order: { rank: 'asc' } } } });
    const second = board.open({ tasks: { $: { limit: 3, offset: 3, order: { rank: 'asc' } } } });
    const move = board.update('tasks', 't4', { rank: 5 });
    expect(ids(first)).toEqual(['t0', 't4', 't1']);
    expect(ids(second)).not.toContain('t4');
    board.queries.reject(move.eventId);
    expect(ids(first)).toEqual(['t0', 't1', 't2']);
  });

  test('does not show a row that is moved behind its end', () => {
    const board = new Board({ tasks: many });
    const first = board.open({ tasks: { $: { limit: 3, order: { rank: 'asc' } } } });
    board.open({ tasks: { $: { limit: 3, offset: 3, order: { rank: 'asc' } } } });
    board.update('tasks', 't4', { rank: 45 });
    expect(ids(first)).toEqual(['t0', 't1', 't2']);
  });

  const byRank = (order: 'asc' | 'desc', more: Fields = {}): WireQuery => ({ tasks: { $: { order: { rank: order }, ...more } } });

  test.each<[what: string, all: WireQuery]>([
    ['all rows', { tasks: {} }],
    ['all rows of its condition', where({ status: 'open' })],
  ])('is filled after a deletion and after a move out of it, where another list has %s', (_, all) => {
    const board = new Board({ tasks: many });
    const page = board.open(byRank('asc', { where: { status: 'open' }, limit: 3 }));
    const last = board.open(byRank('asc', { where: { status: 'open' }, last: 2 }));
    board.open(all);
    const deletion = board.write(['delete-entity', 't1', 'tasks']);
    expect(ids(page)).toEqual(['t0', 't2', 't3']);
    board.update('tasks', 't3', { status: 'done' });
    board.update('tasks', 't4', { title: 'new' });
    expect(shown(page)).toMatchObject({ tasks: [{ id: 't0' }, { id: 't2' }, { id: 't4', title: 'new' }] });
    board.update('tasks', 't0', { rank: 75 });
    expect([ids(page), ids(last)]).toEqual([
      ['t2', 't4', 't5'],
      ['t0', 't8'],
    ]);
    board.write(['delete-entity', 't8', 'tasks']);
    expect(ids(last)).toEqual(['t7', 't0']);
    board.queries.reject(deletion.eventId);
    expect(ids(page)).toEqual(['t1', 't2', 't4']);
  });

  test('is filled once another list is there, and follows its changes and those of the page', () => {
    const board = new Board({ tasks: many });
    const page = board.open(byRank('asc', { limit: 3 }));
    board.write(['delete-entity', 't1', 'tasks']);
    expect(ids(page)).toEqual(['t0', 't2']);
    const all = board.open({ tasks: {} });
    expect(ids(page)).toEqual(['t0', 't2', 't3']);
    board.truth.load([['t9', 'tasks.id', 't9', 20], ['t9', 'tasks.rank', 25, 20]]); // prettier-ignore
    board.answer(all, 2);
    expect(ids(page)).toEqual(['t0', 't2', 't9']);
    board.truth.load([['ta', 'tasks.id', 'ta', 21], ['ta', 'tasks.rank', 5, 21]]); // prettier-ignore
    board.answer(page, 3);
    board.answer(all, 3);
    expect(ids(page)).toEqual(['t0', 'ta', 't2']);
  });

  test.each<[what: string, other: WireQuery]>([
    ['is a page itself', byRank('asc', { limit: 8 })],
    ['has another condition', where({ title: 'T3' })],
    ['does not have what its condition reads', { tasks: { $: { fields: ['title', 'rank'] } } }],
    ['does not have its order', { tasks: { $: { fields: ['title', 'status'] } } }],
  ])('stays short where the other list %s', (_, other) => {
    const board = new Board({ tasks: many });
    const page = board.open(byRank('asc', { where: { status: 'open' }, limit: 3 }));
    board.open(other);
    board.write(['delete-entity', 't1', 'tasks']);
    expect(ids(page)).toEqual(['t0', 't2']);
  });

  test('stays short where its list ends', () => {
    const board = new Board({ tasks });
    const page = board.open(byRank('asc', { limit: 3 }));
    board.open({ tasks: {} });
    board.write(['delete-entity', 't1', 'tasks']);
    expect(ids(page)).toEqual(['t2', 't3']);
  });
});
