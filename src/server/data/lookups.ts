// The entities that the lookups of a transaction find. All steps of one update are for one entity, though one of them may change the value
// that the others look it up by: what a lookup has found it finds again, and what it found before the transaction counts too.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Layer } from '../../db/layer.ts';
import { valueKey } from '../../db/value-index.ts';
import type { Value } from '../../protocol/triple.ts';

export interface Lookup {
  readonly attr: KnownAttr;
  readonly value: Value;
  /** By the id itself. */
  readonly isId: boolean;
}

export class Lookups {
  readonly #layer: Layer;
  /** Entities created because a lookup found nothing. */
  readonly #made = new Map<string, string>();
  readonly #found = new Map<string, string>();

  constructor(layer: Layer) {
    this.#layer = layer;
  }

  /** Undefined if there is no such entity, or none any more. */
  find(lookup: Lookup): string | undefined {
    const { attr, value, isId } = lookup;
    if (isId) return String(value);
    const key = keyOf(lookup);
    const made = this.#made.get(key);
    const found =
      this.#unlessGone(attr, this.#found.get(key)) ??
      this.#layer.find(attr, value) ??
      made ??
      this.#unlessGone(attr, this.#layer.base.find(attr, value));
    if (found !== undefined && found !== made) this.#found.set(key, found);
    return found;
  }

  /** By the values as they are. */
  findNow({ attr, value, isId }: Lookup): string | undefined {
    return isId ? String(value) : this.#layer.find(attr, value);
  }

  make(lookup: Lookup, id: string): void {
    this.#made.set(keyOf(lookup), id);
  }

  isMade(lookup: Lookup, id: string): boolean {
    return this.#made.get(keyOf(lookup)) === id;
  }

  #unlessGone({ etype }: KnownAttr, id: string | undefined): string | undefined {
    if (id === undefined) return undefined;
    return this.#layer.row(etype, id)?.exists(this.#layer.attrs.idAttr(etype)) ? id : undefined;
  }
}

function keyOf({ attr, value }: Lookup): string {
  return JSON.stringify([attr.id, valueKey(value)]);
}
