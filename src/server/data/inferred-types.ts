// Which types of values each attribute has had: told to clients with the attribute, and never less.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import { equal } from '../../lib/equal.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { Slices } from '../slices.ts';

const allTypes = ['number', 'string', 'boolean', 'json'] as const;
export type InferredType = (typeof allTypes)[number];

/** The attributes that have a value of a new type by this change, as they are from now on. A generator: yields where others can be served. */
export function* attrsWithNewTypes(attrs: Attrs, changeSet: ChangeSet): Generator<void, WireAttr[]> {
  const found: WireAttr[] = [];
  const slices = new Slices();
  for (const [etype, changes] of changeSet) {
    for (const attr of attrs.namespace(etype).forward.values()) {
      const known = attr.wire['inferred-types'] ?? [];
      // What the system's own attributes hold does not depend on data.
      if (attr.isSystem || known.length === allTypes.length) continue;
      const types = new Set<string>(known);
      yield* slices.each(changes.values(), (change) => {
        const type = newType(attr, change);
        if (type) types.add(type);
      });
      if (types.size > known.length) found.push({ ...attr.wire, 'inferred-types': inOrder(types) });
    }
  }
  return found;
}

function newType({ slot, isRef }: KnownAttr, { before, after }: RowChange): InferredType | undefined {
  const value = after?.values[slot];
  if (value === undefined || value === null || value === before?.values[slot]) return undefined;
  return isRef ? 'string' : typeOf(value);
}

/** As they stand in an attribute. */
export const inOrder = (types: ReadonlySet<string>): InferredType[] => allTypes.filter((type) => types.has(type));

/** Of a value that is not null. */
export function typeOf(value: unknown): InferredType {
  const type = typeof value;
  return type === 'number' || type === 'string' || type === 'boolean' ? type : 'json';
}

/** Whether the attributes are as they were, except for these types. */
export function isOnlyTypes(attrs: Attrs, put: readonly WireAttr[]): boolean {
  const without = ({ 'inferred-types': _, ...rest }: WireAttr): object => rest;
  return put.every((wire) => {
    const known = attrs.byId(wire.id)?.wire;
    return known !== undefined && equal(without(known), without(wire));
  });
}
