// The read interface to a set of triples: rows by namespace and id, and the reverse direction of links. `Store` implements it over its own
// rows, `Layer` over another Db.

import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { Row } from './row.ts';

/** Each step yields the number of rows it has sorted. */
export type SortedSteps = Generator<number, readonly Row[] | undefined>;

export interface Db {
  readonly attrs: Attrs;
  /** The row of `id` in the namespace. It may lack the id triple (see `Row.exists`). */
  row(etype: string, id: string): Row | undefined;
  /** Every row of the namespace, in no particular order. */
  rows(etype: string): Iterable<Row>;
  /** An upper bound for the number of rows in the namespace. */
  size(etype: string): number;
  /** Every row of the namespace in the named order, from a cached index. Undefined if there is no such index. */
  sorted?(etype: string, name: string, compare: (a: Row, b: Row) => number): readonly Row[] | undefined;
  /** The same in steps. `isEager`: makes the index if there is none. */
  sortedSteps?(etype: string, name: string, compare: (a: Row, b: Row) => number, isEager?: boolean): SortedSteps;
  /** Entities whose `attr` has this value (for a link: this target). */
  holders(attr: KnownAttr, value: Value): readonly string[];
  /** The holder with the lowest id: the entity a lookup resolves to. */
  find(attr: KnownAttr, value: Value): string | undefined;
}
