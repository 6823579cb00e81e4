// From a value of one attr to the entities that hold it: link targets to their sources, lookup values to their
// owners. Made when first asked for, kept in step from then on.

import type { Value } from '../protocol/triple.ts';

const none: readonly string[] = [];

export class ValueIndex {
  // One holder is kept as it is: most values have one.
  readonly #holders = new Map<Value, string | string[]>();

  get(value: Value): readonly string[] {
    const held = this.#holders.get(value);
    return held === undefined ? none : typeof held === 'string' ? [held] : held;
  }

  add(value: Value, id: string): void {
    const held = this.#holders.get(value);
    if (held === undefined) this.#holders.set(value, id);
    else if (typeof held === 'string') this.#holders.set(value, [held, id]);
    else held.push(id);
  }

  remove(value: Value, id: string): void {
    const held = this.#holders.get(value);
    if (held === id) this.#holders.delete(value);
    if (typeof held !== 'object') return;
    const at = held.indexOf(id);
    if (at < 0) return;
    const last = held.pop();
    if (last !== undefined && at < held.length) held[at] = last;
    if (held.length === 0) this.#holders.delete(value);
  }
}

/** Where a lookup fits several, it stands for the same one whatever the order they came in. */
export function lowest(ids: readonly string[]): string | undefined {
  let found = ids[0];
  for (const id of ids) if (found !== undefined && id < found) found = id;
  return found;
}
