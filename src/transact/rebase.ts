// Pending steps read anew when attributes arrive. A client that writes before it knows the server's attributes, or at the same moment
// as another client, gives ids of its own to attrs that already have one: those ids are replaced and their `add-attr` is left out.
// Values are never touched. PROTOCOL.md#attr

import type { Attrs } from '../db/attrs.ts';
import type { RejectionBody } from '../errors.ts';
import { equal } from '../lib/equal.ts';
import type { WireAttr } from '../protocol/attr.ts';
import { isObject } from '../lib/json.ts';
import type { AddAttr, Step } from '../protocol/transact-messages.ts';

/**
 * The server's attr for each id given here, and whether it has the link the other way round. Write after write fills it: a later one may
 * use an id that an earlier one brought.
 */
export type Renames = Map<string, { readonly id: string; readonly isSwapped: boolean }>;

/**
 * The steps of one pending write as they are to be sent now.
 *
 * @param attrs what the server has: its list, and what it has acknowledged since
 * @param renames the same one for all writes of a queue, in their order
 * @returns `steps` itself if nothing has to change
 */
export function rebase(steps: readonly Step[], attrs: Attrs, renames: Renames = new Map()): readonly Step[] {
  const next = steps.flatMap((step): Step[] => {
    if (step[0] === 'add-attr') return serverHasAttr(step[1], attrs, renames) ? [] : [step];
    return [renames.size > 0 ? renamed(step, attrs, renames) : step];
  });
  return equal(next, steps) ? steps : next;
}

/**
 * Whether a write was refused only because the name of an attr born in it was taken meanwhile. Then it passes once the attributes
 * have arrived and it is rebased; if `rebase` changes nothing, the refusal stands.
 */
export function isNameTaken({ type, hint }: RejectionBody, steps: readonly Step[]): boolean {
  if (type !== 'record-not-unique' || !isObject(hint)) return false;
  const isTaken = (identity: WireAttr['forward-identity'] | undefined): boolean =>
    identity?.[1] === hint['etype'] && identity?.[2] === hint['label'];
  return steps.some((step) => step[0] === 'add-attr' && (isTaken(step[1]['forward-identity']) || isTaken(step[1]['reverse-identity'])));
}

/** Whether the server has the attr a step would add, by its id or its name; by name it is noted under which id. */
function serverHasAttr(wire: WireAttr, attrs: Attrs, renames: Renames): boolean {
  const known = attrs.byId(wire.id);
  if (known) return !known.isUnsynced;
  const [, etype, label] = wire['forward-identity'];
  const isRef = wire['value-type'] === 'ref';
  const same = attrs.forward(etype, label);
  const attr = same ?? (isRef ? attrs.reverse(etype, label) : undefined);
  // A link is no stand-in for a value, nor a value for a link: let the server refuse it by name.
  if (attr?.isRef !== isRef) return false;
  renames.set(wire.id, { id: attr.id, isSwapped: !same });
  return true;
}

function renamed(step: Exclude<Step, AddAttr>, attrs: Attrs, renames: Renames): Step {
  const idOf = (attrId: string): string => renames.get(attrId)?.id ?? attrId;
  const refOf = (ref: unknown): unknown => (Array.isArray(ref) && ref.length === 2 ? [idOf(ref[0] as string), ref[1]] : ref);
  switch (step[0]) {
    case 'delete-entity':
    case 'rule-params': {
      const [op, e, ...rest] = step;
      return [op, refOf(e), ...rest] as unknown as Step;
    }
    case 'update-attr':
      return [step[0], { ...step[1], id: idOf(step[1].id) }];
    case 'delete-attr':
    case 'restore-attr':
      return [step[0], idOf(step[1])];
    default: {
      const [op, e, originalA, v, ...options] = step;
      const a = idOf(originalA);
      const attr = attrs.byId(a);
      // Whether a pair in the place of its value is a lookup. An attr the server has not heard of may be a link.
      const mayHoldRef = !attr || attr.isRef || attr.label === 'id';
      const ends = [refOf(e), mayHoldRef ? refOf(v) : v];
      if (renames.get(originalA)?.isSwapped) ends.reverse();
      return [op, ends[0], a, ends[1], ...options] as unknown as Step;
    }
  }
}
