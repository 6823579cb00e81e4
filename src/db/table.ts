// The rows of one namespace with their indexes: value indexes and sorted orders, kept up to date from their first use on. In a layer, an
// undefined row marks a deleted one.

import type { Sort, Sorting } from '../lib/sort-steps.ts';
import { insertSorted, removeSorted } from '../lib/sorted.ts';
import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import { eachDifference, type Links } from './links.ts';
import type { Row } from './row.ts';
import { ValueIndex } from './value-index.ts';

/** Past this many changes, sorting anew is cheaper than moving row by row. */
const maxMoved = 500;

/** Orders that are kept up to date at the same time. */
const maxOrders = 16;

interface SortedRows<R> {
  rows: R[];
  /** While the rows are being sorted, in steps. */
  sorting: Sorting<R> | undefined;
  /** Id → the row that is in `rows`, of those that changed since the last request, or since the sorting began. */
  readonly changed: Map<string, R | undefined>;
}

export class Table<R extends Row | undefined> {
  readonly rows: Map<string, R>;
  readonly #indexes = new Map<KnownAttr, ValueIndex>();
  /** Name of an order → the sorted rows, or undefined after a single request. */
  readonly #sorted = new Map<string, SortedRows<R> | undefined>();

  constructor(rows = new Map<string, R>()) {
    this.rows = rows;
  }

  put(id: string, row: R): void {
    this.#rowChanged(id, row);
    this.rows.set(id, row);
  }

  delete(id: string): void {
    this.#rowChanged(id, undefined);
    this.rows.delete(id);
  }

  /** Drops the indexes of attrs that are gone or not as they were. Orders are named after all that they depend on. */
  keepIndexes(attrs: Attrs): void {
    for (const attr of this.#indexes.keys()) if (attrs.byId(attr.id) !== attr) this.#indexes.delete(attr);
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    let index = this.#indexes.get(attr);
    if (!index) {
      this.#indexes.set(attr, (index = new ValueIndex()));
      for (const row of this.rows.values()) if (row) reindex(index, attr, row.id, undefined, row);
    }
    return index.get(value);
  }

  /**
   * The first request for an order returns undefined: sorting only the matching rows is cheaper for a query that runs once. With `sort`, it
   * returns what sorts the rows: once that is done, the next request returns them.
   */
  sorted(name: string, compare: (a: R, b: R) => number, sort?: Sort<R>): readonly R[] | Sorting<R> | undefined {
    let sorted = this.#sorted.get(name);
    if (!sorted && (sort || this.#sorted.has(name))) {
      const rows = [...this.rows.values()];
      sorted = { rows, sorting: sort?.(rows, compare), changed: new Map() };
      if (!sort) rows.sort(compare);
    }
    this.#sorted.delete(name);
    this.#sorted.set(name, sorted);
    for (const oldest of this.#sorted.keys()) if (this.#sorted.size > maxOrders) this.#sorted.delete(oldest);
    if (!sorted) return undefined;
    if (sorted.sorting) {
      const { result } = sorted.sorting;
      if (!result) return sort && sorted.sorting;
      [sorted.rows, sorted.sorting] = [result, undefined];
    }
    this.#move(sorted, compare);
    return sorted.rows;
  }

  #move({ rows, changed }: SortedRows<R>, compare: (a: R, b: R) => number): void {
    for (const before of changed.values()) if (before) removeSorted(rows, before, compare);
    for (const id of changed.keys()) {
      const after = this.rows.get(id);
      if (after) insertSorted(rows, after, compare);
    }
    changed.clear();
  }

  #rowChanged(id: string, after: Row | undefined): void {
    if (this.#indexes.size === 0 && this.#sorted.size === 0) return;
    const before = this.rows.get(id);
    for (const [name, sorted] of this.#sorted) {
      if (sorted && !sorted.changed.has(id)) sorted.changed.set(id, before);
      if (sorted && sorted.changed.size > maxMoved) this.#sorted.set(name, undefined);
    }
    for (const [attr, index] of this.#indexes) reindex(index, attr, id, before, after);
  }
}

function reindex(index: ValueIndex, attr: KnownAttr, id: string, before: Row | undefined, after: Row | undefined): void {
  const was = before?.values[attr.slot];
  const is = after?.values[attr.slot];
  if (was === is) return;
  if (!attr.isRef) {
    if (was !== undefined) index.remove(was, id);
    if (is !== undefined) index.add(is, id);
    return;
  }
  eachDifference(was as Links, is as Links, (target, isGone) => (isGone ? index.remove(target, id) : index.add(target, id)));
}
