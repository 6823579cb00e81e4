// A Db seen through rules: rows that may not be seen are not there, values that may not be seen are missing.
// Whoever looks through it can tell nothing of what is hidden, not even by asking for it in a `where`.

import type { Attrs, KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import { Row } from '../db/row.ts';
import { lowest } from '../db/value-index.ts';
import type { Value } from '../protocol/triple.ts';
import { spend } from './pass.ts';

/** Whether a row may be seen; with a label, whether that value of it may. */
export interface Visible {
  (etype: string, row: Row, label?: string): boolean;
  /** Whether every value of this label may be seen, in rows that may. Missing: not known. */
  readonly showsField?: (etype: string, label: string) => boolean;
}

/** What it costs at least to ask the rules about a row. */
const ruleWork = 10;

export class VisibleDb implements Db {
  readonly #db: Db;
  readonly #visible: Visible;
  /** etype → row → the row as seen */
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
    return row && this.#visibleRow(etype, row);
  }

  *rows(etype: string): Generator<Row> {
    for (const row of this.#db.rows(etype)) {
      const cached = this.#visibleRow(etype, row);
      if (cached) yield cached;
    }
  }

  size(etype: string): number {
    return this.#db.size(etype);
  }

  /** What is seen and what is not. For where to look, not for what to show. */
  get stored(): Db {
    return this.#db;
  }

  /** Whether rows that may be seen have the same value here as in what is stored. */
  showsField(attr: KnownAttr): boolean {
    return this.#visible.showsField?.(attr.etype, attr.label) ?? false;
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    return this.#db.holders(attr, value).filter((id) => this.#hasValue(attr, id));
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.holders(attr, value));
  }

  #hasValue(attr: KnownAttr, id: string): boolean {
    return this.row(attr.etype, id)?.value(attr) !== undefined;
  }

  #visibleRow(etype: string, row: Row): Row | undefined {
    let cached = this.#cache.get(etype);
    if (!cached) this.#cache.set(etype, (cached = new Map<Row, Row | undefined>()));
    if (!cached.has(row)) {
      spend(ruleWork);
      cached.set(row, this.#visible(etype, row) ? this.#maskValues(etype, row) : undefined);
    }
    return cached.get(row);
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
