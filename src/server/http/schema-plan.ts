// From a schema to the steps that bring a catalogue to it: what is missing is made, what differs is changed, nothing is
// deleted.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { isObject } from '../../protocol/check.ts';
import type { AttrStep } from '../../protocol/step.ts';
import { parseSchemaFromJSON } from '../../schema/json.ts';
import { schemaAttrs } from '../../transact/birth.ts';
import { invalid } from '../refusal.ts';

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

const traits = ['cardinality', 'unique?', 'index?', 'required?', 'checked-data-type', 'on-delete', 'on-delete-reverse'] as const;

/** Null takes a trait away. */
function changesOf({ wire: is, label }: KnownAttr, wanted: WireAttr): Partial<WireAttr> {
  const changes: Record<string, unknown> = {};
  for (const trait of traits) {
    const [was, will] = [is[trait] ?? null, wanted[trait] ?? null];
    if (was === will || (label === 'id' && trait !== 'unique?')) continue;
    if (typeof will === 'boolean' ? (was ?? false) !== will : true) changes[trait] = will;
  }
  // What is not said of it stays.
  if (wanted['required?'] === undefined) delete changes['required?'];
  const [back, other] = [is['reverse-identity'], wanted['reverse-identity']];
  if (other && (back?.[1] !== other[1] || back[2] !== other[2])) changes['reverse-identity'] = [back?.[0] ?? other[0], other[1], other[2]];
  return changes;
}
