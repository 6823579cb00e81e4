// The order of a form's rows: by creation, or by the value of one attr; ties by id. Total, so that a row's place
// can be found by halving.

import type { Attrs, KnownAttr } from '../db/attrs.ts';
import type { Row } from '../db/row.ts';
import type { Cursor } from '../protocol/query-answer.ts';
import type { Value } from '../protocol/triple.ts';
import { instant, primitive } from './conditions.ts';

export type SortKey = Value;
export type Compare = (a: Row, b: Row) => number;

export interface Order {
  /** Undefined = by creation. */
  readonly attr: KnownAttr | undefined;
  readonly isDescending: boolean;
  readonly compare: Compare;
  /** Where a cursor stands to a row: negative = the cursor comes first. */
  readonly compareCursor: (cursor: Cursor, row: Row) => number;
}

export function order(etype: string, shape: Readonly<Record<string, unknown>> | undefined, attrs: Attrs): Order {
  const [label, direction] = Object.entries(shape ?? {})[0] ?? [];
  const attr = label === undefined || label === 'id' ? undefined : attrs.forward(etype, label);
  return orderBy(attr?.isRef ? undefined : attr, label !== undefined && direction !== 'asc');
}

/** A page keeps the order it was cut in: that of its cursor. */
export function orderOfPage(asked: Order, etype: string, cursor: Cursor | null | undefined, attrs: Attrs): Order {
  if (!cursor) return asked;
  const attr = attrs.byId(cursor[1]);
  if (!attr) return asked;
  return orderBy(attr === attrs.idAttr(etype) ? undefined : attr, asked.isDescending);
}

export function orderBy(attr: KnownAttr | undefined, isDescending: boolean): Order {
  const keyOf = attr ? keyReader(attr) : (row: Row): SortKey => row.t;
  const keyOfValue = attr?.checkedType === 'date' ? dateKey : (value: Value): SortKey => value;
  const compareKeys = attr ? (attr.checkedType === 'string' ? compareText : compareValues) : compareNumbers;
  const sign = isDescending ? -1 : 1;
  const compareAll = (keyA: SortKey, idA: string, keyB: SortKey, idB: string): number =>
    sign * (compareKeys(keyA, keyB) || (idA < idB ? -1 : idA > idB ? 1 : 0));
  return {
    attr,
    isDescending,
    // The usual order, written out: a row finds its place by it after every change.
    compare: attr
      ? (a, b) => compareAll(keyOf(a), a.id, keyOf(b), b.id)
      : (a, b) => sign * (a.t - b.t || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    compareCursor: (cursor, row) => compareAll(attr ? keyOfValue(cursor[2]) : cursor[3], cursor[0], keyOf(row), row.id),
  };
}

function keyReader(attr: KnownAttr): (row: Row) => SortKey {
  const { slot } = attr;
  return attr.checkedType === 'date' ? (row) => dateKey(row.values[slot]) : (row) => row.values[slot];
}

function dateKey(value: Value): SortKey {
  if (value === null || value === undefined) return null;
  const at = instant(value);
  return Number.isNaN(at) ? null : at;
}

function compareNumbers(a: SortKey, b: SortKey): number {
  return (a as number) - (b as number);
}

/** Nothing comes first; kinds that cannot be compared stand side by side, each kind together. */
function compareValues(a: SortKey, b: SortKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const isNoA = a === null || a === undefined;
  const isNoB = b === null || b === undefined;
  if (isNoA || isNoB) return isNoA && isNoB ? 0 : isNoA ? -1 : 1;
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  if (typeof a === 'object') return compareValues(primitive(a), primitive(b));
  return (a as never) > (b as never) ? 1 : (a as never) < (b as never) ? -1 : 0;
}

const collator = new Intl.Collator('en-US');

function compareText(a: SortKey, b: SortKey): number {
  return typeof a === 'string' && typeof b === 'string' ? (a === b ? 0 : collator.compare(a, b)) : compareValues(a, b);
}
