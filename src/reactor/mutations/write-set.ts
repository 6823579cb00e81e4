// Which entities the steps of a write make, and which they need to be there.

import { isUuid } from '../../lib/uuid.ts';
import type { Step } from '../../protocol/transact-messages.ts';

export interface WriteSet {
  /** Made here, and refused if they were there before. */
  readonly creates: ReadonlySet<string>;
  /** Made here unless they are there: by a write that is no strict update. */
  readonly upserts: ReadonlySet<string>;
  /** Written to, linked or deleted. */
  readonly touches: ReadonlySet<string>;
  /** Ends of links that are not made here. Where such an entity is missing, the server makes half of one. */
  readonly linked: ReadonlySet<string>;
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
  const upserts = new Set<string>();
  const touches = new Set<string>();
  const linked = new Set<string>();
  const touch = (ref: unknown): void => void (typeof ref === 'string' && touches.add(ref));
  for (const step of steps) {
    switch (step[0]) {
      case 'add-triple':
        if (step[4]?.mode === 'create' && typeof step[1] === 'string') creates.add(step[1]);
        touch(step[1]);
        if (!isUuid(step[3])) break;
        // A link, or the triple that makes an entity.
        touch(step[3]);
        if (step[4]?.mode !== undefined || typeof step[1] !== 'string') break;
        if (step[1] === step[3]) upserts.add(step[1]);
        else linked.add(step[1]).add(step[3]);
        break;
      case 'retract-triple':
      case 'deep-merge-triple':
      case 'delete-entity':
        touch(step[1]);
        break;
      default:
    }
  }
  for (const id of [...upserts, ...creates]) linked.delete(id);
  return { creates, upserts, touches, linked };
}

/** What it makes. Most writes make nothing, which is seen at a glance. */
export function createdBy(steps: readonly Step[]): ReadonlySet<string> {
  return steps.some((step) => step[0] === 'add-triple' && step[4]?.mode === 'create') ? writeSetOf(steps).creates : EMPTY;
}

/** The same of entities that it makes unless they are there. */
export function upsertedBy(steps: readonly Step[]): ReadonlySet<string> {
  const isUpsert = (step: Step): boolean => step[0] === 'add-triple' && step[1] === step[3] && !step[4]?.mode;
  return steps.some(isUpsert) ? writeSetOf(steps).upserts : EMPTY;
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

/** Entities that are missing as long as a write that makes them is not confirmed. */
export type Missing = Pick<WriteSet, 'creates' | 'upserts'>;

/** Whether steps need one of them: any use of an entity that was to be created anew, and a link with one that an update was to make. */
export function dependsOn(steps: readonly Step[], { creates, upserts }: Missing): boolean {
  if (creates.size === 0 && upserts.size === 0) return false;
  const { touches, linked } = writeSetOf(steps);
  return intersects(touches, creates) || intersects(linked, upserts);
}

function intersects(ids: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  if (others.size === 0) return false;
  for (const id of ids) if (others.has(id)) return true;
  return false;
}
