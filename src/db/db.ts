// A set of triples as the rest of the program may ask it: rows by namespace and id, and links from their far end.
// `Store` holds one; `Layer` is one on top of another.

import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { Row } from './row.ts';

export interface Db {
  readonly attrs: Attrs;
  /** What is known of `id` in the namespace; it may lack the id triple (see `Row.exists`). */
  row(etype: string, id: string): Row | undefined;
  /** Every row of the namespace, in no order. */
  rows(etype: string): Iterable<Row>;
  /** How many rows the namespace has, at most. */
  size(etype: string): number;
  /** Every row of the namespace in an order, which its name stands for. Undefined where it would have to be made for this once. */
  sorted?(etype: string, name: string, compare: (a: Row, b: Row) => number): readonly Row[] | undefined;
  /** Entities whose `attr` has this value (for a link: this target). */
  holders(attr: KnownAttr, value: Value): readonly string[];
  /** The one of them with the lowest id: what a lookup stands for. */
  find(attr: KnownAttr, value: Value): string | undefined;
}
