// A pending write that creates an attr, and moves a row into another query by it.

import { expect, test, vi } from 'vitest';

import { Layer } from '../../../src/db/layer.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { Board, ids, shown } from '../../support/board.ts';

const mode = { mode: 'update' } as const;
const archived: WireAttr = {
  id: 'new.archived',
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': ['f-archived', 'tasks', 'archived'],
  'unique?': false,
  'index?': false,
};
const owner: WireAttr = {
  id: 'new.owner',
  'value-type': 'ref',
  cardinality: 'one',
  'forward-identity': ['f-owner', 'tasks', 'owner'],
  'reverse-identity': ['r-owner', 'users', 'owned'],
  'unique?': false,
  'index?': false,
};
const archive = (id: string, value: unknown = true): Step[] => [
  ['add-attr', archived],
  ['add-triple', id, 'tasks.id', id, mode],
  ['add-triple', id, archived.id, value, mode],
];

const data = {
  tasks: {
    t1: { title: 'Swim', status: 'open', rank: 1 },
    t2: { title: 'Run', status: 'done', rank: 2 },
    t3: { title: 'Fly', status: 'open', rank: 3 },
  },
  users: { u1: { name: 'Ana' }, u2: { name: 'Ben' } },
};

test('a row appears in the list of the new attr, and leaves the list of those without it, which shows all others that are known', () => {
  const board = new Board(data);
  const list = board.open({ tasks: { $: { where: { archived: true } } } });
  const without = board.open({ tasks: { $: { where: { archived: { $not: true } } } } });
  board.open({ tasks: { $: { where: { status: 'open' } } } });
  const write = board.write(...archive('t1'));
  expect([ids(list), ids(without)]).toEqual([['t1'], ['t3']]);
  expect(shown(list)).toMatchObject({ tasks: [{ id: 't1', title: 'Swim', archived: true }] });
  board.write(...archive('t3'));
  expect([ids(list), ids(without)]).toEqual([['t1', 't3'], []]);
  board.write(...archive('t3', false));
  expect([ids(list), ids(without)]).toEqual([['t1'], ['t3']]);
  board.queries.reject(write.eventId);
  expect([ids(list), ids(without)]).toEqual([[], ['t1', 't3']]);
});

test.each([{ archived: { $ne: true } }, { archived: { $isNull: true } }, { or: [{ archived: { $isNull: true } }, { archived: false }] }])(
  'rows that no write touches are in the list of those without the new attr: %j',
  (where) => {
    const board = new Board(data);
    const without = board.open({ tasks: { $: { where: where as never } } });
    const page = board.open({ tasks: { $: { where: where as never, limit: 1, order: { rank: 'desc' } } } });
    board.open({ tasks: { $: { where: { status: 'open' } } } });
    const write = board.write(...archive('t1'));
    expect([ids(without), ids(page)]).toEqual([['t3'], []]);
    const all = board.open({ tasks: {} });
    expect([ids(without), ids(page)]).toEqual([['t2', 't3'], ['t3']]);
    board.write(...archive('t3'));
    board.update('tasks', 't2', { title: 'Run far' });
    expect([shown(without), ids(page)]).toMatchObject([{ tasks: [{ id: 't2', title: 'Run far' }] }, ['t2']]);
    board.queries.close(all.key);
    board.queries.reject(write.eventId);
    expect(ids(without)).toContain('t1');
  },
);

test('rows without a new link are in the list of those without it', () => {
  const board = new Board(data);
  const without = board.open({ tasks: { $: { where: { owner: { $isNull: true } } } } });
  const below = board.open({ users: { $: { where: { owned: { $isNull: true } } } } });
  board.open({ tasks: {} });
  board.open({ users: {} });
  board.write(['add-attr', owner], ['add-triple', 't2', owner.id, 'u1']);
  expect([ids(without), ids(below, 'users')]).toEqual([['t1', 't3'], ['u2']]);
});

test('while another attr is being created, rows move between lists of known ones', () => {
  const board = new Board(data);
  const open = board.open({ tasks: { $: { where: { status: 'open' } } } });
  const done = board.open({ tasks: { $: { where: { status: 'done' } } } });
  const first = board.write(...archive('t2'));
  const move = board.update('tasks', 't1', { status: 'done' });
  expect([ids(open), ids(done)]).toEqual([['t3'], ['t1', 't2']]);
  board.update('tasks', 't1', { rank: 9 });
  board.queries.reject(first.eventId);
  expect([ids(open), ids(done)]).toEqual([['t3'], ['t1', 't2']]);
  board.queries.reject(move.eventId);
  expect([ids(open), ids(done)]).toEqual([['t1', 't3'], ['t2']]);
});

test('a row appears below the parent of a new link, and in the list filtered by it', () => {
  const board = new Board(data);
  const owned = board.open({ users: { owned: {} } });
  const list = board.open({ tasks: { $: { where: { 'owner.name': 'Ana' } } } });
  board.open({ tasks: {} });
  board.write(['add-attr', owner], ['add-triple', 't2', owner.id, 'u1']);
  expect(shown(owned)).toMatchObject({
    users: [
      { id: 'u1', owned: [{ id: 't2', title: 'Run' }] },
      { id: 'u2', owned: [] },
    ],
  });
  expect(ids(list)).toEqual(['t2']);
});

test('of two attrs of one name, made in two tabs, the row appears by either', () => {
  const board = new Board(data);
  const list = board.open({ tasks: { $: { where: { archived: true } } } });
  board.open({ tasks: {} });
  board.write(...archive('t1'));
  const other: WireAttr = { ...archived, id: 'other.archived' };
  board.write(['add-attr', other], ['add-triple', 't2', 'tasks.id', 't2', mode], ['add-triple', 't2', other.id, true, mode]);
  expect(ids(list)).toEqual(['t1', 't2']);
});

test('rows in a list ordered by the new attr are in its order', () => {
  const board = new Board(data);
  const list = board.open({ tasks: { $: { where: { archived: { $isNull: false } }, order: { archived: 'desc' } } } });
  board.open({ tasks: {} });
  board.write(...archive('t1', 1));
  board.write(...archive('t3', 2));
  expect(ids(list)).toEqual(['t3', 't1']);
});

test('a move by a new attr costs no more for the moves before it', () => {
  const names = Array.from({ length: 200 }, (_, at) => `t${at}`);
  const board = new Board({ tasks: Object.fromEntries(names.map((id, rank) => [id, { title: id, status: 'open', rank }])) });
  const list = board.open({ tasks: { $: { where: { archived: true } } } });
  board.open({ tasks: {} });
  const [maker, early, ...later] = names as [string, string, ...string[]];
  board.write(...archive(maker));
  const applied = vi.spyOn(Layer.prototype, 'put');
  board.write(...archive(early));
  const before = applied.mock.calls.length;
  for (const id of later) board.write(...archive(id));
  expect(applied.mock.calls.length).toBeLessThan(2 * before * names.length);
  vi.restoreAllMocks();
  expect(ids(list)).toHaveLength(names.length);
});
