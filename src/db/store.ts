// A Db that holds rows: the server's result of one query, or all data of an app. It changes only by loading triples or committing a layer,
// and every change returns a change set. Indexes are built on first use.

import type { Triple, Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { ChangeSet, RowChange } from './change-set.ts';
import type { Sort, Sorting } from '../lib/sort-steps.ts';
import type { Compare, Db } from './db.ts';
import { ingest, Ingestion, type IngestOptions } from './ingest.ts';
import type { Layer } from './layer.ts';
import { type Row, rowTriples, sameRow } from './row.ts';
import { Table } from './table.ts';
import { lowest } from './value-index.ts';

const noRows: ReadonlyMap<string, Row> = new Map();

export class Store implements Db {
  #attrs: Attrs;
  readonly #options: IngestOptions;
  readonly #tables = new Map<string, Table<Row>>();

  constructor(attrs: Attrs, options: IngestOptions = {}) {
    this.#attrs = attrs;
    this.#options = options;
  }

  get attrs(): Attrs {
    return this.#attrs;
  }

  /** Replaces the catalog; the new one must share slots with the old one. */
  setAttrs(attrs: Attrs): void {
    this.#attrs = attrs;
    for (const table of this.#tables.values()) table.keepIndexes(attrs);
  }

  row(etype: string, id: string): Row | undefined {
    return this.#tables.get(etype)?.rows.get(id);
  }

  rows(etype: string): Iterable<Row> {
    return this.#rows(etype).values();
  }

  size(etype: string): number {
    return this.#rows(etype).size;
  }

  sorted(etype: string, name: string, compare: Compare, sort?: Sort<Row>): readonly Row[] | Sorting<Row> | undefined {
    return this.#tables.get(etype)?.sorted(name, compare, sort);
  }

  etypes(): Iterable<string> {
    return this.#tables.keys();
  }

  /** Ids of all rows. An entity in several namespaces is listed once per namespace. */
  *ids(): Generator<string> {
    for (const { rows } of this.#tables.values()) yield* rows.keys();
  }

  /** Whether the store has the entity in any namespace. */
  hasEntity(id: string): boolean {
    for (const { rows } of this.#tables.values()) if (rows.has(id)) return true;
    return false;
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    return this.#tables.get(attr.etype)?.holders(attr, value) ?? [];
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.holders(attr, value));
  }

  *triples(): Generator<Triple> {
    for (const [etype, { rows }] of this.#tables) for (const row of rows.values()) yield* rowTriples(row, this.#attrs.namespace(etype));
  }

  /** All triples of one entity. */
  triplesOf(id: string): Triple[] {
    return [...this.#attrs.namespaces()].flatMap((namespace) => {
      const row = this.row(namespace.etype, id);
      return row ? [...rowTriples(row, namespace)] : [];
    });
  }

  load(triples: Iterable<Triple>): ChangeSet {
    return this.#applyIngested(ingest(triples, this.#attrs, this.#options), false);
  }

  /** Replaces the contents. Rows that are equal keep their identity. */
  replace(triples: Iterable<Triple>): ChangeSet {
    return this.#applyIngested(ingest(triples, this.#attrs, this.#options), true);
  }

  /** For callers that add triples in parts before `replace`. */
  ingestion(): Ingestion {
    return new Ingestion(this.#attrs, this.#options);
  }

  /** Takes over the changes of a layer, or of something like it. */
  commit(layer: Pick<Layer, 'attrs' | 'takeChangeSet'>): ChangeSet {
    if (layer.attrs !== this.#attrs) this.setAttrs(layer.attrs);
    const changeSet = layer.takeChangeSet();
    for (const [etype, changes] of changeSet) this.#put(etype, changes);
    return changeSet;
  }

  #applyIngested({ tables }: Ingestion, isComplete: boolean): ChangeSet {
    const changeSet = new Map<string, ReadonlyMap<string, RowChange>>();
    for (const etype of new Set([...tables.keys(), ...(isComplete ? this.#tables.keys() : [])])) {
      const changes = this.#compare(etype, tables.get(etype) ?? new Map<string, Row>(), isComplete);
      if (changes.size > 0) changeSet.set(etype, changes);
    }
    return changeSet;
  }

  #compare(etype: string, ingested: Map<string, Row>, isComplete: boolean): ReadonlyMap<string, RowChange> {
    const changes = new Map<string, RowChange>();
    const existing = this.#rows(etype);
    if (existing.size === 0) {
      for (const [id, after] of ingested) changes.set(id, { before: undefined, after });
      this.#tables.set(etype, new Table(ingested));
      return changes;
    }
    const namespace = this.#attrs.namespace(etype);
    let matched = 0;
    for (const [id, after] of ingested) {
      const before = existing.get(id);
      if (before) matched++;
      if (!before || !sameRow(before, after, namespace)) changes.set(id, { before, after });
    }
    if (isComplete && matched < existing.size) {
      for (const [id, before] of existing) if (!ingested.has(id)) changes.set(id, { before, after: undefined });
    }
    this.#put(etype, changes);
    return changes;
  }

  #put(etype: string, changes: ReadonlyMap<string, RowChange>): void {
    let table = this.#tables.get(etype);
    if (!table) this.#tables.set(etype, (table = new Table()));
    for (const [id, { after }] of changes) {
      if (after) table.put(id, after);
      else table.delete(id);
    }
  }

  #rows(etype: string): ReadonlyMap<string, Row> {
    return this.#tables.get(etype)?.rows ?? noRows;
  }
}
