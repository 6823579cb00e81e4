// From a schema to the steps that bring a catalogue to it: what is missing is made, what differs is changed, nothing is
// deleted.

// Steps of a migration as tools send them: those that are one transaction, and those that tools think of as jobs, because
// elsewhere they take long.

import type { AttrStep } from '../../protocol/transact-messages.ts';
import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { invalid } from '../errors.ts';
import { isObject } from '../../lib/json.ts';
import { parseSchemaFromJSON } from '../../schema/json.ts';
import { schemaAttrs } from '../../transact/attr-defaults.ts';

/** @throws InstantAPIError */
export function planSchema(given: unknown, attrs: Attrs, uuid: () => string): AttrStep[] {
  checkShape(given);
  let wanted: readonly WireAttr[];
  try {
    wanted = schemaAttrs(parseSchemaFromJSON(given), uuid);
  } catch (error) {
    throw invalid('schema', given, [{ message: error instanceof Error ? error.message : String(error) }]);
  }
  return wanted.flatMap((wire) => stepsFor(wire, attrs, given));
}

/** Else a schema that is none would pass for one in which little stands. */
function checkShape(given: unknown): void {
  const entities: unknown = isObject(given) ? given.entities : undefined;
  if (!isObject(entities)) throw invalid('schema', given, [{ in: ['entities'], message: 'must be an object of entities' }]);
  for (const [etype, entity] of Object.entries(entities)) {
    if (isObject(entity) && isObject(entity.attrs) && Object.values(entity.attrs).every(isObject)) continue;
    throw invalid('schema', given, [{ in: ['entities', etype], message: 'must be an object with attrs' }]);
  }
}

function stepsFor({ isUnsynced: _, ...wire }: WireAttr, attrs: Attrs, given: unknown): AttrStep[] {
  const [, etype, label] = wire['forward-identity'];
  const known = attrs.forward(etype, label);
  if (!known) {
    if (attrs.reverse(etype, label)) {
      const fault = { in: [etype, label], message: `'${etype}.${label}' is there already, as the other end of a link` };
      throw invalid('schema', given, [fault]);
    }
    return [['add-attr', wire]];
  }
  if (known.isSystem) return [];
  const changes = changesOf(known, wire);
  return Object.keys(changes).length > 0 ? [['update-attr', { id: known.id, ...changes }]] : [];
}

const attrProperties = ['cardinality', 'unique?', 'index?', 'required?', 'checked-data-type', 'on-delete', 'on-delete-reverse'] as const;

/** Null takes a trait away. */
function changesOf({ wire: is, label }: KnownAttr, wanted: WireAttr): Partial<WireAttr> {
  const changes: Record<string, unknown> = {};
  for (const property of attrProperties) {
    const [was, will] = [is[property] ?? null, wanted[property] ?? null];
    if (was === will || (label === 'id' && property !== 'unique?')) continue;
    if (typeof will === 'boolean' ? (was ?? false) !== will : true) changes[property] = will;
  }
  // What is not said of it stays.
  if (wanted['required?'] === undefined) delete changes['required?'];
  const [back, other] = [is['reverse-identity'], wanted['reverse-identity']];
  if (other && (back?.[1] !== other[1] || back[2] !== other[2])) changes['reverse-identity'] = [back?.[0] ?? other[0], other[1], other[2]];
  return changes;
}

export interface Job {
  readonly type: string;
  readonly attrId: string;
  /** `namespace.label` */
  readonly name: string;
  readonly step: readonly unknown[];
}

const changes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  index: { 'index?': true },
  'remove-index': { 'index?': false },
  unique: { 'unique?': true },
  'remove-unique': { 'unique?': false },
  required: { 'required?': true },
  'remove-required': { 'required?': false },
  'remove-data-type': { 'checked-data-type': null },
};

export interface SchemaSteps {
  readonly transaction: readonly (readonly unknown[])[];
  readonly jobs: readonly Job[];
}

/** @throws InstantAPIError */
export function readSchemaSteps(steps: readonly (readonly unknown[])[]): SchemaSteps {
  const transaction: (readonly unknown[])[] = [];
  const jobs: Job[] = [];
  steps.forEach(([type, given], at) => {
    if (type === 'add-attr' || type === 'update-attr' || type === 'delete-attr' || type === 'restore-attr') transaction.push([type, given]);
    else jobs.push(jobOf(typeof type === 'string' ? type : '', given, at));
  });
  return { transaction, jobs };
}

function jobOf(type: string, given: unknown, at: number): Job {
  const { 'attr-id': attrId, 'forward-identity': identity, 'checked-data-type': dataType } = isObject(given) ? given : {};
  const change = type === 'check-data-type' ? { 'checked-data-type': dataType } : Object.hasOwn(changes, type) ? changes[type] : undefined;
  if (!change || typeof attrId !== 'string') throw invalid('steps', given, [{ in: [at], message: `there is no step '${type}' like this` }]);
  const name = Array.isArray(identity) ? identity.slice(1).join('.') : '';
  return { type, attrId, name, step: ['update-attr', { id: attrId, ...change }] };
}
