// Rows that their results no longer contain, each as in the last result that did. Pending writes may need them.

import type { KnownAttr } from '../../db/attrs.ts';
import { Table } from '../../db/table.ts';
import type { Row } from '../../db/row.ts';
import type { Value } from '../../protocol/triple.ts';
import type { LiveQuery } from './live-query.ts';
import type { Coverage } from './query-needs.ts';
import type { View } from './view.ts';

/** A row as contained in a result. */
export interface Source {
  readonly live: LiveQuery;
  readonly row: Row;
  readonly coverage: Coverage;
  /** The result no longer contains it. */
  readonly isKept: boolean;
}

export class KeptRows {
  readonly #tables = new Map<string, Table<Row>>();
  readonly #sources = new WeakMap<Row, Source>();

  keep(etype: string, source: Source): void {
    const { row } = source;
    let table = this.#tables.get(etype);
    if (!table) this.#tables.set(etype, (table = new Table()));
    table.put(row.id, row);
    this.#sources.set(row, source);
  }

  get(etype: string, id: string): Source | undefined {
    const row = this.#tables.get(etype)?.rows.get(id);
    return row && this.#sources.get(row);
  }

  /** Whether a result other than the asking query's has lost the entity. */
  has(id: string, asking: View): boolean {
    for (const etype of this.#tables.keys()) {
      const source = this.get(etype, id);
      if (source && source.live.view !== asking) return true;
    }
    return false;
  }

  holders(attr: KnownAttr, value: Value): Source[] {
    return (this.#tables.get(attr.etype)?.holders(attr, value) ?? []).flatMap((id) => this.get(attr.etype, id) ?? []);
  }

  /** Drops those that are no longer needed, and returns them. */
  prune(isNeeded: (id: string) => boolean, ids?: Iterable<string>): Row[] {
    const dropped: Row[] = [];
    for (const table of this.#tables.values()) {
      for (const id of ids ?? [...table.rows.keys()]) {
        const row = table.rows.get(id);
        if (!row || isNeeded(id)) continue;
        table.delete(id);
        dropped.push(row);
      }
    }
    return dropped;
  }

  clear(): void {
    this.#tables.clear();
  }
}
