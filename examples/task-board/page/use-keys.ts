// Keyboard navigation: selects and moves tasks with the keys that help.tsx lists.

import { type KeyboardEvent, useEffect, useRef } from 'react';

import { rankAt } from './columns.ts';
import type { Task } from './db.ts';
import { goTo } from './route.ts';
import { move, removeTask } from './writes.ts';

interface ColumnOfTasks {
  readonly status: string;
  readonly tasks: readonly Task[];
}

interface Spot {
  readonly task: Task;
  readonly column: number;
  readonly row: number;
}

const steps: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function useKeys(columns: readonly ColumnOfTasks[], projectId: string): (event: KeyboardEvent) => void {
  const wanted = useRef<string | undefined>(undefined);
  // A moved card is rendered anew in its new column and must keep the focus.
  useEffect(() => {
    if (wanted.current !== undefined) focus(wanted.current);
    wanted.current = undefined;
  }, [columns]);

  return (event) => {
    const spot = spotOf(event.target, columns);
    if (!spot || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (step && event.shiftKey) {
      wanted.current = spot.task.id;
      shift(columns, spot, step);
    } else if (step) focus(neighbour(columns, spot, step)?.id);
    else if (event.key === 'Delete') {
      focus(neighbour(columns, spot, [0, 1])?.id ?? neighbour(columns, spot, [0, -1])?.id);
      removeTask(spot.task);
    } else if (event.key.toLowerCase() === 'n') {
      document.querySelector<HTMLElement>(`[data-status='${columns[spot.column]?.status}'] input`)?.focus();
    } else if (event.key === 'Escape') goTo(projectId);
    else return;
    event.preventDefault();
  };
}

function shift(columns: readonly ColumnOfTasks[], { task, column, row }: Spot, [aside, down]: readonly [number, number]): void {
  const target = columns[column + aside];
  if (!target) return;
  const others = target.tasks.filter(({ id }) => id !== task.id);
  const place = Math.max(0, Math.min(row + down, others.length));
  if (aside !== 0 || place !== row) move(task, target.status, rankAt(others, place));
}

function neighbour(columns: readonly ColumnOfTasks[], { column, row }: Spot, [aside, down]: readonly [number, number]): Task | undefined {
  if (aside === 0) return columns[column]?.tasks[row + down];
  for (let at = column + aside; columns[at]; at += aside) {
    const { tasks } = columns[at] ?? { tasks: [] };
    if (tasks.length > 0) return tasks[Math.min(row, tasks.length - 1)];
  }
  return undefined;
}

function spotOf(target: EventTarget, columns: readonly ColumnOfTasks[]): Spot | undefined {
  const id = target instanceof Element && target.matches('.card') ? target.closest<HTMLElement>('[data-task]')?.dataset['task'] : undefined;
  for (const [column, { tasks }] of columns.entries()) {
    const row = tasks.findIndex((task) => task.id === id);
    const task = tasks[row];
    if (task) return { task, column, row };
  }
  return undefined;
}

export function focus(taskId: string | undefined): void {
  if (taskId !== undefined) document.querySelector<HTMLElement>(`[data-task='${taskId}'] .card`)?.focus();
}
