// The attrs one transaction speaks of: those the client knows, and those born because the transaction names them. Remembers which
// have to travel with it as `add-attr`: the born, and the known ones of which the server's copy has not arrived.

import type { Attrs } from '../db/attrs.ts';
import { TransactionValidationError } from '../errors.ts';
import { type Attr, readAttr, type WireAttr } from '../protocol/attr.ts';
import type { AddAttr } from '../protocol/step.ts';
import type { AnySchema } from '../schema.ts';
import { bornField, bornLink, type ForLookup } from './birth.ts';

/** A link seen from one of its ends. */
export interface LinkSide {
  readonly attr: Attr;
  /** Whether this end holds it. */
  readonly isForward: boolean;
  /** The namespace at the other end. */
  readonly etype: string;
}

export class NewAttrs {
  readonly steps: AddAttr[] = [];
  readonly #known: Attrs;
  readonly #schema: AnySchema | undefined;
  readonly #id: () => string;
  readonly #sent = new Set<string>();
  readonly #forward = new Map<string, Attr>();
  readonly #reverse = new Map<string, Attr>();

  constructor(known: Attrs, schema: AnySchema | undefined, id: () => string) {
    this.#known = known;
    this.#schema = schema;
    this.#id = id;
  }

  /** The attr a namespace owns by this label, a link among them. */
  owned(etype: string, label: string): Attr | undefined {
    return this.#known.forward(etype, label) ?? this.#forward.get(nameKey(etype, label));
  }

  /** A label that both ends of a link carry means the forward one. */
  side(etype: string, label: string): LinkSide | undefined {
    const own = this.owned(etype, label);
    if (own) return own.reverseEtype === undefined ? undefined : { attr: own, isForward: true, etype: own.reverseEtype };
    const attr = this.#known.reverse(etype, label) ?? this.#reverse.get(nameKey(etype, label));
    return attr && { attr, isForward: false, etype: attr.etype };
  }

  field(etype: string, label: string, purpose?: ForLookup): Attr {
    const known = this.owned(etype, label);
    if (known) return this.#take(known);
    if (this.side(etype, label)) throw new TransactionValidationError(`'${etype}.${label}' is a link: write it with link()`);
    return this.#bear(bornField(etype, label, purpose, this.#schema, this.#id));
  }

  link(etype: string, label: string, purpose?: ForLookup): LinkSide {
    const known = this.side(etype, label);
    if (known) {
      this.#take(known.attr);
      return known;
    }
    if (this.owned(etype, label)) throw new TransactionValidationError(`'${etype}.${label}' is no link: write it with update()`);
    this.#bear(bornLink(etype, label, purpose, this.#schema, this.#id));
    return this.link(etype, label);
  }

  #bear(wire: WireAttr): Attr {
    const attr = readAttr(wire);
    this.#forward.set(nameKey(attr.etype, attr.label), attr);
    if (attr.reverseEtype !== undefined && attr.reverseLabel !== undefined) {
      this.#reverse.set(nameKey(attr.reverseEtype, attr.reverseLabel), attr);
    }
    return this.#take(attr);
  }

  #take(attr: Attr): Attr {
    if (attr.isUnsynced && !this.#sent.has(attr.id)) {
      this.#sent.add(attr.id);
      this.steps.push(['add-attr', attr.wire]);
    }
    return attr;
  }
}

function nameKey(etype: string, label: string): string {
  return JSON.stringify([etype, label]);
}
