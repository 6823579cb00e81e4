// The attr catalog of an app: attrs by id, by name at the owning side and by name at the other side of a link. Immutable; a change gives a
// new catalog, which shares with the old one what is the same in both. Slots (the index of an attr's value in a row) stay the same across changes.

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
  /** Namespace → attr → slot. An attr has a slot in each namespace that it was ever in. */
  readonly #slots = new Map<string, Map<string, number>>();

  of({ etype, id }: Attr): number {
    const own = this.#slots.get(etype) ?? new Map<string, number>();
    this.#slots.set(etype, own);
    const slot = own.get(id) ?? own.size;
    own.set(id, slot);
    return slot;
  }

  used(etype: string): number {
    return this.#slots.get(etype)?.size ?? 0;
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
  static readonly empty: Attrs = new Attrs(new Map(), new Slots());

  readonly list: readonly KnownAttr[];
  readonly #byId: ReadonlyMap<string, KnownAttr>;
  readonly #namespaces = new Map<string, MutableNamespace>();
  readonly #signatures: Map<string, string>;
  readonly #slots: Slots;
  /** What the last attr that was added led to: many views add the attr of the same write, again and again. */
  #last: { readonly wire: WireAttr; readonly attrs: Attrs } | undefined;

  /** @param changed the namespaces that are not as in `before` */
  private constructor(byId: ReadonlyMap<string, KnownAttr>, slots: Slots, before?: Attrs, changed?: ReadonlySet<string>) {
    this.#byId = byId;
    this.#slots = slots;
    this.list = [...byId.values()];
    const old = new Map(before && before.#namespaces);
    this.#signatures = new Map(before && before.#signatures);
    for (const etype of changed ?? []) {
      old.delete(etype);
      this.#signatures.delete(etype);
    }
    for (const attr of this.list) this.#register(attr, old);
  }

  /** Creates a catalog with its own slots. */
  static from(wire: readonly WireAttr[]): Attrs {
    return new Attrs(new Map(), new Slots()).with(wire);
  }

  /** Replaces the whole list. Rows created under this catalog stay readable under the new one. */
  replaced(wire: readonly WireAttr[]): Attrs {
    return this.#become(new Map(), wire);
  }

  /** Adds attrs, or replaces those with the same id. */
  with(wire: readonly WireAttr[]): Attrs {
    const [one] = wire;
    if (!one) return this;
    if (wire.length > 1 || this === Attrs.empty) return this.#become(new Map(this.#byId), wire);
    if (this.#last?.wire !== one) this.#last = { wire: one, attrs: this.#become(new Map(this.#byId), wire) };
    return this.#last.attrs;
  }

  without(attrIds: ReadonlySet<string>): Attrs {
    const rest = new Map(this.#byId);
    for (const id of attrIds) rest.delete(id);
    return this.#become(rest, []);
  }

  /** Whether the attr is here as it is. */
  holds(attr: WireAttr): boolean {
    const known = this.byId(attr.id);
    return known !== undefined && equal(known.wire, attr);
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

  /** The catalog of these attrs, to which some are added; this one if they are the same in the same order. */
  #become(byId: Map<string, KnownAttr>, added: readonly WireAttr[]): Attrs {
    const slots = this === Attrs.empty ? new Slots() : this.#slots;
    for (const wire of added) {
      const known = this.#byId.get(wire.id);
      if (known && equal(known.wire, wire)) byId.set(wire.id, known);
      else {
        const attr = readAttr(wire);
        byId.set(wire.id, { ...attr, slot: slots.of(attr) });
      }
    }
    const isSame = (attr: KnownAttr): boolean => this.#byId.get(attr.id) === byId.get(attr.id);
    const list = [...byId.values()];
    const kept = list.filter(isSame);
    if (!this.list.filter(isSame).every((attr, at) => attr === kept[at])) return new Attrs(byId, slots);
    const differing = [...this.list, ...list].filter((attr) => !isSame(attr));
    return differing.length > 0 ? new Attrs(byId, slots, this, etypesOf(differing)) : this;
  }

  #register(attr: KnownAttr, unchanged: ReadonlyMap<string, MutableNamespace>): void {
    const own = this.#namespaceToFill(attr.etype, unchanged);
    if (own) {
      own.forward.set(attr.label, attr);
      (attr.isRef ? own.links : own.blobs).push(attr);
      if (!attr.isRef && (attr.isPrimary || (attr.label === 'id' && !own.idAttr?.isPrimary))) own.idAttr = attr;
    }
    if (attr.reverseEtype !== undefined && attr.reverseLabel !== undefined) {
      this.#namespaceToFill(attr.reverseEtype, unchanged)?.reverse.set(attr.reverseLabel, attr);
    }
  }

  /** Undefined if the namespace has its attrs already. */
  #namespaceToFill(etype: string, unchanged: ReadonlyMap<string, MutableNamespace>): MutableNamespace | undefined {
    const before = unchanged.get(etype);
    let namespace = this.#namespaces.get(etype);
    if (!namespace) this.#namespaces.set(etype, (namespace = before ?? newNamespace(etype)));
    return before ? undefined : namespace;
  }
}

const etypesOf = (attrs: readonly KnownAttr[]): ReadonlySet<string> =>
  new Set(attrs.flatMap(({ etype, reverseEtype = etype }) => [etype, reverseEtype]));

function sign(attr: KnownAttr): string {
  const { id, etype, label, reverseEtype, reverseLabel, isRef, isMany, checkedType } = attr;
  return JSON.stringify([id, etype, label, reverseEtype, reverseLabel, isRef, isMany, checkedType]);
}
