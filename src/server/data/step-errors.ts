// Errors of data steps. Their hints hold what programs read; steps in them have every part, as the original writes them.

import type { KnownAttr } from '../../db/attrs.ts';
import type { DataStep, LookupRef, Mode } from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import { entityName } from '../../transact/denial.ts';
import { invalid, rejection } from '../errors.ts';
import { shownValue } from './value-text.ts';

/** A step that writes one triple, or takes it away. */
export type TripleStep = Exclude<DataStep, readonly ['delete-entity' | 'rule-params', ...unknown[]]>;

/** The options of a step that has none are null. */
export function wholeStep(step: TripleStep): readonly unknown[] {
  const mode = step[0] === 'retract-triple' ? undefined : step[4]?.mode;
  return [...step.slice(0, 4), mode ? { mode } : null];
}

export function invalidStep(at: number, position: number, input: unknown, message: string): Error {
  return invalid('tx-steps', input, [{ message, in: [at, position] }]);
}

const namedParts = ([op, eid, aid, value]: TripleStep, attr: KnownAttr): object => {
  return { op, eid, aid, value, etype: attr.etype, 'rev-etype': attr.reverseEtype ?? null };
};

/** A step whose mode does not hold. */
export interface ModeConflict {
  readonly step: TripleStep;
  readonly mode: Mode;
  readonly attr: KnownAttr;
}

/** Tells of all steps of the mode that fails first; of creations before updates. */
export function modeMismatch(conflicts: readonly ModeConflict[]): Error | undefined {
  const mode = conflicts.some((conflict) => conflict.mode === 'create') ? 'create' : 'update';
  const found = conflicts.filter((conflict) => conflict.mode === mode);
  if (found.length === 0) return undefined;
  const { step, attr } = found[0] as ModeConflict;
  const problem = mode === 'create' ? 'entity already exists' : 'entity does not exist';
  const message = `${problem}: ${attr.etype} ${entityName(step[1])}`;
  const input = found.map(({ step, attr }) => ({ ...namedParts(step, attr), opts: { mode } }));
  return invalid('tx-step', input, [{ message }], message);
}

export function noTarget({ attr, value }: { readonly attr: KnownAttr; readonly value: Value }): Error {
  return invalidLookup(lookupParts(attr, value), `there is no '${attr.etype}' whose '${attr.label}' has this value`);
}

export const lookupParts = ({ id, etype, label }: KnownAttr, value: Value): object => {
  return { 'attribute-id': id, namespace: etype, label, value };
};

/** @param step the step that is for the entity of the lookup */
export function invalidLookup(input: object, message: string, step?: TripleStep): Error {
  return invalid('lookup', input, [{ message, ...(step && { 'tx-step': wholeStep(step) }) }]);
}

/** A link to what looks like a lookup, whose attribute does not exist. */
export function unknownLookup(attr: KnownAttr, eid: string, step: TripleStep, isAdmin: boolean): Error {
  const [id, value] = step[3] as LookupRef;
  const message = `there is no attribute with the id ${id} to look up by`;
  if (isAdmin) return invalid('lookup', { 'attribute-id': id, namespace: null, label: null, value }, [{ message }]);
  return invalid('lookup', step[3], [{ message, 'tx-step': { ...namedParts(step, attr), eid, opts: null } }]);
}

export function lookupMakes(lookup: LookupRef): Error {
  return invalidLookup([lookup], 'an update by a lookup can write the attribute of the lookup only if the lookup finds an entity');
}

/** The value of a link is neither an id nor a lookup. Admins are told as of a value of the wrong type. */
export function notAnId(attr: KnownAttr, id: string, step: TripleStep, isAdmin: boolean): Error {
  const value = step[3];
  const message = `'${attr.etype}.${attr.label}' is a link: its value is an id or a lookup`;
  if (!isAdmin) return invalid('eid', value, [{ message, hint: { 'tx-step': wholeStep(step) } }]);
  return rejection('validation-failed', message, {
    namespace: attr.etype,
    attribute: attr.label,
    value: shownValue(value),
    'checked-data-type': 'null',
    'attr-id': attr.id,
    'entity-id': id,
  });
}
