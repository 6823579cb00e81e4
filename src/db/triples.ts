// A row back to the triples it was made of.

import type { Triple } from '../protocol/triple.ts';
import type { KnownAttr, Namespace } from './attrs.ts';
import { type Links, listed } from './links.ts';
import type { Row } from './row.ts';

/** The triples of one attr of a row. */
export function attrTriples(row: Row, attr: KnownAttr): Triple[] {
  const value = row.values[attr.slot];
  if (value === undefined) return [];
  const time = row.times?.[attr.slot];
  if (!attr.isRef) return [[row.id, attr.id, value, typeof time === 'number' ? time : row.t]];
  return listed(value as Links).map((target, at) => [row.id, attr.id, target, (typeof time === 'object' ? time[at] : time) ?? row.t]);
}

export function* rowTriples(row: Row, namespace: Namespace): Generator<Triple> {
  for (const attr of namespace.forward.values()) yield* attrTriples(row, attr);
}
