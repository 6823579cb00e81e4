// A pending write, and what a view knows of it while it shows it.

import type { Step } from '../protocol/step.ts';

export interface PendingWrite {
  readonly eventId: string;
  /** Its place among the pending writes. */
  readonly order: number;
  readonly steps: readonly Step[];
}

/** A write as shown: with the entities its outcome depends on. */
export interface Shown {
  readonly write: PendingWrite;
  readonly touched: Set<string>;
  /** It searched by value: its outcome may depend on any entity. */
  searched: boolean;
  /** The time of the first entity it creates; each further one comes later, and the next write's after them all. */
  readonly since: number;
}

export function isAttrStep(step: Step): boolean {
  return step[0].endsWith('-attr');
}

export function comesBefore(a: PendingWrite, b: PendingWrite): boolean {
  return a.order < b.order || (a.order === b.order && a.eventId < b.eventId);
}
