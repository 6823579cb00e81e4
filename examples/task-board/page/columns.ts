// The columns, the same for all projects; which task stands where.

import type { Task } from './db.ts';

export const columns = [
  { status: 'ideas', name: 'Ideas' },
  { status: 'todo', name: 'To do' },
  { status: 'doing', name: 'In progress' },
  { status: 'done', name: 'Done' },
] as const;

export type Status = (typeof columns)[number]['status'];

/** In the order in which they are shown. Two of one rank, as two people may make them, stand in the same order for all. */
export function inColumn(tasks: readonly Task[], status: string): Task[] {
  return tasks.filter((task) => task.status === status).sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

/** The rank of what comes to stand at a place among others. */
export function rankAt(others: readonly Task[], place: number): number {
  const before = others[place - 1]?.rank;
  const after = others[place]?.rank;
  if (before === undefined) return after === undefined ? 0 : after - 1;
  return after === undefined ? before + 1 : (before + after) / 2;
}
