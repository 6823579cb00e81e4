// Which entities the steps of a write make, and which they need to be there.

import type { Step } from '../protocol/step.ts';

export interface Footprint {
  /** Made here, and refused if they were there before. */
  readonly creates: ReadonlySet<string>;
  /** Written to, linked or deleted. */
  readonly touches: ReadonlySet<string>;
}

const nobody: ReadonlySet<string> = new Set();
const known = new WeakMap<readonly Step[], Footprint>();

export function footprintOf(steps: readonly Step[]): Footprint {
  let footprint = known.get(steps);
  if (!footprint) known.set(steps, (footprint = read(steps)));
  return footprint;
}

function read(steps: readonly Step[]): Footprint {
  const creates = new Set<string>();
  const touches = new Set<string>();
  const touch = (ref: unknown): void => void (typeof ref === 'string' && touches.add(ref));
  for (const step of steps) {
    switch (step[0]) {
      case 'add-triple':
        if (step[4]?.mode === 'create' && typeof step[1] === 'string') creates.add(step[1]);
        touch(step[1]);
        touch(step[3]); // a link to it, if it is an id at all
        break;
      case 'retract-triple':
      case 'deep-merge-triple':
      case 'delete-entity':
        touch(step[1]);
        break;
      default:
    }
  }
  return { creates, touches };
}

/** What it makes. Most writes make nothing, which is seen at a glance. */
export function createdBy(steps: readonly Step[]): ReadonlySet<string> {
  return steps.some((step) => step[0] === 'add-triple' && step[4]?.mode === 'create') ? footprintOf(steps).creates : nobody;
}

/** Whether steps do nothing but set values of entities, if they are there. */
export function isUpdate(steps: readonly Step[]): boolean {
  for (const step of steps) if (step[0] !== 'add-triple' || step[4]?.mode !== 'update' || typeof step[1] !== 'string') return false;
  return true;
}

/** The entities of such steps. Undefined if the steps do anything else. */
export function updatedBy(steps: readonly Step[]): ReadonlySet<string> | undefined {
  if (!isUpdate(steps)) return undefined;
  const ids = new Set<string>();
  for (const step of steps) ids.add(step[1] as string);
  return ids;
}

/** Whether entities are looked up by their values: then any write before may decide which are meant. */
export function looksUp(steps: readonly Step[]): boolean {
  return steps.some((step) => Array.isArray(step[1]) || (Array.isArray(step[3]) && step[3].length === 2));
}

export function dependsOn(steps: readonly Step[], made: ReadonlySet<string> | ReadonlyMap<string, unknown>): boolean {
  if (made.size === 0) return false;
  for (const id of footprintOf(steps).touches) if (made.has(id)) return true;
  return false;
}
