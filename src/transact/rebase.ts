// Rewrites pending steps when attrs arrive. A client that writes before it knows the server's attrs, or at the same time as another client,
// creates attrs that already exist under other ids: those ids are replaced and their `add-attr` is dropped. Values never change.
// PROTOCOL.md#attr

import type { Attrs } from '../db/attrs.ts';
import type { RejectionBody } from '../errors.ts';
import { equal } from '../lib/equal.ts';
import { isObject } from '../lib/json.ts';
import type { WireAttr } from '../protocol/attr.ts';
import type { AddAttr, Step } from '../protocol/transact-messages.ts';

/**
 * From an attr id of this client to the server's attr, and whether the server's link has the opposite direction. Filled write by write: a
 * later write may use an id that an earlier one created.
 */
export type Renames = Map<string, { readonly id: string; readonly isSwapped: boolean }>;

/**
 * Rewrites the steps of one pending write for sending.
 *
 * @param attrs the server's attrs: its list, and attrs it has acknowledged since
 * @param renames shared by all writes of a queue, in order
 * @returns `steps` itself if nothing changes
 */
export function rebase(steps: readonly Step[], attrs: Attrs, renames: Renames = new Map()): readonly Step[] {
  const next = steps.flatMap((step): Step[] => {
    if (step[0] === 'add-attr') return addition(step, attrs, renames);
    return [renames.size > 0 ? renamed(step, attrs, renames) : step];
  });
  return equal(next, steps) ? steps : next;
}

/**
 * Whether a write was rejected only because another client created an attr of the same name first. It can succeed after the server's attrs
 * have arrived and it is rebased; if `rebase` changes nothing, the rejection is final.
 */
export function isNameTaken({ type, hint }: RejectionBody, steps: readonly Step[]): boolean {
  if (type !== 'record-not-unique' || !isObject(hint)) return false;
  const isTaken = (identity: WireAttr['forward-identity'] | undefined): boolean =>
    identity?.[1] === hint['etype'] && identity?.[2] === hint['label'];
  return steps.some((step) => step[0] === 'add-attr' && (isTaken(step[1]['forward-identity']) || isTaken(step[1]['reverse-identity'])));
}

/** Whether a refusal for a taken name answers other steps than these, which do not use it: an earlier sending of the write that arrived twice. */
export function isOfOtherSteps(body: RejectionBody, steps: readonly Step[]): boolean {
  const { type, hint } = body;
  if (type !== 'record-not-unique' || !isObject(hint) || hint['record-type'] !== 'ident') return false;
  return !isNameTaken(body, steps) && !steps.some((step) => step[0] !== 'add-attr' && step[0].endsWith('-attr'));
}

/**
 * What remains of the step that adds an attr: nothing if the server has it, by id or by name. If by name, records the rename. The attr of an
 * acknowledged write is added again under its id: another tab, which sent that write, may have sent it with another.
 */
function addition(step: AddAttr, attrs: Attrs, renames: Renames): AddAttr[] {
  const [, wire] = step;
  const known = attrs.byId(wire.id);
  if (known) return known.isUnsynced ? [step] : [];
  const [, etype, label] = wire['forward-identity'];
  const isRef = wire['value-type'] === 'ref';
  const same = attrs.forward(etype, label);
  const attr = same ?? (isRef ? attrs.reverse(etype, label) : undefined);
  // A link cannot replace a value attr or vice versa: let the server reject the step by name.
  if (attr?.isRef !== isRef) return [step];
  renames.set(wire.id, { id: attr.id, isSwapped: !same });
  return attr.isUnsynced ? [['add-attr', attr.wire]] : [];
}

/**
 * Follows the renames of an attr to one that the server has. Two tabs may each have taken the other's attr for the server's, so an attr that the
 * server has is never renamed.
 */
function resolve(attrId: string, attrs: Attrs, renames: Renames): { readonly id: string; readonly isSwapped: boolean } {
  let [id, isSwapped] = [attrId, false];
  for (let left = renames.size; left > 0; left--) {
    const next = renames.get(id);
    if (!next || attrs.byId(id)?.isUnsynced === false) break;
    id = next.id;
    isSwapped = isSwapped !== next.isSwapped;
  }
  return { id, isSwapped };
}

function renamed(step: Exclude<Step, AddAttr>, attrs: Attrs, renames: Renames): Step {
  const idOf = (attrId: string): string => resolve(attrId, attrs, renames).id;
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
      const { id: a, isSwapped } = resolve(originalA, attrs, renames);
      const attr = attrs.byId(a);
      // Whether a pair as the value may be a lookup. An attr the server does not know may be a link.
      const mayHoldRef = !attr || attr.isRef || attr.label === 'id';
      const ends = [refOf(e), mayHoldRef ? refOf(v) : v];
      if (isSwapped) ends.reverse();
      return [op, ends[0], a, ends[1], ...options] as unknown as Step;
    }
  }
}
