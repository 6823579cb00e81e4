// One entity in one namespace: its values by slot, forward links among them. Immutable; a write makes a new row.
// What points at it from elsewhere is not here (Db.sources).

import type { Value } from '../protocol/triple.ts';
import type { KnownAttr } from './attrs.ts';

/** What a slot holds for a link: one id, or several in the order they came. */
export type Links = string | readonly string[] | undefined;

const none: readonly string[] = [];

export class Row {
  readonly id: string;
  /** When the entity was created: the time of its id triple. Optimistic rows come after everything from the server. */
  readonly t: number;
  /** By slot; `undefined` where there is no triple, `null` where null is stored. */
  readonly values: readonly Value[];
  /** By slot, for those who keep the time of each triple (the server); else undefined. */
  readonly times: readonly (number | undefined)[] | undefined;

  constructor(id: string, t: number, values: readonly Value[], times?: readonly (number | undefined)[]) {
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

  /** The ids a link points at. */
  targets(attr: KnownAttr): readonly string[] {
    const links = this.values[attr.slot] as Links;
    if (links === undefined) return none;
    return typeof links === 'string' ? [links] : links;
  }
}
