// The order of a node's rows: by creation or by the value of one attr, then by id. A total order, so that binary search works.

import type { Attrs, KnownAttr } from '../db/attrs.ts';
import { Row } from '../db/row.ts';
import type { Cursor } from '../protocol/query-result.ts';
import type { Value } from '../protocol/triple.ts';
import { instant, primitive } from './conditions.ts';

export type SortKey = Value;
export type Compare = (a: Row, b: Row) => number;

export interface Order {
  /** Undefined for the order of creation. */
  readonly attr: KnownAttr | undefined;
  readonly isDescending: boolean;
  readonly compare: Compare;
}

export function order(etype: string, shape: Readonly<Record<string, unknown>> | undefined, attrs: Attrs): Order {
  const [label, direction] = Object.entries(shape ?? {})[0] ?? [];
  const attr = label === undefined || label === 'id' ? undefined : attrs.namespace(etype).forward.get(label);
  return orderBy(attr?.isRef ? undefined : attr, label !== undefined && direction !== 'asc');
}

/** A row at the position of a cursor. */
export function rowAt([id, , value, t]: Cursor, { attr }: Order): Row {
  const values: Value[] = [];
  if (attr) values[attr.slot] = value;
  return new Row(id, t, values);
}

export function orderBy(attr: KnownAttr | undefined, isDescending: boolean): Order {
  const sign = isDescending ? -1 : 1;
  const byId = (a: Row, b: Row): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  // The default order has its own code path, because every change of a row uses it.
  if (!attr) return { attr, isDescending, compare: (a, b) => sign * (a.t - b.t || byId(a, b)) };
  const keyOf = keyReader(attr);
  const compareKeys = attr.checkedType === 'string' ? compareText : compareValues;
  return { attr, isDescending, compare: (a, b) => sign * (compareKeys(keyOf(a), keyOf(b)) || byId(a, b)) };
}

function keyReader(attr: KnownAttr): (row: Row) => SortKey {
  const { slot } = attr;
  return attr.checkedType === 'date' ? (row) => dateKey(row.values[slot]) : (row) => row.values[slot];
}

/** Invalid dates sort like missing values: first. */
function dateKey(value: Value): SortKey {
  const at = instant(value);
  return Number.isNaN(at) ? null : at;
}

/** Missing values come first; values of types that cannot be compared are grouped by type. */
function compareValues(a: SortKey, b: SortKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const isNoA = a === null || a === undefined;
  const isNoB = b === null || b === undefined;
  if (isNoA || isNoB) return isNoA && isNoB ? 0 : isNoA ? -1 : 1;
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  if (typeof a === 'object') return compareValues(primitive(a), primitive(b));
  return (a as never) > (b as never) ? 1 : (a as never) < (b as never) ? -1 : 0;
}

/** Made when it is first needed: it takes some megabytes and milliseconds. */
let collator: Pick<Intl.Collator, 'compare'> | undefined;

/** Builds of Hermes may come without `Intl`. */
function newCollator(): NonNullable<typeof collator> {
  return typeof Intl === 'object' ? new Intl.Collator('en-US') : { compare: (a, b) => a.localeCompare(b) };
}

/** Beyond so many characters, text is ordered by its code units: collating texts of a megabyte would keep a server busy. */
const maxCollated = 1000;

function compareText(a: SortKey, b: SortKey): number {
  if (typeof a !== 'string' || typeof b !== 'string' || a === b) return compareValues(a, b);
  const { compare } = (collator ??= newCollator());
  const inBrief = compare(a.slice(0, maxCollated), b.slice(0, maxCollated));
  return inBrief || (Math.max(a.length, b.length) > maxCollated ? compareValues(a, b) : 0);
}
