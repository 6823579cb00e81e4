// One entity in one namespace: its values by slot, including forward links. Immutable; a write creates a new row. Links from other entities
// are found through `Db.holders`. Also compares rows and converts them back to triples.

import { equal } from '../lib/equal.ts';
import type { Triple, Value } from '../protocol/triple.ts';
import type { KnownAttr, Namespace } from './attrs.ts';
import { type Links, listed, sameLinks } from './links.ts';

/** The time at which the value of a slot was first stored; one per target for a link with several. */
export type Times = number | readonly number[] | undefined;

export class Row {
  readonly id: string;
  /** The creation time of the entity, which is the time of its id triple. Optimistic rows sort after all rows from the server. */
  readonly t: number;
  /** By slot; `undefined` if there is no triple, `null` if null is stored. */
  readonly values: readonly Value[];
  /** By slot, if the time of each triple is recorded (on the server); otherwise undefined. */
  readonly times: readonly Times[] | undefined;

  constructor(id: string, t: number, values: readonly Value[], times?: readonly Times[]) {
    this.id = id;
    this.t = t;
    this.values = values;
    this.times = times;
  }

  /** Whether the row has the namespace's id triple; without it, the row is in no result. */
  exists(idAttr: KnownAttr | undefined): boolean {
    return idAttr !== undefined && this.values[idAttr.slot] !== undefined;
  }

  value(attr: KnownAttr): Value {
    return this.values[attr.slot];
  }

  /** The value of a link slot. */
  links(attr: KnownAttr): Links {
    return this.values[attr.slot] as Links;
  }

  /** The ids a link points to. */
  targets(attr: KnownAttr): readonly string[] {
    return listed(this.values[attr.slot] as Links);
  }

  /** Whether the row has no values at all; such rows are deleted. */
  isEmpty(): boolean {
    return this.values.every((value) => value === undefined);
  }
}

/** Whether two rows hold the same triples. Of the times, only the creation time is compared. */
export function sameRow(a: Row, b: Row, attrs: { readonly forward: ReadonlyMap<string, KnownAttr> }): boolean {
  if (a === b) return true;
  if (a.t !== b.t) return false;
  const length = Math.max(a.values.length, b.values.length);
  for (let slot = 0; slot < length; slot++) {
    const x = a.values[slot];
    const y = b.values[slot];
    if (x === y) continue;
    if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null) return false;
    if (!equal(x, y) && !(Array.isArray(x) && isLink(attrs, slot) && sameLinks(x as Links, y as Links))) return false;
  }
  return true;
}

function isLink(attrs: { readonly forward: ReadonlyMap<string, KnownAttr> }, slot: number): boolean {
  for (const attr of attrs.forward.values()) if (attr.slot === slot) return attr.isRef;
  return false;
}

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
