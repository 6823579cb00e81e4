// Which entities the steps of a write make, and which they need to be there.

import type { Step } from '../../protocol/transact-messages.ts';

export interface WriteSet {
  /** Made here, and refused if they were there before. */
  readonly creates: ReadonlySet<string>;
  /** Written to, linked or deleted. */
  readonly touches: ReadonlySet<string>;
}

const EMPTY: ReadonlySet<string> = new Set();
const cache = new WeakMap<readonly Step[], WriteSet>();

export function writeSetOf(steps: readonly Step[]): WriteSet {
  let writeSet = cache.get(steps);
  if (!writeSet) cache.set(steps, (writeSet = read(steps)));
  return writeSet;
}

function read(steps: readonly Step[]): WriteSet {
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
  return steps.some((step) => step[0] === 'add-triple' && step[4]?.mode === 'create') ? writeSetOf(steps).creates : EMPTY;
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

export function dependsOn(steps: readonly Step[], created: ReadonlySet<string> | ReadonlyMap<string, unknown>): boolean {
  if (created.size === 0) return false;
  for (const id of writeSetOf(steps).touches) if (created.has(id)) return true;
  return false;
}
