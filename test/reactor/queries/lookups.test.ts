// Pending writes that name an entity by a unique text depend on who has the text, and on nothing else.

import { afterEach, describe, expect, test, vi } from 'vitest';

import type { Step } from '../../../src/protocol/transact-messages.ts';
import { PendingLayer } from '../../../src/reactor/queries/pending-layer.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import { Board, type Fields } from '../../support/board.ts';

afterEach(() => vi.restoreAllMocks());

const ranks = (live: LiveQuery): Fields => {
  const rows = (live.view.read()?.data['tasks'] ?? []) as readonly { readonly id: string; readonly rank: number }[];
  return Object.fromEntries(rows.map(({ id, rank }) => [id, rank]));
};
const rank = (slug: string, value: number): Step[] => {
  const lookup = ['tasks.slug', slug] as const;
  return [
    ['add-triple', lookup, 'tasks.id', lookup],
    ['add-triple', lookup, 'tasks.rank', value],
  ] as unknown as Step[];
};

function start() {
  const board = new Board({ tasks: { t1: { slug: 'a', rank: 1 }, t2: { slug: 'b', rank: 2 }, t3: { rank: 3 } } });
  return { board, all: board.open({ tasks: {} }) };
}

test('one that is rejected or confirmed leaves the others as they are applied', () => {
  const { board, all } = start();
  const first = board.write(...rank('a', 10));
  board.write(...rank('b', 20));
  board.update('tasks', 't3', { rank: 30 });
  const last = board.write(...rank('a', 11));
  const rebuilt = vi.spyOn(PendingLayer.prototype, 'rebuild');
  board.queries.reject(last.eventId);
  expect(ranks(all)).toEqual({ t1: 10, t2: 20, t3: 30 });
  board.queries.reject(first.eventId);
  expect(ranks(all)).toEqual({ t1: 1, t2: 20, t3: 30 });
  expect(rebuilt).not.toHaveBeenCalled();
});

describe('one is applied to the entity that has the text', () => {
  test('which an earlier write gave it, until that is rejected', () => {
    const { board, all } = start();
    const given = board.update('tasks', 't3', { slug: 'c' });
    board.write(...rank('c', 30));
    expect(ranks(all)).toEqual({ t1: 1, t2: 2, t3: 30 });
    board.queries.reject(given.eventId);
    expect(ranks(all)).toEqual({ t1: 1, t2: 2, t3: 3 });
  });

  test('which moved from one entity to another, by two writes', () => {
    const { board, all } = start();
    board.update('tasks', 't1', { slug: 'z' });
    const taken = board.update('tasks', 't2', { slug: 'a' });
    board.write(...rank('a', 50));
    expect(ranks(all)).toEqual({ t1: 1, t2: 50, t3: 3 });
    board.queries.reject(taken.eventId);
    expect(ranks(all)).toEqual({ t1: 1, t2: 2, t3: 3 });
  });

  test('though a later write moves the text, when the write itself is applied again', () => {
    const { board, all } = start();
    const early = board.update('tasks', 't1', { title: 'early' });
    board.write(...rank('a', 10));
    board.update('tasks', 't1', { slug: 'z' });
    board.update('tasks', 't2', { slug: 'a' });
    board.queries.reject(early.eventId);
    expect(ranks(all)).toEqual({ t1: 10, t2: 2, t3: 3 });
  });

  test('which a deleted entity had, once the deletion is rejected', () => {
    const { board, all } = start();
    const deletion = board.write(['delete-entity', 't1', 'tasks']);
    board.write(...rank('a', 10));
    expect(ranks(all)).toEqual({ t2: 2, t3: 3 });
    board.queries.reject(deletion.eventId);
    expect(ranks(all)).toEqual({ t1: 10, t2: 2, t3: 3 });
  });
});
