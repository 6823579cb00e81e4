// What pending writes do to each entity, whether or not a query shows it. A write that names an entity by a value is taken to mean every
// entity that has or had the value: in its turn, the write finds the right one among them.

import { isUniqueText } from '../../db/apply.ts';
import type { Attrs } from '../../db/attrs.ts';
import type { EntityRef, LookupRef, Step } from '../../protocol/transact-messages.ts';
import { lookupsIn } from '../mutations/write-set.ts';
import { linksTo } from './loan-keys.ts';
import type { PendingMutation } from './pending-in-view.ts';

interface Entry {
  readonly write: PendingMutation;
  readonly lookups: readonly LookupRef[];
  /** The steps on all entities that the lookups may mean. */
  steps: readonly Step[];
  /** These entities. */
  named: ReadonlySet<string>;
}

type ByEvent<Item> = Map<string, Map<string, Item[]>>;

export class PendingSteps {
  readonly #inResults: (lookup: LookupRef) => Iterable<string>;
  readonly #entries = new Map<string, Entry>();
  /** Those with lookups. */
  readonly #naming = new Map<string, Entry>();
  /** Entity → event id → the steps on it. */
  readonly #steps: ByEvent<Step> = new Map();
  /** Attr and value → event id → the entities that it is added to. */
  readonly #added: ByEvent<EntityRef> = new Map();
  /** The same of the writes with lookups, as they are written. */
  readonly #addedByName: ByEvent<EntityRef> = new Map();

  /** @param inResults finds the entities that have a value in some result */
  constructor(inResults: (lookup: LookupRef) => Iterable<string>) {
    this.#inResults = inResults;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get hasLookups(): boolean {
    return this.#naming.size > 0;
  }

