// One entity in one namespace: its values by slot, forward links among them. Immutable once handed out; a write
// makes a new row. What points at it from elsewhere is not here (Db.holders).

import type { Value } from '../protocol/triple.ts';
import type { KnownAttr } from './attrs.ts';
import { type Links, listed } from './links.ts';

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
