// The entities that the steps of a write create, and those they depend on.

import { isUuid } from '../../lib/uuid.ts';
import type { LookupRef, Step } from '../../protocol/transact-messages.ts';

export interface WriteSet {
  /** Created in create mode: the server rejects the write if they exist. */
  readonly creates: ReadonlySet<string>;
  /** Created unless they exist, by a write that is not a strict update. */
  readonly upserts: ReadonlySet<string>;
  /** Changed, linked or deleted. */
  readonly touches: ReadonlySet<string>;
  /** Ends of links that this write does not create. If such an entity is missing, the server creates an incomplete one. */
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
        if (typeof step[3] !== 'string' || (step[3] !== step[1] && !isUuid(step[3]))) break;
        // A link, or the id triple that creates an entity.
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

/** The entities created in create mode. A fast path for the many writes that create none. */
export function createdBy(steps: readonly Step[]): ReadonlySet<string> {
  return steps.some((step) => step[0] === 'add-triple' && step[4]?.mode === 'create') ? writeSetOf(steps).creates : EMPTY;
}

/** The entities created unless they exist. */
export function upsertedBy(steps: readonly Step[]): ReadonlySet<string> {
  const isUpsert = (step: Step): boolean => step[0] === 'add-triple' && step[1] === step[3] && !step[4]?.mode;
  return steps.some(isUpsert) ? writeSetOf(steps).upserts : EMPTY;
}

/** Whether all steps set values of existing entities. */
export function isUpdate(steps: readonly Step[]): boolean {
  for (const step of steps) if (step[0] !== 'add-triple' || step[4]?.mode !== 'update' || typeof step[1] !== 'string') return false;
  return true;
}

/** The entities of a strict update. Undefined for other steps. */
export function updatedBy(steps: readonly Step[]): ReadonlySet<string> | undefined {
  if (!isUpdate(steps)) return undefined;
  const ids = new Set<string>();
  for (const step of steps) ids.add(step[1] as string);
  return ids;
}

/** Whether steps identify entities by value: then earlier writes may decide which entities they are. */
export function looksUp(steps: readonly Step[]): boolean {
  return steps.some(([, e, , value]) => isLookup(e) || isLookup(value));
}

export function lookupsIn(steps: readonly Step[]): LookupRef[] {
  return steps.flatMap(([, e, , value]) => [e, value].filter(isLookup));
}

const isLookup = (ref: unknown): ref is LookupRef => Array.isArray(ref) && ref.length === 2;

/** Entities that do not exist until the write that creates them is confirmed. */
export type Missing = Pick<WriteSet, 'creates' | 'upserts'>;

/** Whether steps depend on one of them: by any use of a created entity, or by a link with an upserted one. */
export function dependsOn(steps: readonly Step[], { creates, upserts }: Missing): boolean {
  if (creates.size === 0 && upserts.size === 0) return false;
  const { touches, linked } = writeSetOf(steps);
  return intersects(touches, creates) || intersects(linked, upserts);
}

/** Of these writes, in order, the candidates that depend on one of the entities, directly or through another candidate. */
export function dependentsIn<Write extends { readonly steps: readonly Step[] }>(
  writes: readonly Write[],
  missing: Missing,
  isCandidate: (write: Write) => boolean,
): Write[] {
  const creates = new Set(missing.creates);
  const upserts = new Set(missing.upserts);
  return writes.filter((write) => {
    const made = writeSetOf(write.steps);
    if (isCandidate(write) && dependsOn(write.steps, { creates, upserts })) {
      for (const id of made.creates) creates.add(id);
      for (const id of made.upserts) upserts.add(id);
      return true;
    }
    for (const id of made.upserts) upserts.delete(id);
    return false;
  });
}

function intersects(ids: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  if (others.size === 0) return false;
  for (const id of ids) if (others.has(id)) return true;
  return false;
}
