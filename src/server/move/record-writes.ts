// Translates an admin's writes to rows of records, in one transaction with the writes to the data. A row is stored once it has the required
// fields; the others may follow in a later transaction.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { merge } from '../../db/merge.ts';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { DataStep, EntityRef } from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import { misnamed } from '../data/attr-steps.ts';
import { recordAttrs, recordNamespaces } from '../data/record-attrs.ts';
import type { LedgerState, Planned } from '../data/write.ts';
import { invalid, recordNotUnique } from '../errors.ts';
import type { Records } from '../storage/storage.ts';
import { rowRecords } from './record-kinds.ts';
import { recordRows } from './record-view.ts';
import type { BackupRow } from './system-rows.ts';

type Entity = BackupRow['entity'];

const recordAttrIds: ReadonlySet<unknown> = new Set(recordAttrs.map(({ id }) => id));
const reverseLabels = new Set(recordAttrs.flatMap(({ 'reverse-identity': reverse }) => (reverse ? [reverse[2]] : [])));

/** Whether admin steps refer to records. */
export function writesRecords(steps: readonly unknown[]): boolean {
  return steps.some((step) => {
    if (!Array.isArray(step)) return false;
    const [, etype, , args] = step as unknown[];
    if (typeof etype === 'string' && recordNamespaces.has(etype)) return true;
    return etype === '$users' && typeof args === 'object' && args !== null && Object.keys(args).some((label) => reverseLabels.has(label));
  });
}

export const withRecordAttrs = (attrs: Attrs): Attrs => attrs.with(recordAttrs);

function isRecordStep(step: readonly unknown[]): boolean {
  const [op, , about] = step;
  if (op === 'delete-entity' || op === 'rule-params') return typeof about === 'string' && recordNamespaces.has(about);
  return recordAttrIds.has(about);
}

/** Whether it is as much of an attribute as its name. */
function isNamed(attr: unknown): attr is WireAttr {
  return isObject(attr) && [attr['forward-identity'], attr['reverse-identity'] ?? []].every(Array.isArray);
}

/** `steps`: built with a catalog that has the attrs of records. @throws InstantAPIError */
export function planRecordWrites(steps: readonly (readonly unknown[])[], state: LedgerState): Planned {
  for (const [op, attr] of steps) {
    const fault = op === 'add-attr' && isNamed(attr) ? misnamed(attr) : undefined;
    if (fault) throw fault;
  }
  const rows = new RecordRows(state);
  for (const step of steps) if (isRecordStep(step)) rows.apply(step as unknown as DataStep);
  return { steps: steps.filter((step) => !isRecordStep(step)), records: rows.records() };
}

class RecordRows {
  readonly #state: LedgerState;
  readonly #attrs: Attrs;
  readonly #before: ReadonlyMap<string, ReadonlyMap<string, BackupRow>>;
  /** etype → id → the resulting row */
  readonly #after = new Map<string, Map<string, Entity | undefined>>();

  constructor(state: LedgerState) {
    this.#state = state;
    this.#attrs = withRecordAttrs(state.db.attrs);
    const rows = recordRows(state.records, () => state.at);
    this.#before = new Map([...rows].map(([etype, some]) => [etype, new Map(some.map((row) => [String(row.entity['id']), row]))]));
  }

  apply(step: DataStep): void {
    if (step[0] === 'rule-params') return;
    if (step[0] === 'delete-entity') return this.#delete(step[1], String(step[2]));
    const attr = this.#attrs.byId(step[2]);
    if (!attr) return;
    const { etype, label } = attr;
    const id = this.#idOf(step[1], step);
    if (step[0] === 'retract-triple') {
      const row = this.#row(etype, id);
      if (row && row[label] === this.#valueOf(attr, step[3], step)) this.#put(etype, id, { ...row, [label]: undefined });
      return;
    }
    const existing = this.#row(etype, id);
    checkMode(step, this.#before.get(etype)?.has(id) ?? false);
    const value = step[0] === 'deep-merge-triple' ? merge(existing?.[label], step[3]) : this.#valueOf(attr, step[3], step);
    this.#put(etype, id, { ...existing, id, ...(label !== 'id' && { [label]: value }) });
  }

  /** The record to store. @throws InstantAPIError if a row lacks a required field */
  records(): Records {
    for (const etype of this.#after.keys()) this.#checkUnique(etype);
    const changed = [...this.#after].flatMap(([etype, rows]) =>
      [...rows].map(([id, after]) => ({ etype, id, before: this.#before.get(etype)?.get(id), after })),
    );
    return rowRecords(changed, this.#state);
  }

  #delete(ref: EntityRef, etype: string): void {
    const id = typeof ref === 'string' ? ref : this.#find(ref[0], ref[1]);
    if (id !== undefined && this.#row(etype, id)) this.#put(etype, id, undefined);
  }

  #row(etype: string, id: string): Entity | undefined {
    const own = this.#after.get(etype);
    return own?.has(id) ? own.get(id) : this.#before.get(etype)?.get(id)?.entity;
  }

  #put(etype: string, id: string, entity: Entity | undefined): void {
    let rows = this.#after.get(etype);
    if (!rows) this.#after.set(etype, (rows = new Map<string, Entity | undefined>()));
    rows.set(id, entity);
  }

  /** Uniqueness is checked at the end of the transaction. */
  #checkUnique(etype: string): void {
    for (const { label } of this.#attrs.namespace(etype).blobs.filter(({ isUnique, label }) => isUnique && label !== 'id')) {
      const seen = new Set<unknown>();
      for (const id of this.#ids(etype)) {
        const value = this.#row(etype, id)?.[label];
        if (value === undefined || value === null) continue;
        if (seen.has(value)) throw recordNotUnique(label);
        seen.add(value);
      }
    }
  }

  *#ids(etype: string): Generator<string> {
    yield* this.#before.get(etype)?.keys() ?? [];
    for (const id of this.#after.get(etype)?.keys() ?? []) if (!this.#before.get(etype)?.has(id)) yield id;
  }

  #idOf(ref: EntityRef, step: DataStep): string {
    if (typeof ref === 'string') return ref;
    const found = this.#find(ref[0], ref[1]);
    if (found === undefined) throw invalid('tx-step', step, [{ message: 'the lookup finds no row: name a new row by an id' }]);
    return found;
  }

  #valueOf(attr: KnownAttr, value: Value, step: DataStep): Value {
    if (!attr.isRef) return value;
    const target = Array.isArray(value) && value.length === 2 ? this.#find(String(value[0]), value[1] as Value) : value;
    if (!isUuid(target))
      throw invalid('tx-step', step, [{ message: `'${attr.etype}.${attr.label}' leads to an id, or to a lookup that finds one` }]);
    return target;
  }

  #find(attrId: string, value: Value): string | undefined {
    const attr = this.#attrs.byId(attrId);
    if (!attr) return undefined;
    if (!recordNamespaces.has(attr.etype)) return this.#state.db.find(attr, value);
    return [...this.#ids(attr.etype)].find((id) => this.#row(attr.etype, id)?.[attr.label] === value);
  }
}

/** @throws InstantAPIError */
function checkMode(step: DataStep, exists: boolean): void {
  const mode = (step[4] as { readonly mode?: unknown } | undefined)?.mode;
  if (mode === 'create' && exists) throw invalid('tx-step', step, [{ message: 'entity already exists' }]);
  if (mode === 'update' && !exists) throw invalid('tx-step', step, [{ message: 'entity does not exist' }]);
}
