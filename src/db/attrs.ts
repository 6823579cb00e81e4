// The attr catalog of an app: attrs by id, by name at the owning side and by name at the other side of a link. Immutable; a change gives a
// new catalog. Slots (the index of an attr's value in a row) stay the same across changes.

import { equal } from '../lib/equal.ts';
import { type Attr, readAttr, type WireAttr } from '../protocol/attr.ts';

/** An attr with its slot: the index of its value in the rows of its namespace. */
export interface KnownAttr extends Attr {
  readonly slot: number;
}

/** The attrs of one namespace. */
export interface Namespace {
  readonly etype: string;
  /** The attr with `primary?`, otherwise the blob labelled `id`. */
  readonly idAttr: KnownAttr | undefined;
  /** Blob attrs in list order: the key order of result objects. */
  readonly blobs: readonly KnownAttr[];
  /** Links this namespace owns. */
  readonly links: readonly KnownAttr[];
  /** Attrs this namespace owns, by label. */
  readonly forward: ReadonlyMap<string, KnownAttr>;
  /** Links that point to this namespace, by their label here. */
  readonly reverse: ReadonlyMap<string, KnownAttr>;
}

interface MutableNamespace {
  etype: string;
  idAttr: KnownAttr | undefined;
  blobs: KnownAttr[];
  links: KnownAttr[];
  forward: Map<string, KnownAttr>;
  reverse: Map<string, KnownAttr>;
}

class Slots {
  readonly #byAttr = new Map<string, number>();
  readonly #used = new Map<string, number>();

  of(attr: Attr): number {
    const known = this.#byAttr.get(attr.id);
    if (known !== undefined) return known;
    const slot = this.#used.get(attr.etype) ?? 0;
    this.#used.set(attr.etype, slot + 1);
    this.#byAttr.set(attr.id, slot);
    return slot;
  }

  used(etype: string): number {
    return this.#used.get(etype) ?? 0;
  }
}

const newNamespace = (etype: string): MutableNamespace => ({
  etype,
  idAttr: undefined,
  blobs: [],
  links: [],
  forward: new Map(),
  reverse: new Map(),
});

const emptyNamespace: Namespace = newNamespace('');

export class Attrs {
  static readonly empty: Attrs = new Attrs([], new Slots());

  readonly list: readonly KnownAttr[];
  readonly #byId = new Map<string, KnownAttr>();
  readonly #namespaces = new Map<string, MutableNamespace>();
  readonly #signatures = new Map<string, string>();
  readonly #slots: Slots;

  private constructor(attrs: readonly Attr[], slots: Slots) {
    this.#slots = slots;
    for (const attr of attrs) this.#byId.set(attr.id, { ...attr, slot: slots.of(attr) });
    this.list = [...this.#byId.values()];
    for (const attr of this.list) this.#register(attr);
  }

  /** Creates a catalog with its own slots. */
  static from(wire: readonly WireAttr[]): Attrs {
    return new Attrs(wire.map(readAttr), new Slots());
  }

  /** Replaces the whole list. Rows created under this catalog stay readable under the new one. */
  replaced(wire: readonly WireAttr[]): Attrs {
    return new Attrs(wire.map(readAttr), this === Attrs.empty ? new Slots() : this.#slots);
  }

  /** Adds attrs, or replaces those with the same id. */
  with(wire: readonly WireAttr[]): Attrs {
    if (wire.length === 0) return this;
    const all = [...this.list.map((attr) => attr.wire), ...wire];
    return this.replaced([...new Map(all.map((attr) => [attr.id, attr])).values()]);
  }

  /** Whether the attr is here as it is. */
  holds(attr: WireAttr): boolean {
    const known = this.byId(attr.id);
    return known !== undefined && equal(known.wire, attr);
  }

  without(attrIds: ReadonlySet<string>): Attrs {
    return this.replaced(this.list.filter((attr) => !attrIds.has(attr.id)).map((attr) => attr.wire));
  }

  byId(attrId: string): KnownAttr | undefined {
    return this.#byId.get(attrId);
  }

  namespace(etype: string): Namespace {
    return this.#namespaces.get(etype) ?? emptyNamespace;
  }

  namespaces(): Iterable<Namespace> {
    return this.#namespaces.values();
  }

  forward(etype: string, label: string): KnownAttr | undefined {
    return this.namespace(etype).forward.get(label);
  }

  reverse(etype: string, label: string): KnownAttr | undefined {
    return this.namespace(etype).reverse.get(label);
  }

  idAttr(etype: string): KnownAttr | undefined {
    return this.namespace(etype).idAttr;
  }

  /** A string that two catalogs share exactly if the namespace has the same meaning in both. */
  signature(etype: string): string {
    let signature = this.#signatures.get(etype);
    if (signature === undefined) {
      const { forward, reverse } = this.namespace(etype);
      signature = [...forward.values(), ...reverse.values()].map(sign).join(';');
      this.#signatures.set(etype, signature);
    }
    return signature;
  }

  /** The current number of slots of a row in this namespace. */
  width(etype: string): number {
    return this.#slots.used(etype);
  }

  /** Whether rows created under the other catalog can be read under this one. */
  sharesSlotsWith(other: Attrs): boolean {
    return this.#slots === other.#slots;
  }

  #register(attr: KnownAttr): void {
    const own = this.#mutableNamespace(attr.etype);
    own.forward.set(attr.label, attr);
    if (attr.isRef) {
      own.links.push(attr);
    } else {
      own.blobs.push(attr);
      if (attr.isPrimary || (attr.label === 'id' && !own.idAttr?.isPrimary)) own.idAttr = attr;
    }
    if (attr.reverseEtype !== undefined && attr.reverseLabel !== undefined) {
      this.#mutableNamespace(attr.reverseEtype).reverse.set(attr.reverseLabel, attr);
    }
  }

  #mutableNamespace(etype: string): MutableNamespace {
    let namespace = this.#namespaces.get(etype);
    if (!namespace) this.#namespaces.set(etype, (namespace = newNamespace(etype)));
    return namespace;
  }
}

function sign(attr: KnownAttr): string {
  const { id, etype, label, reverseEtype, reverseLabel, isRef, isMany, checkedType } = attr;
  return JSON.stringify([id, etype, label, reverseEtype, reverseLabel, isRef, isMany, checkedType]);
}
