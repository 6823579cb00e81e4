// What is kept on the device of a namespace in step: one record for how far it is, and one for each row, so that a change
// writes no more than it changed. Rows are filed under their subscription: those of an older one are not taken for ours.

import { isObject } from '../protocol/check.ts';
import { isWireAttr, type WireAttr } from '../protocol/attr.ts';
import { isTriple, type Triple } from '../protocol/triple.ts';
import type { Edit } from '../storage/key-value.ts';

export interface KeptTable {
  readonly state: KeptState;
  readonly rows: readonly (readonly Triple[])[];
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

export function stateKey(owner: string, key: string): string {
  return `${tablePrefix(owner, key)}state`;
}

export function rowKey(owner: string, key: string, subscriptionId: string, id: string): string {
  return `${tablePrefix(owner, key)}row/${subscriptionId}/${id}`;
}

export function rowEdits(
  owner: string,
  key: string,
  subscriptionId: string,
  rows: Iterable<readonly [id: string, triples: readonly Triple[]]>,
): Edit[] {
  return [...rows].map(([id, triples]) => ({ put: rowKey(owner, key, subscriptionId, id), value: triples }));
}

/** What forgets all of it. */
export function keptEdits(owner: string, key: string, subscriptionId: string, ids: Iterable<string>): Edit[] {
  return [{ remove: stateKey(owner, key) }, ...[...ids].map((id) => ({ remove: rowKey(owner, key, subscriptionId, id) }))];
}

/** What was kept, if it makes sense; and what forgets the rest. */
export function readKept(
  records: readonly (readonly [key: string, value: unknown])[],
  owner: string,
  key: string,
): { readonly kept: KeptTable | undefined; readonly stale: readonly Edit[] } {
  const state = records.find(([name]) => name === stateKey(owner, key))?.[1];
  const own = isState(state) ? rowKey(owner, key, state.subscriptionId, '') : undefined;
  const rows: (readonly Triple[])[] = [];
  const stale: Edit[] = [];
  for (const [name, value] of records) {
    if (name === stateKey(owner, key) && own !== undefined) continue;
    if (own !== undefined && name.startsWith(own) && isRow(value)) rows.push(value);
    else stale.push({ remove: name });
  }
  return { kept: isState(state) ? { state, rows } : undefined, stale };
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

function isRow(value: unknown): value is readonly Triple[] {
  return Array.isArray(value) && value.every(isTriple);
}
