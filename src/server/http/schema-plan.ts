// Plans the steps that bring a catalog to a schema: missing attributes are created, differing ones changed, nothing is deleted.

import type { AttrStep } from '../../protocol/transact-messages.ts';
import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { invalid } from '../errors.ts';
import { parseSchemaFromJSON } from '../../schema/json.ts';
import { checkSchema } from './schema-check.ts';
import { schemaAttrs } from '../../transact/attr-defaults.ts';

/** Applied in one transaction. @throws InstantAPIError */
export function planSchema(given: unknown, attrs: Attrs, uuid: () => string): AttrStep[] {
  return wantedAttrs(given, attrs, uuid).flatMap((wire) => stepsFor(wire, attrs));
}

/** The attributes of a schema. @throws InstantAPIError */
export function wantedAttrs(given: unknown, attrs: Attrs, uuid: () => string): WireAttr[] {
  checkSchema(given, attrs);
  try {
    return schemaAttrs(parseSchemaFromJSON(given), uuid);
  } catch (error) {
    throw invalid('schema', given, [{ message: error instanceof Error ? error.message : String(error) }]);
  }
}

function stepsFor({ isUnsynced: _, ...wire }: WireAttr, attrs: Attrs): AttrStep[] {
  const known = knownAttr(wire, attrs);
  if (!known) return [['add-attr', wire]];
  if (known.isSystem) return [];
  const changes = changesOf(known, wire);
  return Object.keys(changes).length > 0 ? [['update-attr', { id: known.id, ...changes }]] : [];
}

/** @throws InstantAPIError if the label has another meaning */
export function knownAttr(
  { 'forward-identity': [, etype, label], 'value-type': valueType }: WireAttr,
  attrs: Attrs,
): KnownAttr | undefined {
  const known = attrs.forward(etype, label);
  const conflict = known ? known.wire['value-type'] !== valueType : attrs.reverse(etype, label) !== undefined;
  if (!conflict) return known;
  const message = `${etype}->${label}: Conflicting link found for attribute: there is an attribute or the other end of a link with this label`;
  throw invalid('schema', 'plan', [{ in: ['schema'], message }]);
}

const attrProperties = ['cardinality', 'unique?', 'index?', 'required?', 'checked-data-type', 'on-delete', 'on-delete-reverse'] as const;

/** Null removes a trait. */
export function changesOf({ wire: is, label }: KnownAttr, wanted: WireAttr): Partial<WireAttr> {
  const changes: Record<string, unknown> = {};
  for (const property of attrProperties) {
    const [was, will] = [is[property] ?? null, wanted[property] ?? null];
    if (was === will || (label === 'id' && property !== 'unique?')) continue;
    if (typeof will === 'boolean' ? (was ?? false) !== will : true) changes[property] = will;
  }
  // Traits the schema does not mention stay.
  if (wanted['required?'] === undefined) delete changes['required?'];
  const [back, other] = [is['reverse-identity'], wanted['reverse-identity']];
  if (other && (back?.[1] !== other[1] || back[2] !== other[2])) changes['reverse-identity'] = [back?.[0] ?? other[0], other[1], other[2]];
  return changes;
}
