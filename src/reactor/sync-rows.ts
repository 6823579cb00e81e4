// The rows of one namespace that is kept in step, in order: each entity with its triples, and the object shown for it. Entities
// are known by id, never by their place. Pure, but for the rows it holds.

import type { Attrs } from '../db/attrs.ts';
import { asDate } from '../db/ingest.ts';
import { Row } from '../db/row.ts';
import { equal } from '../lib/equal.ts';
import type { SyncChange } from '../protocol/server-message.ts';
import type { Triple, Value } from '../protocol/triple.ts';
import { order, type Order } from '../query/order.ts';
import { placeAmong } from '../query/page.ts';

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
  /** All that have a triple more or less: what is to be stored of each, undefined for one that is gone. */
  readonly touched: ReadonlyMap<string, readonly Triple[] | undefined>;
}

interface Entity {
  readonly id: string;
  /** By attr: of what is sent, an entity has one each. */
  readonly triples: Map<string, Triple>;
  shown: { readonly row: Row; readonly object: RowObject } | undefined;
}

type Shown = NonNullable<Entity['shown']>;

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
  #sorted: Shown[] = [];

  constructor(config: SyncRowsConfig, attrs: Attrs) {
    this.#config = config;
    this.#attrs = attrs;
    this.#order = order(config.etype, config.order, attrs);
  }

  get objects(): RowObject[] {
    return this.#sorted.map(({ object }) => object);
  }

  get attrs(): Attrs {
    return this.#attrs;
  }

  ids(): Iterable<string> {
    return this.#entities.keys();
  }

  *records(): Generator<readonly [id: string, triples: readonly Triple[]]> {
    for (const { id, triples } of this.#entities.values()) yield [id, [...triples.values()]];
  }

  /** All rows are made anew if this namespace changed. */
  setAttrs(attrs: Attrs): void {
    const { etype } = this.#config;
    const isSame = attrs.isKin(this.#attrs) && attrs.signature(etype) === this.#attrs.signature(etype);
    this.#attrs = attrs;
    if (isSame) return;
    this.#order = order(etype, this.#config.order, attrs);
    for (const entity of this.#entities.values()) entity.shown = this.#show(entity);
    this.#sortAnew();
  }

  clear(): void {
    this.#entities.clear();
    this.#sorted = [];
  }

  /** Whole entities. Gives what is shown of them. */
  load(entities: readonly (readonly Triple[])[]): RowObject[] {
    const loaded: RowObject[] = [];
    for (const triples of entities) {
      const id = triples[0]?.[0];
      if (id === undefined) continue;
      const entity: Entity = { id, triples: new Map(triples.map((triple) => [triple[1], triple])), shown: undefined };
      entity.shown = this.#show(entity);
      const before = this.#entities.get(id)?.shown;
      this.#entities.set(id, entity);
      this.#place(before, entity.shown);
      if (entity.shown) loaded.push(entity.shown.object);
    }
    return loaded;
  }

  apply(changes: readonly SyncChange[]): RowChanges {
    const added: RowObject[] = [];
    const removed: RowObject[] = [];
    const updated: RowUpdate[] = [];
    const touched = new Map<string, readonly Triple[] | undefined>();
    for (const [id, ofEntity] of byEntity(changes)) {
      const entity = this.#entities.get(id) ?? { id, triples: new Map<string, Triple>(), shown: undefined };
      const before = entity.shown;
      for (const change of ofEntity) applyTo(entity.triples, change);
      const after = this.#show(entity);
      entity.shown = after;
      const isGone = entity.triples.size === 0 || (before !== undefined && !after);
      if (isGone) this.#entities.delete(id);
      else this.#entities.set(id, entity);
      this.#place(before, after);
      touched.set(id, isGone ? undefined : [...entity.triples.values()]);
      if (before && after) {
        const changedFields = difference(before.object, after.object);
        if (Object.keys(changedFields).length > 0) updated.push({ oldEntity: before.object, newEntity: after.object, changedFields });
      } else if (after) added.push(after.object);
      else if (before) removed.push(before.object);
    }
    return { added, removed, updated, touched };
  }

  /** Takes the one out and puts the other in, each where it belongs. */
  #place(before: Shown | undefined, after: Shown | undefined): void {
    if (before) this.#sorted.splice(this.#placeOf(before), 1);
    if (after) this.#sorted.splice(this.#placeOf(after), 0, after);
  }

  #placeOf(shown: Shown): number {
    const last = this.#sorted.at(-1);
    // A load comes in order.
    if (last && this.#order.compare(last.row, shown.row) < 0) return this.#sorted.length;
    return placeAmong(this.#sorted, shown, (a, b) => this.#order.compare(a.row, b.row));
  }

  #sortAnew(): void {
    const shown = [...this.#entities.values()].flatMap((entity) => entity.shown ?? []);
    this.#sorted = shown.sort((a, b) => this.#order.compare(a.row, b.row));
  }

  /** Undefined for what has no id triple: it belongs to no table. */
  #show({ id, triples }: Entity): Shown | undefined {
    const { blobs, idAttr, forward } = this.#attrs.namespace(this.#config.etype);
    const idTriple = idAttr && triples.get(idAttr.id);
    if (!idTriple) return undefined;
    const values: Value[] = [];
    for (const attr of forward.values()) values[attr.slot] = triples.get(attr.id)?.[2];
    const object: Record<string, unknown> = {};
    for (const { label, slot, checkedType } of blobs) {
      const value = values[slot];
      if (value !== undefined && label !== '__proto__')
        object[label] = this.#config.useDates && checkedType === 'date' ? asDate(value) : value;
    }
    return { row: new Row(id, idTriple[3], values), object };
  }
}

function byEntity(changes: readonly SyncChange[]): Map<string, SyncChange[]> {
  const found = new Map<string, SyncChange[]>();
  for (const change of changes) {
    const id = change.triple[0];
    const ofEntity = found.get(id);
    if (ofEntity) ofEntity.push(change);
    else found.set(id, [change]);
  }
  return found;
}

/** What was heard before does no harm. */
function applyTo(triples: Map<string, Triple>, { action, triple }: SyncChange): void {
  const [, attrId, value] = triple;
  if (action === 'added') triples.set(attrId, triple);
  else if (equal(triples.get(attrId)?.[2], value)) triples.delete(attrId);
}

function difference(before: RowObject, after: RowObject): RowUpdate['changedFields'] {
  const changed: Record<string, { oldValue: unknown; newValue: unknown }> = {};
  for (const label of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!equal(before[label], after[label])) changed[label] = { oldValue: before[label], newValue: after[label] };
  }
  return changed;
}
