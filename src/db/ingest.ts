// Builds rows from triples in any order. This is the hot path of every result from the server: one pass, no intermediate objects, one
// string per id.

import { coerceToDate } from '../lib/dates.ts';
import type { Triple, Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import { Row, type Times } from './row.ts';

export interface IngestOptions {
  /** Convert the values of attrs checked as `date` to `Date` objects. */
  readonly useDates?: boolean;
  /** Store the time of every triple, not only of the entity. */
  readonly times?: boolean;
}

/** A row under construction, not yet visible to other code. */
type MutableRow = { -readonly [Part in 'id' | 't']: Row[Part] } & { readonly values: Value[]; readonly times: Times[] | undefined };

interface Table {
  readonly rows: Map<string, Row>;
  readonly blank: readonly undefined[];
  last: MutableRow | undefined;
}

/**
 * An attr in the triple stream, linked to the attr that followed it last time: entities repeat the same sequence of attrs, so the next attr
 * is usually found without a map lookup.
 */
interface AttrInStream {
  readonly attr: KnownAttr;
  readonly table: Table;
  readonly isId: boolean;
  readonly isDate: boolean;
  next: AttrInStream | undefined;
}

export function ingest(triples: Iterable<Triple>, attrs: Attrs, options: IngestOptions = {}): Ingestion {
  const ingestion = new Ingestion(attrs, options);
  ingestion.add(triples);
  return ingestion;
}

export class Ingestion {
  /** etype → id → row */
  readonly tables = new Map<string, Map<string, Row>>();
  /** Number of skipped triples: malformed, or of an unknown attr. */
  ignored = 0;
  readonly #attrs: Attrs;
  readonly #options: IngestOptions;
  readonly #seenAttrs = new Map<string, AttrInStream | undefined>();
  readonly #openTables = new Map<string, Table>();
  #lastAttr: AttrInStream | undefined;

  constructor(attrs: Attrs, options: IngestOptions) {
    this.#attrs = attrs;
    this.#options = options;
  }

  /** Rows are complete only after all triples have been added. */
  add(triples: Iterable<Triple>): void {
    const options = this.#options;
    let last = this.#lastAttr;
    for (const triple of triples) {
      const a = triple[1];
      let current: AttrInStream | undefined = last?.next;
      if (current?.attr.id !== a) {
        current = this.#seenAttr(a);
        if (last) last.next = current;
      }
      if (current === undefined || typeof triple[0] !== 'string') {
        this.ignored++;
        continue;
      }
      last = current;
      const row = rowOf(current.table, triple[0], options);
      if (current.attr.isRef) addTarget(row, current.attr.slot, triple[2], triple[3]);
      else fill(row, current, triple);
    }
    this.#lastAttr = last;
  }

  #seenAttr(attrId: string): AttrInStream | undefined {
    let current = this.#seenAttrs.get(attrId);
    if (current === undefined && !this.#seenAttrs.has(attrId)) {
      current = resolveAttr(this.#attrs, attrId, this.#openTables, this.tables, this.#options);
      this.#seenAttrs.set(attrId, current);
    }
    return current;
  }
}

function fill(row: MutableRow, seen: AttrInStream, triple: Triple): void {
  const value = seen.isDate ? asDate(triple[2]) : triple[2];
  row.values[seen.attr.slot] = seen.isId ? row.id : value;
  if (seen.isId) row.t = triple[3];
  if (row.times) row.times[seen.attr.slot] = triple[3];
}

function resolveAttr(
  attrs: Attrs,
  attrId: string,
  open: Map<string, Table>,
  tables: Map<string, Map<string, Row>>,
  options: IngestOptions,
): AttrInStream | undefined {
  const attr = attrs.byId(attrId);
  if (!attr) return undefined;
  let table = open.get(attr.etype);
  if (!table) {
    table = { rows: new Map(), blank: Array<undefined>(attrs.width(attr.etype)).fill(undefined), last: undefined };
    open.set(attr.etype, table);
    tables.set(attr.etype, table.rows);
  }
  const isDate = options.useDates === true && attr.checkedType === 'date';
  return { attr, table, isId: attr === attrs.idAttr(attr.etype), isDate, next: undefined };
}

function rowOf(table: Table, id: string, options: IngestOptions): MutableRow {
  const last = table.last;
  if (last?.id === id) return last;
  const known = table.rows.get(id) as unknown as MutableRow | undefined;
  if (known) return (table.last = known);
  const row = new Row(id, 0, table.blank.slice(), options.times ? [] : undefined);
  table.rows.set(id, row);
  return (table.last = row as unknown as MutableRow);
}

/** Mutates in place; the arrays are not shared until the pass ends. */
function addTarget(row: MutableRow, slot: number, target: Value, t: number): void {
  if (typeof target !== 'string') return;
  const current = row.values[slot] as string | string[] | undefined;
  const times = row.times?.[slot] as number | number[] | undefined;
  if (current === undefined) {
    row.values[slot] = target;
    if (row.times) row.times[slot] = t;
  } else if (typeof current === 'string') {
    if (current === target) return;
    row.values[slot] = [current, target];
    if (row.times) row.times[slot] = [times as number, t];
  } else if (!current.includes(target)) {
    current.push(target);
    if (row.times) (times as number[]).push(t);
  }
}

/** Converts a value to its stored form. */
export function asStored(value: Value, attr: KnownAttr, useDates: boolean | undefined): Value {
  return useDates && attr.checkedType === 'date' ? asDate(value) : value;
}

export function asDate(value: Value): Value {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  try {
    return coerceToDate(value) ?? value;
  } catch {
    return value;
  }
}
