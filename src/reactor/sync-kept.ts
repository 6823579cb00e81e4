// What is kept on the device of a namespace in step: one record for how far it is, and one for each row, so that a change
// writes no more than it changed. Rows are filed under their subscription: those of an older one are not taken for ours.

import { isObject } from '../protocol/check.ts';
import { isWireAttr, type WireAttr } from '../protocol/attr.ts';
import { isTriple, type Triple } from '../protocol/triple.ts';
import type { Edit } from '../storage/key-value.ts';

export type KeptRow = readonly Triple[];

export interface KeptTable {
  readonly state: KeptState;
  readonly rows: readonly KeptRow[];
}

interface KeptState {
  readonly subscriptionId: string;
  readonly token: string;
  readonly txId: number;
  readonly attrs: readonly WireAttr[];
}

export function tablePrefix(owner: string, key: string): string {
  return `sync-table/${owner}/${key}/`;
}

/** What is falsy is kept no longer. */
export function keptEdits(
  prefix: string,
  subscriptionId: string,
  state: unknown,
  rows: Iterable<readonly [id: string, row: KeptRow | undefined]>,
): Edit[] {
  const edit = (name: string, value: unknown): Edit => (value ? { put: prefix + name, value } : { remove: prefix + name });
  return [edit('state', state), ...[...rows].map(([id, row]) => edit(`row/${subscriptionId}/${id}`, row))];
}

/** What was kept, if it makes sense; and what forgets the rest. */
export function readKept(
  records: readonly (readonly [key: string, value: unknown])[],
  prefix: string,
): { readonly kept: KeptTable | undefined; readonly stale: readonly Edit[] } {
  const found = new Map(records);
  const state = found.get(`${prefix}state`);
  const rows: KeptRow[] = [];
  if (!isState(state)) return { kept: undefined, stale: records.map(([remove]) => ({ remove })) };
  found.delete(`${prefix}state`);
  for (const [name, row] of records) {
    if (!name.startsWith(`${prefix}row/${state.subscriptionId}/`) || !isRow(row)) continue;
    rows.push(row);
    found.delete(name);
  }
  return { kept: { state, rows }, stale: [...found.keys()].map((remove) => ({ remove })) };
}

function isState(value: unknown): value is KeptState {
  return (
    isObject(value) &&
    typeof value.subscriptionId === 'string' &&
    typeof value.token === 'string' &&
    typeof value.txId === 'number' &&
    Array.isArray(value.attrs) &&
    value.attrs.every(isWireAttr)
  );
}

function isRow(value: unknown): value is KeptRow {
  return Array.isArray(value) && value.every(isTriple);
}
