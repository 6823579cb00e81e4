// The stored form of a sync table: one record for its position and one per row, so that a change writes only the rows it changed. Keys of rows
// contain the subscription id, so that rows of an earlier subscription are not mistaken for current ones.

import { isObject } from '../../lib/json.ts';
import { isWireAttr, type WireAttr } from '../../protocol/attr.ts';
import { isTriple, type Triple } from '../../protocol/triple.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';

export type CachedTableRow = readonly Triple[];

export interface CachedTable {
  readonly state: CachedTableState;
  readonly rows: readonly CachedTableRow[];
}

interface CachedTableState {
  readonly subscriptionId: string;
  readonly token: string;
  readonly txId: number;
  readonly attrs: readonly WireAttr[];
}

export function tablePrefix(owner: string, key: string): string {
  return `sync-table/${owner}/${key}/`;
}

/** Removes the records of falsy values. */
export function cacheOps(
  prefix: string,
  subscriptionId: string,
  state: unknown,
  rows: Iterable<readonly [id: string, row: CachedTableRow | undefined]>,
): KeyValueOp[] {
  const op = (name: string, value: unknown): KeyValueOp => (value ? { put: prefix + name, value } : { remove: prefix + name });
  return [op('state', state), ...[...rows].map(([id, row]) => op(`row/${subscriptionId}/${id}`, row))];
}

/** The stored table if it is valid, and the operations that remove the rest. */
export function readCached(
  records: readonly (readonly [key: string, value: unknown])[],
  prefix: string,
): { readonly cached: CachedTable | undefined; readonly stale: readonly KeyValueOp[] } {
  const found = new Map(records);
  const state = found.get(`${prefix}state`);
  const rows: CachedTableRow[] = [];
  if (!isState(state)) return { cached: undefined, stale: records.map(([remove]) => ({ remove })) };
  found.delete(`${prefix}state`);
  for (const [name, row] of records) {
    if (!name.startsWith(`${prefix}row/${state.subscriptionId}/`) || !isRow(row)) continue;
    rows.push(row);
    found.delete(name);
  }
  return { cached: { state, rows }, stale: [...found.keys()].map((remove) => ({ remove })) };
}

function isState(value: unknown): value is CachedTableState {
  return (
    isObject(value) &&
    typeof value.subscriptionId === 'string' &&
    typeof value.token === 'string' &&
    typeof value.txId === 'number' &&
    Array.isArray(value.attrs) &&
    value.attrs.every(isWireAttr)
  );
}

function isRow(value: unknown): value is CachedTableRow {
  return Array.isArray(value) && value.every(isTriple);
}
