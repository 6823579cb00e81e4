// The read interface to a set of triples: rows by namespace and id, and the reverse direction of links. `Store` implements it over its own
// rows, `Layer` over another Db.

import type { Sort, Sorting } from '../lib/sort-steps.ts';
import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { Row } from './row.ts';

export type Compare = (a: Row, b: Row) => number;

export interface Db {
  readonly attrs: Attrs;
  /** The row of `id` in the namespace. It may lack the id triple (see `Row.exists`). */
  row(etype: string, id: string): Row | undefined;
  /** Every row of the namespace, in no particular order. */
  rows(etype: string): Iterable<Row>;
  /** An upper bound for the number of rows in the namespace. */
  size(etype: string): number;
  /**
   * Every row of the namespace in the named order, from a cached index. Undefined if there is no such index. With `sort`, the index is made,
   * and what makes it is returned until it is there.
   */
  sorted?(etype: string, name: string, compare: Compare, sort?: Sort<Row>): readonly Row[] | Sorting<Row> | undefined;
  /** Entities whose `attr` has this value (for a link: this target). */
  holders(attr: KnownAttr, value: Value): readonly string[];
  /** The holder with the lowest id: the entity a lookup resolves to. */
  find(attr: KnownAttr, value: Value): string | undefined;
}
