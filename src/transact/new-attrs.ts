// The attrs one transaction speaks of: those the client knows, and those born because the transaction names them. Remembers which
// have to travel with it as `add-attr`: the born, and the known ones of which the server's copy has not arrived.

import { Attrs } from '../db/attrs.ts';
import { TransactionValidationError } from '../errors.ts';
import type { Attr, WireAttr } from '../protocol/attr.ts';
import type { AddAttr } from '../protocol/transact-messages.ts';
import type { AnySchema } from '../schema/schema.ts';
import { newFieldAttr, newLinkAttr } from './attr-defaults.ts';

/** A link seen from one of its ends. */
export interface LinkSide {
  readonly attr: Attr;
  /** Whether this end holds it. */
  readonly isForward: boolean;
  /** The namespace at the other end. */
  readonly etype: string;
}

export class NewAttrs {
  #attrs: Attrs;
  readonly #schema: AnySchema | undefined;
  readonly #id: () => string;
  readonly #steps = new Map<string, AddAttr>();

  constructor(known: Attrs, schema: AnySchema | undefined, id: () => string) {
    this.#attrs = known;
    this.#schema = schema;
    this.#id = id;
  }

  get steps(): Iterable<AddAttr> {
    return this.#steps.values();
  }

  /** The attr a namespace owns by this label, a link among them. */
  owned(etype: string, label: string): Attr | undefined {
    return this.#attrs.forward(etype, label);
  }

  /** A label that both ends of a link carry means the forward one. */
  side(etype: string, label: string): LinkSide | undefined {
    const own = this.owned(etype, label);
    if (own) return own.reverseEtype === undefined ? undefined : { attr: own, isForward: true, etype: own.reverseEtype };
    const attr = this.#attrs.reverse(etype, label);
    return attr && { attr, isForward: false, etype: attr.etype };
  }

  /** `isLookup`: one that is born for a lookup to go by is born unique. */
  field(etype: string, label: string, isLookup = false): Attr {
    const known = this.owned(etype, label);
    if (known) return this.#markUsed(known);
    if (this.side(etype, label)) throw new TransactionValidationError(`'${etype}.${label}' is a link: write it with link()`);
    this.#addNew(newFieldAttr(etype, label, isLookup, this.#schema, this.#id));
    return this.field(etype, label);
  }

  link(etype: string, label: string, isLookup = false): LinkSide {
    const known = this.side(etype, label);
    if (known) {
      this.#markUsed(known.attr);
      return known;
    }
    if (this.owned(etype, label)) throw new TransactionValidationError(`'${etype}.${label}' is no link: write it with update()`);
    this.#addNew(newLinkAttr(etype, label, isLookup, this.#schema, this.#id));
    return this.link(etype, label);
  }

  /** In a catalogue of this transaction's own: it may never come to be. */
  #addNew(attr: WireAttr): void {
    this.#attrs = Attrs.from([...this.#attrs.list.map(({ wire }) => wire), attr]);
  }

  #markUsed(attr: Attr): Attr {
    if (attr.isUnsynced) this.#steps.set(attr.id, ['add-attr', attr.wire]);
    return attr;
  }
}
