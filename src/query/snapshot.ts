// The copy of a live result that one subscriber receives. Programs sort, splice and reverse the arrays they are given; each subscriber
// therefore gets arrays of its own, made again if it changed them, and never the lists that the live result keeps up to date.
//
// Rows keep their identity (`===`) from one result to the next while nothing in them changed. A row that holds neither a nested list nor a
// Date is frozen and shared by all subscribers; any other row is copied per subscriber, because its lists and dates can be changed in place.

import { deepFreeze } from '../lib/freeze.ts';
import { setOwn } from '../lib/own.ts';
import type { QueryResult } from './query.ts';

/** Hands one subscriber the successive results of one query. */
export class Snapshot {
  #source: QueryResult | undefined;
  #result: QueryResult | undefined;
  readonly #lists = new Map<string, ListCopy>();

  /**
   * @param source a result as the live query holds it; not modified
   * @returns an equal result that the subscriber may keep: the same object for the same source
   */
  of<R extends QueryResult>(source: R): R {
    if (source === this.#source) return this.#result as R;
    const data: Record<string, readonly unknown[]> = {};
    for (const [key, items] of Object.entries(source.data)) setOwn(data, key, this.#copyOf(key, items as readonly object[]));
    this.#source = source;
    this.#result = { ...source, data };
    deepFreeze(source.pageInfo);
    deepFreeze(source.aggregate);
    return this.#result as R;
  }

  #copyOf(key: string, items: readonly object[]): readonly object[] {
    let list = this.#lists.get(key);
    if (!list) this.#lists.set(key, (list = new ListCopy()));
    return list.update(items);
  }
}

/** What a subscriber was given for one list, and whether it is still as it was given. */
class ListCopy {
  #items: readonly object[] = [];
  /** Beside `#items`, the copies of rows that are not shared. */
  #rows: readonly RowCopy[] = [];
  #given: object[] = [];

  update(items: readonly object[]): readonly object[] {
    const areShared = items.length === 0 || Object.isFrozen(items[0]);
    const rows = areShared ? [] : this.#updateRows(items);
    if (items !== this.#items || !this.#isGivenIntact() || rows.some((row, at) => row !== this.#rows[at])) {
      this.#given = areShared ? items.slice() : rows.map(({ value }) => value);
    }
    this.#items = items;
    this.#rows = rows;
    return this.#given;
  }

  /** Whether the subscriber changed neither the array nor anything in it. */
  isIntact(): boolean {
    return this.#isGivenIntact() && this.#rows.every((row) => row.isIntact());
  }

  #isGivenIntact(): boolean {
    const expected = this.#rows.length > 0 ? undefined : this.#items;
    if (this.#given.length !== this.#items.length) return false;
    return this.#given.every((row, at) => row === (expected ? expected[at] : this.#rows[at]?.value));
  }

  #updateRows(items: readonly object[]): RowCopy[] {
    let byId: Map<unknown, RowCopy> | undefined;
    const previous = (item: object, at: number): RowCopy | undefined => {
      if (this.#items[at] === item) return this.#rows[at];
      byId ??= new Map(this.#rows.map((row) => [idOf(row.source), row]));
      return byId.get(idOf(item));
    };
    return items.map((item, at) => {
      const row = previous(item, at);
      return row?.source === item && row.isIntact() ? row : new RowCopy(item, row);
    });
  }
}

/** A row as one subscriber sees it: frozen itself, its nested lists and dates are copies. */
class RowCopy {
  readonly source: object;
  readonly value: object;
  readonly #lists = new Map<string, ListCopy>();
  readonly #rows = new Map<string, RowCopy>();
  readonly #dates: [given: Date, time: number][] = [];

  /** @param previous the copy of an earlier version of the row, whose unchanged parts are used again */
  constructor(source: object, previous?: RowCopy) {
    this.source = source;
    const value: Record<string, unknown> = {};
    for (const [key, part] of Object.entries(source) as [string, unknown][]) setOwn(value, key, this.#copyPart(key, part, previous));
    this.value = Object.freeze(value);
  }

  isIntact(): boolean {
    for (const [given, time] of this.#dates) if (given.getTime() !== time) return false;
    for (const list of this.#lists.values()) if (!list.isIntact()) return false;
    for (const row of this.#rows.values()) if (!row.isIntact()) return false;
    return true;
  }

  #copyPart(key: string, part: unknown, previous: RowCopy | undefined): unknown {
    if (typeof part !== 'object' || part === null || Object.isFrozen(part)) return part;
    if (part instanceof Date) {
      const date = new Date(part);
      this.#dates.push([date, date.getTime()]);
      return date;
    }
    if (Array.isArray(part)) {
      const list = (previous && previous.#lists.get(key)) ?? new ListCopy();
      this.#lists.set(key, list);
      return list.update(part as readonly object[]);
    }
    const before = previous && previous.#rows.get(key);
    const row = before?.source === part && before.isIntact() ? before : new RowCopy(part, before);
    this.#rows.set(key, row);
    return row.value;
  }
}

function idOf(row: object): unknown {
  return (row as { readonly id?: unknown }).id;
}
