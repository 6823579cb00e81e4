// An index from the values of one attr to the entities that hold them: link targets to sources, lookup values to owners.

import type { Value } from '../protocol/triple.ts';

const EMPTY: readonly string[] = [];

export class ValueIndex {
  // A single holder is stored without an array: most values have one.
  readonly #holders = new Map<Value, string | string[]>();
  /** The places of many holders in their list, from the first removal on. */
  readonly #places = new WeakMap<string[], Map<string, number>>();

  get(value: Value): readonly string[] {
    const ids = this.#holders.get(valueKey(value));
    return ids === undefined ? EMPTY : typeof ids === 'string' ? [ids] : ids;
  }

  add(value: Value, id: string): void {
    const key = valueKey(value);
    const ids = this.#holders.get(key);
    if (ids === undefined) this.#holders.set(key, id);
    else if (typeof ids === 'string') this.#holders.set(key, [ids, id]);
    else {
      this.#places.get(ids)?.set(id, ids.length);
      ids.push(id);
    }
  }

  remove(value: Value, id: string): void {
    const key = valueKey(value);
    const ids = this.#holders.get(key);
    if (ids === id) this.#holders.delete(key);
    if (typeof ids !== 'object') return;
    let places = this.#places.get(ids);
    if (!places && ids.length > 64) this.#places.set(ids, (places = new Map(ids.map((holder, at) => [holder, at]))));
    const at = places?.get(id) ?? ids.indexOf(id);
    if (at < 0) return;
    const last = ids.pop() as string;
    places?.set(last, at).delete(id);
    if (at < ids.length) ids[at] = last;
    if (ids.length === 0) this.#holders.delete(key);
  }
}

/** Equal dates and equal JSON objects are different objects but the same value. No stored text begins like the key of an object. */
export function valueKey(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  return value instanceof Date ? value.getTime() : `\0${JSON.stringify(value, sortKeys)}`;
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Picks the same entity for an ambiguous lookup regardless of insertion order. */
export function lowest(ids: readonly string[]): string | undefined {
  let found = ids[0];
  for (const id of ids) if (found !== undefined && id < found) found = id;
  return found;
}
