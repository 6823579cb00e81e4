// A Db that holds rows: the server's answer to one query, or all the data of an app. Changed only by taking over
// triples or a layer, and each change tells what it did. Indexes are made when first asked for.

import type { Triple, Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { Db } from './db.ts';
import { ingest, Ingestion, type IngestOptions } from './ingest.ts';
import type { Layer } from './layer.ts';
import { eachDifference, type Links, listed } from './links.ts';
import type { Report, RowChange } from './report.ts';
import { type Row, sameRow } from './row.ts';
import { rowTriples } from './triples.ts';
import { lowest, ValueIndex } from './value-index.ts';

const noRows: ReadonlyMap<string, Row> = new Map();

interface Index {
  readonly attr: KnownAttr;
  readonly values: ValueIndex;
}

export class Store implements Db {
  #attrs: Attrs;
  readonly #options: IngestOptions;
  #tables = new Map<string, Map<string, Row>>();
  /** etype → attr id → index */
  readonly #indexes = new Map<string, Map<string, Index>>();
  /** etype → name of an order → its rows so, until one of them changes; or undefined, if it was asked for once */
  readonly #sorted = new Map<string, Map<string, readonly Row[] | undefined>>();
  #ignored = 0;

  constructor(attrs: Attrs, options: IngestOptions = {}) {
    this.#attrs = attrs;
    this.#options = options;
  }

  get attrs(): Attrs {
    return this.#attrs;
  }

  /** Triples that could not be taken over since the start. */
  get ignored(): number {
    return this.#ignored;
  }

  /** The catalogue replaced; it must be kin to the one before. */
  setAttrs(attrs: Attrs): void {
    this.#attrs = attrs;
    this.#indexes.clear();
    this.#sorted.clear();
  }

  row(etype: string, id: string): Row | undefined {
    return this.#tables.get(etype)?.get(id);
  }

  rows(etype: string): Iterable<Row> {
    return (this.#tables.get(etype) ?? noRows).values();
  }

  size(etype: string): number {
    return this.#tables.get(etype)?.size ?? 0;
  }

  /** Whoever asks first is better off with sorting only what it needs. */
  sorted(etype: string, name: string, compare: (a: Row, b: Row) => number): readonly Row[] | undefined {
    let ofEtype = this.#sorted.get(etype);
    if (!ofEtype) this.#sorted.set(etype, (ofEtype = new Map<string, readonly Row[] | undefined>()));
    let rows = ofEtype.get(name);
    if (!rows && ofEtype.has(name)) rows = [...this.rows(etype)].sort(compare);
    ofEtype.set(name, rows);
    return rows;
  }

  etypes(): Iterable<string> {
    return this.#tables.keys();
  }

  /** Its entities; one of several namespaces several times. */
  *ids(): Generator<string> {
    for (const table of this.#tables.values()) yield* table.keys();
  }

  /** Whether it holds the entity in any namespace. */
  holds(id: string): boolean {
    for (const table of this.#tables.values()) if (table.has(id)) return true;
    return false;
  }

  sources(attr: KnownAttr, target: string): readonly string[] {
    return this.#index(attr).get(target);
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    return this.#index(attr).get(value);
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.#index(attr).get(value));
  }

  *triples(): Generator<Triple> {
    for (const [etype, table] of this.#tables) for (const row of table.values()) yield* rowTriples(row, this.#attrs.namespace(etype));
  }

  /** The same, of one entity. */
  triplesOf(id: string): Triple[] {
    return [...this.#attrs.namespaces()].flatMap((namespace) => {
      const row = this.row(namespace.etype, id);
      return row ? [...rowTriples(row, namespace)] : [];
    });
  }

  load(triples: Iterable<Triple>): Report {
    return this.#take(ingest(triples, this.#attrs, this.#options), false);
  }

  /** These triples and no others from now on. Rows that come out equal stay the same objects. */
  replace(triples: Iterable<Triple>): Report {
    return this.#take(ingest(triples, this.#attrs, this.#options), true);
  }

  /** For who reads triples in parts, as this would. */
  ingestion(): Ingestion {
    return new Ingestion(this.#attrs, this.#options);
  }

  /** What the layer changed, taken over. */
  commit(layer: Layer): Report {
    if (layer.attrs !== this.#attrs) this.setAttrs(layer.attrs);
    const report = layer.takeReport();
    for (const [etype, changes] of report) for (const [id, change] of changes) this.#put(etype, id, change);
    return report;
  }

  #take(fresh: { readonly tables: Map<string, Map<string, Row>>; readonly ignored: number }, isAll: boolean): Report {
    this.#ignored += fresh.ignored;
    const report = new Map<string, Map<string, RowChange>>();
    for (const [etype, rows] of fresh.tables) {
      const changes = this.#compare(etype, rows, isAll);
      if (changes.size > 0) report.set(etype, changes);
    }
    if (!isAll) return report;
    for (const [etype, held] of this.#tables) {
      if (fresh.tables.has(etype) || held.size === 0) continue;
      const changes = new Map<string, RowChange>();
      for (const [id, before] of held) changes.set(id, { before, after: undefined });
      report.set(etype, changes);
      for (const [id, change] of changes) this.#put(etype, id, change);
    }
    return report;
  }

  #compare(etype: string, fresh: Map<string, Row>, isAll: boolean): Map<string, RowChange> {
    const changes = new Map<string, RowChange>();
    const held = this.#tables.get(etype);
    if (!held || held.size === 0) {
      for (const [id, after] of fresh) changes.set(id, { before: undefined, after });
      this.#tables.set(etype, fresh);
      this.#indexes.delete(etype);
      this.#sorted.delete(etype);
      return changes;
    }
    const namespace = this.#attrs.namespace(etype);
    let matched = 0;
    for (const [id, after] of fresh) {
      const before = held.get(id);
      if (before) matched++;
      if (!before || !sameRow(before, after, namespace)) changes.set(id, { before, after });
    }
    if (isAll && matched < held.size) {
      for (const [id, before] of held) if (!fresh.has(id)) changes.set(id, { before, after: undefined });
    }
    for (const [id, change] of changes) this.#put(etype, id, change);
    return changes;
  }

  #put(etype: string, id: string, { before, after }: RowChange): void {
    let table = this.#tables.get(etype);
    if (!table) this.#tables.set(etype, (table = new Map<string, Row>()));
    if (after) table.set(id, after);
    else table.delete(id);
    if (this.#sorted.size > 0) this.#sorted.delete(etype);
    for (const { attr, values } of this.#indexes.get(etype)?.values() ?? []) reindex(values, attr, id, before, after);
  }

  #index(attr: KnownAttr): ValueIndex {
    let ofEtype = this.#indexes.get(attr.etype);
    if (!ofEtype) this.#indexes.set(attr.etype, (ofEtype = new Map<string, Index>()));
    const known = ofEtype.get(attr.id);
    if (known) return known.values;
    const values = new ValueIndex();
    for (const row of this.rows(attr.etype)) reindex(values, attr, row.id, undefined, row);
    ofEtype.set(attr.id, { attr, values });
    return values;
  }
}

function reindex(values: ValueIndex, attr: KnownAttr, id: string, before: Row | undefined, after: Row | undefined): void {
  const was = before?.values[attr.slot];
  const is = after?.values[attr.slot];
  if (was === is) return;
  if (!attr.isRef) {
    if (was !== undefined) values.remove(was, id);
    if (is !== undefined) values.add(is, id);
    return;
  }
  const held = listed(was as Links);
  eachDifference(was as Links, is as Links, (target) => {
    if (held.includes(target)) values.remove(target, id);
    else values.add(target, id);
  });
}
