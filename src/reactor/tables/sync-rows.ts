// The rows of a sync table, in order: each entity with its triples, and the object that subscribers receive. Entities are identified by id, never
// by position. Free of side effects outside its rows.

import type { Attrs } from '../../db/attrs.ts';
import { asDate } from '../../db/ingest.ts';
import { Row } from '../../db/row.ts';
import { equal } from '../../lib/equal.ts';
import { insertSorted, removeSorted } from '../../lib/sorted.ts';
import type { SyncChange } from '../../protocol/server-message.ts';
import type { Triple, Value } from '../../protocol/triple.ts';
import { order, type Order } from '../../query/order.ts';

export type RowObject = Readonly<Record<string, unknown>>;

export interface RowUpdate {
  readonly oldEntity: RowObject;
  readonly newEntity: RowObject;
  readonly changedFields: Readonly<Record<string, { readonly oldValue: unknown; readonly newValue: unknown }>>;
}

export interface RowChanges {
  readonly added: readonly RowObject[];
  readonly removed: readonly RowObject[];
  readonly updated: readonly RowUpdate[];
  /** Every entity with added or removed triples, with the record to store; undefined for a removed entity. */
  readonly touched: ReadonlyMap<string, readonly Triple[] | undefined>;
}

interface Entity {
  /** By attr: the table contains one triple per attr and entity. */
  readonly triples: Map<string, Triple>;
  output: OutputRow | undefined;
}

interface OutputRow {
  readonly row: Row;
  readonly object: RowObject;
}

export interface SyncRowsConfig {
  readonly etype: string;
  readonly order: Readonly<Record<string, unknown>> | undefined;
  readonly useDates: boolean;
}

export class SyncRows {
  readonly #config: SyncRowsConfig;
  readonly #entities = new Map<string, Entity>();
  #attrs: Attrs;
  #order: Order;
  /** In order, once requested; afterwards changes are inserted in place. */
  #sorted: OutputRow[] | undefined;

  constructor(config: SyncRowsConfig, attrs: Attrs) {
    this.#config = config;
    this.#attrs = attrs;
    this.#order = order(config.etype, config.order, attrs);
  }

  get objects(): RowObject[] {
    const output = (): OutputRow[] => [...this.#entities.values()].flatMap((entity) => entity.output ?? []);
    this.#sorted ??= output().sort((a, b) => this.#order.compare(a.row, b.row));
    return this.#sorted.map(({ object }) => object);
  }

  get attrs(): Attrs {
    return this.#attrs;
  }

  records(): [id: string, triples: readonly Triple[]][] {
    return [...this.#entities].map(([id, { triples }]) => [id, [...triples.values()]]);
  }

  /** Rebuilds all rows if the attrs of the namespace changed. */
  setAttrs(attrs: Attrs): void {
    const { etype } = this.#config;
    const isSame = attrs.sharesSlotsWith(this.#attrs) && attrs.signature(etype) === this.#attrs.signature(etype);
    this.#attrs = attrs;
    if (isSame) return;
    this.#order = order(etype, this.#config.order, attrs);
    this.#sorted = undefined;
    for (const [id, entity] of this.#entities) this.#updateOutput(id, entity);
  }

  clear(): void {
    this.#entities.clear();
    this.#sorted = undefined;
  }

  /** Adds complete entities. Returns their rows. */
  load(entities: readonly (readonly Triple[])[]): RowObject[] {
    this.#sorted = undefined;
    return entities.flatMap((triples): RowObject[] => {
      const id = triples[0]?.[0];
      if (id === undefined) return [];
      const entity: Entity = { triples: new Map(triples.map((triple) => [triple[1], triple])), output: undefined };
      this.#entities.set(id, entity);
      const output = this.#updateOutput(id, entity);
      return output ? [output.object] : [];
    });
  }

  apply(changes: readonly SyncChange[]): RowChanges {
    const changed = new Map<string, { readonly entity: Entity; readonly before: OutputRow | undefined }>();
    for (const { action, triple } of changes) {
      const [id, attrId, value] = triple;
      const entity = changed.get(id)?.entity ?? this.#entities.get(id) ?? { triples: new Map<string, Triple>(), output: undefined };
      changed.set(id, { entity, before: entity.output });
      // Repeated triples are harmless.
      if (action === 'added') entity.triples.set(attrId, triple);
      else if (equal(entity.triples.get(attrId)?.[2], value)) entity.triples.delete(attrId);
    }
    const added: RowObject[] = [];
    const removed: RowObject[] = [];
    const updated: RowUpdate[] = [];
    const touched = new Map<string, readonly Triple[] | undefined>();
    for (const [id, { entity, before }] of changed) {
      const after = this.#updateOutput(id, entity);
      this.#reposition(before, after);
      const isRemoved = entity.triples.size === 0 || (before !== undefined && !after);
      if (isRemoved) this.#entities.delete(id);
      else this.#entities.set(id, entity);
      touched.set(id, isRemoved ? undefined : [...entity.triples.values()]);
      if (before && after) updated.push(...update(before.object, after.object));
      else if (after) added.push(after.object);
      else if (before) removed.push(before.object);
    }
    return { added, removed, updated, touched };
  }

  /** Replaces a row in the order. */
  #reposition(before: OutputRow | undefined, after: OutputRow | undefined): void {
    const sorted = this.#sorted;
    if (!sorted) return;
    const compare = (a: OutputRow, b: OutputRow): number => this.#order.compare(a.row, b.row);
    if (before) removeSorted(sorted, before, compare);
    if (after) insertSorted(sorted, after, compare);
  }

  /** Undefined for an entity without an id triple, which belongs to no table. */
  #updateOutput(id: string, entity: Entity): OutputRow | undefined {
    const { triples } = entity;
    const { blobs, idAttr, forward } = this.#attrs.namespace(this.#config.etype);
    const idTriple = idAttr && triples.get(idAttr.id);
    if (!idTriple) return (entity.output = undefined);
    const values: Value[] = [];
    for (const attr of forward.values()) values[attr.slot] = triples.get(attr.id)?.[2];
    const object: Record<string, unknown> = {};
    for (const { label, slot, checkedType } of blobs) {
      const value = values[slot];
      if (value !== undefined && label !== '__proto__')
        object[label] = this.#config.useDates && checkedType === 'date' ? asDate(value) : value;
    }
    return (entity.output = { row: new Row(id, idTriple[3], values), object });
  }
}

/** Undefined if the two are equal. */
function update(oldEntity: RowObject, newEntity: RowObject): RowUpdate[] {
  const changedFields: Record<string, { oldValue: unknown; newValue: unknown }> = {};
  for (const label of Object.keys({ ...oldEntity, ...newEntity })) {
    const [oldValue, newValue] = [oldEntity[label], newEntity[label]];
    if (!equal(oldValue, newValue)) changedFields[label] = { oldValue, newValue };
  }
  return Object.keys(changedFields).length > 0 ? [{ oldEntity, newEntity, changedFields }] : [];
}
