// A Db filtered by read rules: invisible rows do not exist in it, and invisible values are missing. A reader cannot infer hidden data, not
// even with a `where`.

import type { Attrs, KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import { Row } from '../db/row.ts';
import { lowest } from '../db/value-index.ts';
import type { Value } from '../protocol/triple.ts';
import { spend } from './pass.ts';

/** Whether a row is visible; with a label, whether that value of it is. */
export interface Visible {
  (etype: string, row: Row, label?: string): boolean;
  /** Whether all values of this label are visible in visible rows. Undefined if unknown. */
  readonly showsField?: (etype: string, label: string) => boolean;
}

/** The minimum cost of evaluating the rules for a row. */
const ruleWork = 10;

export class VisibleDb implements Db {
  readonly #db: Db;
  readonly #visible: Visible;
  /** Etype → row → the filtered row. */
  readonly #cache = new Map<string, Map<Row, Row | undefined>>();

  constructor(db: Db, visible: Visible) {
    this.#db = db;
    this.#visible = visible;
  }

  get attrs(): Attrs {
    return this.#db.attrs;
  }

  row(etype: string, id: string): Row | undefined {
    const row = this.#db.row(etype, id);
    return row && this.visibleRow(etype, row);
  }

  *rows(etype: string): Generator<Row> {
    for (const row of this.#db.rows(etype)) {
      const cached = this.visibleRow(etype, row);
      if (cached) yield cached;
    }
  }

  size(etype: string): number {
    return this.#db.size(etype);
  }

  /** A stored row as the rules show it; undefined if they hide it. */
  visibleRow(etype: string, row: Row): Row | undefined {
    let cached = this.#cache.get(etype);
    if (!cached) this.#cache.set(etype, (cached = new Map<Row, Row | undefined>()));
    if (!cached.has(row)) {
      spend(ruleWork);
      cached.set(row, this.#visible(etype, row) ? this.#maskValues(etype, row) : undefined);
    }
    return cached.get(row);
  }

  /** All ids, visible or not. For finding candidates, not for results. */
  get stored(): Db {
    return this.#db;
  }

  /** Whether rows that may be seen have the same value here as in what is stored. */
  showsField(attr: KnownAttr): boolean {
    return this.#visible.showsField?.(attr.etype, attr.label) ?? false;
  }

  /** Nothing is found through a hidden entity: its links would tell of it. */
  holders(attr: KnownAttr, value: Value): readonly string[] {
    if (this.#hidesTarget(attr, value)) return [];
    return this.#db.holders(attr, value).filter((id) => this.#hasValue(attr, id));
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.holders(attr, value));
  }

  #hidesTarget({ isRef, reverseEtype }: KnownAttr, target: Value): boolean {
    if (!isRef || reverseEtype === undefined || typeof target !== 'string') return false;
    return this.#db.row(reverseEtype, target) !== undefined && this.row(reverseEtype, target) === undefined;
  }

  #hasValue(attr: KnownAttr, id: string): boolean {
    return this.row(attr.etype, id)?.value(attr) !== undefined;
  }

  #maskValues(etype: string, row: Row): Row {
    const { forward, idAttr } = this.attrs.namespace(etype);
    let values: Value[] | undefined;
    for (const attr of forward.values()) {
      if (attr === idAttr || row.values[attr.slot] === undefined || this.#visible(etype, row, attr.label)) continue;
      values ??= row.values.slice();
      values[attr.slot] = undefined;
    }
    return values ? new Row(row.id, row.t, values, row.times) : row;
  }
}
