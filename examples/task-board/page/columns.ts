// The columns, which are the same for all projects, and the order of their tasks.

import type { Task } from './db.ts';

export const columns = [
  { status: 'ideas', name: 'Ideas' },
  { status: 'todo', name: 'To do' },
  { status: 'doing', name: 'In progress' },
  { status: 'done', name: 'Done' },
] as const;

export type Status = (typeof columns)[number]['status'];

/** In display order. Tasks of equal rank, which two users may create at once, have the same order for all users. */
export function inColumn(tasks: readonly Task[], status: string): Task[] {
  return tasks.filter((task) => task.status === status).sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

/** The rank of a task at a position among others. */
export function rankAt(others: readonly Task[], place: number): number {
  const before = others[place - 1]?.rank;
  const after = others[place]?.rank;
  if (before === undefined) return after === undefined ? 0 : after - 1;
  return after === undefined ? before + 1 : (before + after) / 2;
}
