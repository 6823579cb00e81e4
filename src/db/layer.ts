// A Db on top of another: holds complete copies of the rows that pending or uncommitted steps change, and reads all other rows from the
// base. Records its changes until the next `takeChangeSet`.

import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { ChangeSet, RowChange } from './change-set.ts';
import type { Sort, Sorting } from '../lib/sort-steps.ts';
import type { Compare, Db } from './db.ts';
import { Row, type Times } from './row.ts';
import { Table } from './table.ts';
import { lowest } from './value-index.ts';

export class Layer implements Db {
  readonly base: Db;
  #attrs: Attrs | undefined;
  readonly #tables = new Map<string, Table<Row | undefined>>();
  /** etype → id → the row at the time of the last change set */
  #before = new Map<string, Map<string, Row | undefined>>();

  constructor(base: Db) {
    this.base = base;
  }

  get attrs(): Attrs {
    return this.#attrs ?? this.base.attrs;
  }

  /** Overrides the catalog of the base; undefined removes the override. */
  setAttrs(attrs: Attrs | undefined): void {
    this.#attrs = attrs;
  }

  row(etype: string, id: string): Row | undefined {
    const own = this.#ownRows(etype);
    if (own !== undefined) {
      const row = own.get(id);
      if (row !== undefined || own.has(id)) return row;
    }
    return this.base.row(etype, id);
  }

  rows(etype: string): Iterable<Row> {
    const own = this.#ownRows(etype);
    return own ? this.#merged(etype, own) : this.base.rows(etype);
  }

  size(etype: string): number {
    return this.base.size(etype) + (this.#ownRows(etype)?.size ?? 0);
  }

  sorted(etype: string, name: string, compare: Compare, sort?: Sort<Row>): readonly Row[] | Sorting<Row> | undefined {
    return this.#ownRows(etype) ? undefined : this.base.sorted?.(etype, name, compare, sort);
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    const baseHolders = this.base.holders(attr, value);
    const own = this.#ownRows(attr.etype);
    if (!own) return baseHolders;
    const fromBase = baseHolders.filter((id) => !own.has(id));
    const fromLayer = this.#tables.get(attr.etype)?.holders(attr, value) ?? [];
    return fromLayer.length === 0 ? fromBase : [...fromBase, ...fromLayer];
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.holders(attr, value));
  }

  /** Replaces the row; undefined deletes it. */
  put(etype: string, id: string, row: Row | undefined): void {
    this.#recordBefore(etype, id);
    let table = this.#tables.get(etype);
    if (!table) this.#tables.set(etype, (table = new Table()));
    table.put(id, row);
  }

  /** Sets one value of a row and deletes the row if it becomes empty. `row` is the current row, undefined if there is none. */
  set(attr: KnownAttr, id: string, row: Row | undefined, value: Value, t: number, times?: readonly Times[]): void {
    const values = row ? row.values.slice() : Array<Value>(this.attrs.width(attr.etype)).fill(undefined);
    values[attr.slot] = value;
    const next = new Row(row?.id ?? id, t, values, times);
    this.put(attr.etype, id, value === undefined && next.isEmpty() ? undefined : next);
  }

  /** Reverts the row to the base. */
  reset(etype: string, id: string): void {
    const table = this.#tables.get(etype);
    if (!table?.rows.has(id)) return;
    this.#recordBefore(etype, id);
    table.delete(id);
  }

  /** Reverts every row to the base. */
  clear(): void {
    for (const [etype, { rows }] of this.#tables) for (const id of [...rows.keys()]) this.reset(etype, id);
  }

  /** Reverts the rows with these ids to the base, in every namespace. */
  resetIds(ids: ReadonlySet<string>): void {
    for (const [etype, { rows }] of this.#tables) {
      for (const id of rows.size < ids.size ? [...rows.keys()] : ids) if (ids.has(id)) this.reset(etype, id);
    }
  }

  /** Records changes of the base; rows that this layer overrides are unaffected. */
  baseChanged(changeSet: ChangeSet): void {
    for (const [etype, changes] of changeSet) {
      const own = this.#ownRows(etype);
      for (const [id, { before }] of changes) if (!own?.has(id)) this.#recordRowBefore(etype, id, before);
    }
  }

  /** Returns the changes since the last call, or since the layer was created. */
  takeChangeSet(): ChangeSet {
    const changeSet = new Map<string, Map<string, RowChange>>();
    for (const [etype, rows] of this.takeBefore()) {
      const changes = new Map<string, RowChange>();
      for (const [id, before] of rows) {
        const after = this.row(etype, id);
        if (before !== after) changes.set(id, { before, after });
      }
      if (changes.size > 0) changeSet.set(etype, changes);
    }
    return changeSet;
  }

  /** The same as rows before the changes, of which some may be as they were. */
  takeBefore(): ReadonlyMap<string, ReadonlyMap<string, Row | undefined>> {
    const before = this.#before;
    this.#before = new Map();
    return before;
  }

  /** Discards the recorded changes. */
  forgetChanges(): void {
    this.#before = new Map();
  }

  *#merged(etype: string, own: ReadonlyMap<string, Row | undefined>): Generator<Row> {
    for (const row of this.base.rows(etype)) if (!own.has(row.id)) yield row;
    for (const row of own.values()) if (row) yield row;
  }

  #recordBefore(etype: string, id: string): void {
    if (!this.#before.get(etype)?.has(id)) this.#recordRowBefore(etype, id, this.row(etype, id));
  }

  #recordRowBefore(etype: string, id: string, before: Row | undefined): void {
    let rows = this.#before.get(etype);
    if (!rows) this.#before.set(etype, (rows = new Map<string, Row | undefined>()));
    if (!rows.has(id)) rows.set(id, before);
  }

  /** Undefined if the layer overrides no row of the namespace. */
  #ownRows(etype: string): ReadonlyMap<string, Row | undefined> | undefined {
    const rows = this.#tables.get(etype)?.rows;
    return rows?.size === 0 ? undefined : rows;
  }
}
