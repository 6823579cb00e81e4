// A Db on top of another: the rows that pending or uncommitted steps change, whole, and nothing else. What is not
// here is read below. Remembers what it changed since it was last asked.

import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { Db } from './db.ts';
import { type Links, listed } from './links.ts';
import type { Report, RowChange } from './report.ts';
import type { Row } from './row.ts';
import { keyOf, lowest, ValueIndex } from './value-index.ts';

export class Layer implements Db {
  readonly base: Db;
  #attrs: Attrs | undefined;
  /** etype → id → row, or undefined where the row is gone */
  readonly #rows = new Map<string, Map<string, Row | undefined>>();
  /** Sources of links among the rows held here, by attr. */
  readonly #sources = new Map<string, ValueIndex>();
  /** etype → id → the row as it was when changes were last reported */
  #before = new Map<string, Map<string, Row | undefined>>();

  constructor(base: Db) {
    this.base = base;
  }

  get attrs(): Attrs {
    return this.#attrs ?? this.base.attrs;
  }

  /** A catalogue of its own, or the base's again. */
  setAttrs(attrs: Attrs | undefined): void {
    this.#attrs = attrs;
  }

  row(etype: string, id: string): Row | undefined {
    const rows = this.#rows.get(etype);
    if (rows !== undefined && rows.size > 0) {
      const row = rows.get(id);
      if (row !== undefined || rows.has(id)) return row;
    }
    return this.base.row(etype, id);
  }

  rows(etype: string): Iterable<Row> {
    const held = this.#rows.get(etype);
    return held === undefined || held.size === 0 ? this.base.rows(etype) : this.#merged(etype, held);
  }

  size(etype: string): number {
    return this.base.size(etype) + (this.#rows.get(etype)?.size ?? 0);
  }

  sorted(etype: string, name: string, compare: (a: Row, b: Row) => number): readonly Row[] | undefined {
    const held = this.#rows.get(etype);
    return held === undefined || held.size === 0 ? this.base.sorted?.(etype, name, compare) : undefined;
  }

  sources(attr: KnownAttr, target: string): readonly string[] {
    const below = this.base.sources(attr, target);
    const held = this.#rows.get(attr.etype);
    if (held === undefined || held.size === 0) return below;
    const here = this.#sources.get(attr.id)?.get(target) ?? [];
    const still = below.filter((id) => !held.has(id));
    return here.length === 0 ? still : [...still, ...here];
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    if (attr.isRef) return this.sources(attr, value as string);
    const below = this.base.holders(attr, value);
    const held = this.#rows.get(attr.etype);
    if (held === undefined || held.size === 0) return below;
    const ids = below.filter((id) => !held.has(id));
    const key = keyOf(value);
    for (const row of held.values()) if (row && keyOf(row.values[attr.slot]) === key) ids.push(row.id);
    return ids;
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.holders(attr, value));
  }

  /** `row` in place of what was there; undefined = no such row. */
  put(etype: string, id: string, row: Row | undefined): void {
    this.#note(etype, id);
    let rows = this.#rows.get(etype);
    if (!rows) this.#rows.set(etype, (rows = new Map<string, Row | undefined>()));
    this.#reindex(etype, rows.get(id), row);
    rows.set(id, row);
  }

  /** The base's row again. */
  reset(etype: string, id: string): void {
    const rows = this.#rows.get(etype);
    if (!rows?.has(id)) return;
    this.#note(etype, id);
    this.#reindex(etype, rows.get(id), undefined);
    rows.delete(id);
  }

  /** Every row the base's again. */
  clear(): void {
    for (const [etype, rows] of this.#rows) for (const id of [...rows.keys()]) this.reset(etype, id);
    // Also of links that the catalogue no longer has: it may have them again.
    this.#sources.clear();
  }

  /** The base's rows again for these ids, in every namespace. */
  resetIds(ids: ReadonlySet<string>): void {
    for (const [etype, rows] of this.#rows) {
      if (rows.size < ids.size) {
        for (const id of [...rows.keys()]) if (ids.has(id)) this.reset(etype, id);
      } else for (const id of ids) this.reset(etype, id);
    }
  }

  /** The base changed below: rows not held here changed with it. */
  baseChanged(report: Report): void {
    for (const [etype, changes] of report) {
      const held = this.#rows.get(etype);
      for (const [id, { before }] of changes) if (!held?.has(id)) this.#noteRow(etype, id, before);
    }
  }

  /** Whether the row is held here. */
  holds(etype: string, id: string): boolean {
    return this.#rows.get(etype)?.has(id) ?? false;
  }

  /** What changed since the last report, or since the beginning. */
  takeReport(): Report {
    const report = new Map<string, Map<string, RowChange>>();
    for (const [etype, rows] of this.#before) {
      const changes = new Map<string, RowChange>();
      for (const [id, before] of rows) {
        const after = this.row(etype, id);
        if (before !== after) changes.set(id, { before, after });
      }
      if (changes.size > 0) report.set(etype, changes);
    }
    this.#before = new Map();
    return report;
  }

  /** What changed up to here is of no interest. */
  forgetChanges(): void {
    this.#before = new Map();
  }

  *#merged(etype: string, held: ReadonlyMap<string, Row | undefined>): Generator<Row> {
    for (const row of this.base.rows(etype)) if (!held.has(row.id)) yield row;
    for (const row of held.values()) if (row) yield row;
  }

  #note(etype: string, id: string): void {
    if (!this.#before.get(etype)?.has(id)) this.#noteRow(etype, id, this.row(etype, id));
  }

  #noteRow(etype: string, id: string, before: Row | undefined): void {
    let rows = this.#before.get(etype);
    if (!rows) this.#before.set(etype, (rows = new Map<string, Row | undefined>()));
    if (!rows.has(id)) rows.set(id, before);
  }

  #reindex(etype: string, before: Row | undefined, after: Row | undefined): void {
    for (const attr of this.attrs.links(etype)) {
      const was = before?.values[attr.slot] as Links;
      const is = after?.values[attr.slot] as Links;
      if (was === is) continue;
      let sources = this.#sources.get(attr.id);
      if (!sources) this.#sources.set(attr.id, (sources = new ValueIndex()));
      const id = (before ?? after)?.id ?? '';
      for (const target of listed(was)) sources.remove(target, id);
      for (const target of listed(is)) sources.add(target, id);
    }
  }
}
