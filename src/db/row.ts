// One entity in one namespace: its values by slot, forward links among them. Immutable once handed out; a write
// makes a new row. What points at it from elsewhere is not here (Db.holders).

// Whether two rows hold the same.

// A row back to the triples it was made of.

import type { KnownAttr, Namespace } from './attrs.ts';
import type { Value, Triple } from '../protocol/triple.ts';
import { equal } from '../lib/equal.ts';
import { type Links, listed, sameLinks } from './links.ts';

/** When each value of a slot was first stored; for several links, one time each. */
export type Times = number | readonly number[] | undefined;

export class Row {
  readonly id: string;
  /** When the entity was created: the time of its id triple. Optimistic rows come after everything from the server. */
  readonly t: number;
  /** By slot; `undefined` where there is no triple, `null` where null is stored. */
  readonly values: readonly Value[];
  /** By slot, for those who keep the time of each triple (the server); else undefined. */
  readonly times: readonly Times[] | undefined;

  constructor(id: string, t: number, values: readonly Value[], times?: readonly Times[]) {
    this.id = id;
    this.t = t;
    this.values = values;
    this.times = times;
  }

  /** Whether it has the namespace's id triple, without which it belongs to no result. */
  exists(idAttr: KnownAttr | undefined): boolean {
    return idAttr !== undefined && this.values[idAttr.slot] !== undefined;
  }

  value(attr: KnownAttr): Value {
    return this.values[attr.slot];
  }

  /** What a link's slot holds. */
  links(attr: KnownAttr): Links {
    return this.values[attr.slot] as Links;
  }

  /** The ids a link points at. */
  targets(attr: KnownAttr): readonly string[] {
    return listed(this.values[attr.slot] as Links);
  }

  /** Whether it holds nothing at all, and so is no row. */
  isEmpty(): boolean {
    return this.values.every((value) => value === undefined);
  }
}

/** Whether two rows hold the same triples; times other than the creation time do not count. */
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
