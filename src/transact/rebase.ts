// Pending steps read anew when attributes arrive. A client that writes before it knows the server's attributes, or at the same moment
// as another client, gives ids of its own to attrs that already have one: those ids are replaced and their `add-attr` is left out.
// Values are never touched. PROTOCOL.md#attr

import type { Attrs } from '../db/attrs.ts';
import type { RefusalBody } from '../errors.ts';
import type { Attr, WireAttr } from '../protocol/attr.ts';
import type { AddAttr, EntityRef, Step } from '../protocol/step.ts';
import type { Value } from '../protocol/triple.ts';

/** The server's attr for each id given here. Write after write fills it: a later one may use an id that an earlier one brought. */
export class Renames {
  readonly #byId = new Map<string, { readonly attr: Attr; readonly isSwapped: boolean }>();

  set(localId: string, attr: Attr, isSwapped: boolean): void {
    this.#byId.set(localId, { attr, isSwapped });
  }

  attr(attrId: string): Attr | undefined {
    return this.#byId.get(attrId)?.attr;
  }

  id(attrId: string): string {
    return this.attr(attrId)?.id ?? attrId;
  }

  /** Whether the server has the link the other way round. */
  isSwapped(attrId: string): boolean {
    return this.#byId.get(attrId)?.isSwapped ?? false;
  }
}

/**
 * The steps of one pending write as they are to be sent now.
 *
 * @param attrs what the server has: its list, and what it has acknowledged since
 * @param renames the same one for all writes of a queue, in their order
 * @returns `steps` itself if nothing has to change
 */
export function rebase(steps: readonly Step[], attrs: Attrs, renames: Renames = new Renames()): readonly Step[] {
  const next = steps.flatMap((step): Step[] => {
    if (step[0] === 'add-attr') return isThere(step[1], attrs, renames) ? [] : [step];
    return [renamed(step, attrs, renames)];
  });
  return next.length === steps.length && next.every((step, at) => step === steps[at]) ? steps : next;
}

/**
 * Whether a write was refused only because the name of an attr born in it was taken meanwhile. Then it passes once the attributes
 * have arrived and it is rebased; if `rebase` changes nothing, the refusal stands.
 */
export function isNameTaken(refusal: RefusalBody, steps: readonly Step[]): boolean {
  const { type, hint } = refusal;
  if (type !== 'record-not-unique' || typeof hint !== 'object' || hint === null || !('etype' in hint) || !('label' in hint)) return false;
  const isTaken = (identity: WireAttr['forward-identity'] | undefined): boolean =>
    identity?.[1] === hint.etype && identity?.[2] === hint.label;
  return steps.some((step) => step[0] === 'add-attr' && (isTaken(step[1]['forward-identity']) || isTaken(step[1]['reverse-identity'])));
}

/** Whether the server has the attr a step would add, by its id or its name; by name it is noted under which id. */
function isThere(wire: AddAttr[1], attrs: Attrs, renames: Renames): boolean {
  const known = attrs.byId(wire.id);
  if (known) return !known.isUnsynced;
  const [, etype, label] = wire['forward-identity'];
  const isRef = wire['value-type'] === 'ref';
  const same = attrs.forward(etype, label);
  const reversed = isRef && !same ? attrs.reverse(etype, label) : undefined;
  const attr = same ?? reversed;
  // A link is no stand-in for a value, nor a value for a link: let the server refuse it by name.
  if (!attr || attr.isRef !== isRef) return false;
  renames.set(wire.id, attr, reversed !== undefined);
  return true;
}

function renamed(step: Exclude<Step, AddAttr>, attrs: Attrs, renames: Renames): Step {
  switch (step[0]) {
    case 'add-triple':
    case 'deep-merge-triple':
    case 'retract-triple':
      return renamedTriple(step, attrs, renames);
    case 'delete-entity':
    case 'rule-params': {
      const e = renamedRef(step[1], renames);
      return e === step[1] ? step : step[0] === 'rule-params' ? [step[0], e, step[2], step[3]] : withNamespace(e, step[2]);
    }
    case 'update-attr':
      return renames.attr(step[1].id) ? [step[0], { ...step[1], id: renames.id(step[1].id) }] : step;
    case 'delete-attr':
    case 'restore-attr':
      return renames.attr(step[1]) ? [step[0], renames.id(step[1])] : step;
    default:
      return step satisfies never;
  }
}

function withNamespace(e: EntityRef, etype: string | undefined): Step {
  return etype === undefined ? ['delete-entity', e] : ['delete-entity', e, etype];
}

type TripleStep = Extract<Step, readonly ['add-triple' | 'deep-merge-triple' | 'retract-triple', ...unknown[]]>;

function renamedTriple(step: TripleStep, attrs: Attrs, renames: Renames): Step {
  const [op, givenE, givenA, givenV, options] = step;
  const e = renamedRef(givenE, renames);
  const a = renames.id(givenA);
  const v = holdsRef(attrs.byId(a)) ? renamedValue(givenV, renames) : givenV;
  if (e === givenE && a === givenA && v === givenV) return step;
  const [from, to] = renames.isSwapped(givenA) && op !== 'deep-merge-triple' ? [v as EntityRef, e] : [e, v];
  if (op === 'retract-triple') return [op, from, a, to];
  return options === undefined ? [op, from, a, to] : [op, from, a, to, options];
}

/** Whether a pair in the place of its value is a lookup. An attr the server has not heard of may be a link. */
function holdsRef(attr: Attr | undefined): boolean {
  return attr === undefined || attr.isRef || attr.label === 'id';
}

function renamedRef(e: EntityRef, renames: Renames): EntityRef {
  return typeof e === 'string' || !renames.attr(e[0]) ? e : [renames.id(e[0]), e[1]];
}

function renamedValue(v: Value, renames: Renames): Value {
  if (!Array.isArray(v) || v.length !== 2 || typeof v[0] !== 'string' || !renames.attr(v[0])) return v;
  return [renames.id(v[0]), v[1]];
}
