// Changes to a catalog, attr by attr. Each is found by its names at once; the catalog is made at the end, as making it takes as long as it
// has attrs.

import type { Attr } from '../protocol/attr.ts';
import type { Attrs } from './attrs.ts';

export class AttrsDraft {
  readonly #base: Attrs;
  /** By id, in the order in which they were put; undefined = deleted. */
  readonly #changed = new Map<string, Attr | undefined>();
  readonly #names = new Map<string, Attr>();
  /** Deleted at some time: those that were put again are the last of the catalog. */
  readonly #deleted = new Set<string>();

  constructor(base: Attrs) {
    this.#base = base;
  }

  byId(id: string): Attr | undefined {
    return this.#changed.has(id) ? this.#changed.get(id) : this.#base.byId(id);
  }

  forward(etype: string, label: string): Attr | undefined {
    return this.#names.get(nameOf(etype, label)) ?? this.#unchanged(this.#base.forward(etype, label));
  }

  reverse(etype: string, label: string): Attr | undefined {
    return this.#names.get(reverseNameOf(etype, label)) ?? this.#unchanged(this.#base.reverse(etype, label));
  }

  /** Adds an attr, or replaces the one with the same id. */
  put(attr: Attr): void {
    this.#forgetNames(attr.id);
    if (!this.#changed.get(attr.id)) this.#changed.delete(attr.id);
    this.#changed.set(attr.id, attr);
    for (const name of namesOf(attr)) this.#names.set(name, attr);
  }

  delete(id: string): void {
    this.#forgetNames(id);
    this.#changed.set(id, undefined);
    this.#deleted.add(id);
  }

  result(): Attrs {
    const rest = this.#deleted.size > 0 ? this.#base.without(this.#deleted) : this.#base;
    return rest.with([...this.#changed.values()].flatMap((attr) => attr?.wire ?? []));
  }

  #unchanged(attr: Attr | undefined): Attr | undefined {
    return attr && !this.#changed.has(attr.id) ? attr : undefined;
  }

  #forgetNames(id: string): void {
    const attr = this.#changed.get(id);
    for (const name of attr ? namesOf(attr) : []) if (this.#names.get(name) === attr) this.#names.delete(name);
  }
}

const nameOf = (etype: string, label: string): string => JSON.stringify([etype, label]);
const reverseNameOf = (etype: string, label: string): string => JSON.stringify({ [etype]: label });

function namesOf({ etype, label, reverseEtype, reverseLabel }: Attr): string[] {
  const name = nameOf(etype, label);
  return reverseEtype === undefined || reverseLabel === undefined ? [name] : [name, reverseNameOf(reverseEtype, reverseLabel)];
}
