// One pass of the evaluator over unchanging data. It remembers which linked entities match a step of a path, so that each pair of step and
// entity is evaluated once however many ways lead there; on a server it also counts the work and can be interrupted.

import type { Db } from '../db/db.ts';

export interface Pass {
  /** Db → step → id → whether it matches. */
  readonly known: Map<Db, Map<object, Map<string, boolean>>>;
  /** Receives work as it is done: entities, links and conditions looked at. Throws when it is too much. */
  readonly spend?: (work: number) => void;
  /** Whether the pass should be interrupted now. */
  readonly isDue?: () => boolean;
}

/** Thrown by `spend` when the work is too much for now: no fault of what was evaluated. */
export class WorkExceeded extends Error {}

let current: Pass | undefined;

/** Thrown out of the evaluation of one row, which is then repeated: what was found out by then is remembered. */
export const interruption = new Error('interrupted');

/** For other data, or the same after a change. What it costs counts for the pass it is part of. */
export function newPass(): Pass {
  return { known: new Map() };
}

/** Runs a part of a pass. */
export function within<T>(pass: Pass, run: () => T): T {
  const outer = current;
  const outerMeter = meter;
  current = pass;
  meter = pass.spend ?? outerMeter;
  try {
    return run();
  } finally {
    current = outer;
    meter = outerMeter;
  }
}

let meter: Pass['spend'];

export function spend(work: number): void {
  meter?.(work);
}

export function isDue(): boolean {
  return current?.isDue?.() === true;
}

/** What is known of the entities of one step; undefined outside a pass. */
export function knownMatches(db: Db, step: object): Map<string, boolean> | undefined {
  if (!current) return undefined;
  let ofDb = current.known.get(db);
  if (!ofDb) current.known.set(db, (ofDb = new Map<object, Map<string, boolean>>()));
  let ofStep = ofDb.get(step);
  if (!ofStep) ofDb.set(step, (ofStep = new Map<string, boolean>()));
  return ofStep;
}