  add(write: PendingMutation): void {
    const lookups = lookupsIn(write.steps);
    const entry: Entry = { write, lookups, steps: write.steps, named: new Set() };
    this.#entries.set(write.eventId, entry);
    if (lookups.length > 0) {
      this.#naming.set(write.eventId, entry);
      for (const step of write.steps) if (step[0] === 'add-triple') put(this.#addedByName, valueKey(step[2], step[3]), entry, step[1]);
      this.#resolve(entry);
    }
    this.#index(entry);
  }

  remove(eventId: string): void {
    const entry = this.#entries.get(eventId);
    if (!entry) return;
    this.#entries.delete(eventId);
    if (this.#naming.delete(eventId))
      for (const step of entry.write.steps) drop(this.#addedByName, valueKey(step[2] as string, step[3]), eventId);
    this.#unindex(entry);
  }

  all(): Iterable<PendingMutation> {
    return [...this.#entries.values()].map(({ write }) => write);
  }

  /** The entities that pending writes change. */
  ids(): Iterable<string> {
    return this.#steps.keys();
  }

  isAbout(id: string): boolean {
    return this.#steps.has(id);
  }

  /** With every entity that has or had a value by which the write names one. */
  stepsOf(eventId: string): readonly Step[] {
    return this.#entries.get(eventId)?.steps ?? [];
  }

  /** The entities that the lookups of the write may mean. */
  namedBy(eventId: string): ReadonlySet<string> {
    return this.#entries.get(eventId)?.named ?? NONE;
  }

  /** What is different with the write: entities, and links to entities. */
  keysOf(eventId: string): Set<string> {
    const keys = new Set<string>();
    for (const [, e, , value] of this.stepsOf(eventId)) {
      if (typeof e === 'string') keys.add(e);
      if (typeof value === 'string') keys.add(linksTo(value));
    }
    return keys;
  }

  /** The writes that change the entity, and their steps on it. */
  *about(id: string): Generator<readonly [write: PendingMutation, steps: readonly Step[]]> {
    for (const [eventId, steps] of this.#steps.get(id) ?? []) {
      const entry = this.#entries.get(eventId);
      if (entry) yield [entry.write, steps];
    }
  }

  /** The writes that add the value, and the entities they add it to. */
  *adding(attrId: string, value: string): Generator<readonly [write: PendingMutation, ids: readonly string[]]> {
    for (const [eventId, refs] of this.#added.get(valueKey(attrId, value)) ?? []) {
      const entry = this.#entries.get(eventId);
      if (entry) yield [entry.write, refs.filter((ref) => typeof ref === 'string')];
    }
  }

  /**
   * Results, or other writes, are different for these entities and texts. Returns the writes with lookups to which that may matter.
   */
  renamed(keys: ReadonlySet<string>, attrs: Attrs): PendingMutation[] {
    const mayMean = ([attrId, value]: LookupRef): boolean => {
      const attr = attrs.byId(attrId);
      return !attr || !isUniqueText(attr, value) || keys.has(value);
    };
    const found: PendingMutation[] = [];
    for (const entry of this.#naming.values()) {
      let isFound = [...entry.named].some((id) => keys.has(id));
      if (entry.lookups.some(mayMean)) {
        const before = entry.named;
        this.#unindex(entry);
        this.#resolve(entry);
        this.#index(entry);
        isFound ||= before.size !== entry.named.size || [...before].some((id) => !entry.named.has(id));
      }
      if (isFound) found.push(entry.write);
    }
    return found;
  }

  #resolve(entry: Entry): void {
    const named = new Set<string>();
    const meant = (ref: unknown): readonly unknown[] => {
      if (!Array.isArray(ref) || ref.length !== 2) return [ref];
      const ids = [...this.holders(ref as unknown as LookupRef)];
      for (const id of ids) named.add(id);
      return ids.length > 0 ? ids : [ref];
    };
    entry.steps = entry.write.steps.flatMap(([op, e, attrId, value, ...options]) => {
      const ends = meant(value);
      return meant(e).flatMap((id) => ends.map((end) => [op, id, attrId, end, ...options] as unknown as Step));
    });
    entry.named = named;
  }

  /** The entities that have the value in some result, or get it by some write. */
  holders(lookup: LookupRef, found = new Set<string>(), seen = new Set<string>()): Set<string> {
    const key = valueKey(...lookup);
    if (seen.has(key)) return found;
    seen.add(key);
    for (const id of this.#inResults(lookup)) found.add(id);
    for (const added of [this.#added, this.#addedByName]) {
      for (const [eventId, refs] of added.get(key) ?? []) {
        if (added === this.#added && this.#naming.has(eventId)) continue;
        for (const ref of refs)
          if (typeof ref === 'string') found.add(ref);
          else this.holders(ref, found, seen);
      }
    }
    return found;
  }

  #index(entry: Entry): void {
    for (const step of entry.steps) {
      const [op, e, attrId, value] = step;
      if (typeof e === 'string') put(this.#steps, e, entry, step);
      if (op === 'add-triple') put(this.#added, valueKey(attrId, value), entry, e);
    }
  }

  #unindex({ steps, write: { eventId } }: Entry): void {
    for (const [, e, attrId, value] of steps) {
      drop(this.#steps, e as string, eventId);
      drop(this.#added, valueKey(attrId as string, value), eventId);
    }
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Values that nothing is looked up by have no key. */
function valueKey(attrId: string, value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `${attrId} ${value}` : '';
}

function put<Item>(index: ByEvent<Item>, key: string, { write: { eventId } }: Entry, item: Item): void {
  if (key === '') return;
  let byEvent = index.get(key);
  if (!byEvent) index.set(key, (byEvent = new Map<string, Item[]>()));
  const items = byEvent.get(eventId);
  if (items) items.push(item);
  else byEvent.set(eventId, [item]);
}

function drop(index: ByEvent<unknown>, key: string, eventId: string): void {
  const byEvent = index.get(key);
  if (byEvent?.delete(eventId) && byEvent.size === 0) index.delete(key);
}
