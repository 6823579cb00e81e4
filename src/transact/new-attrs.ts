// The attrs one transaction uses: known attrs, and new attrs for labels the catalog lacks. Records which of them the transaction must send
// as `add-attr`: the new ones, and known ones the server has not confirmed.

import type { Attrs } from '../db/attrs.ts';
import { AttrsDraft } from '../db/attrs-draft.ts';
import { TransactionValidationError } from '../errors.ts';
import { type Attr, readAttr, type WireAttr } from '../protocol/attr.ts';
import type { AddAttr } from '../protocol/transact-messages.ts';
import type { AnySchema } from '../schema/schema.ts';
import { newFieldAttr, newLinkAttr } from './attr-defaults.ts';

/** A link seen from one of its ends. */
export interface LinkSide {
  readonly attr: Attr;
  /** Whether this end owns the link. */
  readonly isForward: boolean;
  /** The namespace at the other end. */
  readonly etype: string;
}

export class NewAttrs {
  readonly #attrs: AttrsDraft;
  readonly #schema: AnySchema | undefined;
  readonly #id: () => string;
  readonly #steps = new Map<string, AddAttr>();

  constructor(known: Attrs, schema: AnySchema | undefined, id: () => string) {
    this.#attrs = new AttrsDraft(known);
    this.#schema = schema;
    this.#id = id;
  }

  get steps(): Iterable<AddAttr> {
    return this.#steps.values();
  }

  /** The attr the namespace owns under this label; may be a link. */
  owned(etype: string, label: string): Attr | undefined {
    return this.#attrs.forward(etype, label);
  }

  /** If both ends of a link have the same label, the forward end is meant. */
  side(etype: string, label: string): LinkSide | undefined {
    const own = this.owned(etype, label);
    if (own) return own.reverseEtype === undefined ? undefined : { attr: own, isForward: true, etype: own.reverseEtype };
    const attr = this.#attrs.reverse(etype, label);
    return attr && { attr, isForward: false, etype: attr.etype };
  }

  /** With `isLookup`, a new attr is unique. */
  field(etype: string, label: string, isLookup = false): Attr {
    const known = this.owned(etype, label);
    if (known) return this.#markUsed(known);
    if (this.side(etype, label)) {
      const hint = { 'record-type': 'ident', etype, label };
      throw new TransactionValidationError(`'${etype}.${label}' is a link: write it with link()`, hint);
    }
    return this.#addNew(newFieldAttr(etype, label, isLookup, this.#schema, this.#id));
  }

  link(etype: string, label: string, isLookup = false): LinkSide {
    const known = this.side(etype, label);
    if (known) {
      this.#markUsed(known.attr);
      return known;
    }
    if (this.owned(etype, label)) throw new TransactionValidationError(`'${etype}.${label}' is not a link: write it with update()`);
    this.#addNew(newLinkAttr(etype, label, isLookup, this.#schema, this.#id));
    return this.link(etype, label);
  }

  #addNew(wire: WireAttr): Attr {
    const attr = readAttr(wire);
    this.#attrs.put(attr);
    return this.#markUsed(attr);
  }

  #markUsed(attr: Attr): Attr {
    if (attr.isUnsynced) this.#steps.set(attr.id, ['add-attr', attr.wire]);
    return attr;
  }
}
