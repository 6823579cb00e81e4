// The attrs that this client knows: those from the server, those that acknowledged writes have created since, and those that pending writes
// will create. Callers pass the pending writes.

import type { Step } from '../protocol/transact-messages.ts';
import type { WireAttr } from '../protocol/attr.ts';
import { Attrs } from '../db/attrs.ts';

export class AttrCatalog {
  #serverAttrs: Attrs = Attrs.empty;
  #confirmed: Attrs = Attrs.empty;
  #hasServerAttrs = false;
  #withPending: { readonly confirmed: Attrs; readonly pending: readonly WireAttr[]; readonly attrs: Attrs } | undefined;

  /** Attrs from the server and from acknowledged writes. */
  get known(): Attrs {
    return this.#confirmed;
  }

  get hasServerAttrs(): boolean {
    return this.#hasServerAttrs;
  }

  /** The list stored by an earlier process, used until the server sends one. */
  hydrate(attrs: readonly WireAttr[]): void {
    this.#serverAttrs = this.#serverAttrs.replaced(attrs);
    this.#confirmed = this.#serverAttrs;
  }

  /** Applies the server's complete list. Returns whether it differs from the known one. */
  replace(attrs: readonly WireAttr[]): boolean {
    const before = this.#serverAttrs;
    this.hydrate(attrs);
    this.#hasServerAttrs = true;
    return this.#serverAttrs !== before;
  }

  /** Adds attrs that an acknowledged write created. They stay marked as unsynced, so later writes create them again, which is harmless. */
  confirm(steps: readonly Step[]): boolean {
    const confirmed = newAttrs(steps).filter((attr) => !this.#isTaken(attr));
    if (confirmed.length === 0) return false;
    this.#confirmed = this.#confirmed.with(confirmed);
    return true;
  }

  /** Another tab, which sends the writes, may know the attr by another id: its name stays with the first. */
  #isTaken({ id, 'forward-identity': [, etype, label] }: WireAttr): boolean {
    return this.#confirmed.byId(id) !== undefined || this.#confirmed.forward(etype, label) !== undefined;
  }

  /** With the attrs of waiting writes: what the next write may build on. */
  withPending(pending: readonly WireAttr[]): Attrs {
    const last = this.#withPending;
    if (last?.confirmed === this.#confirmed && last.pending === pending) return last.attrs;
    const attrs = this.#confirmed.with(pending.filter(({ id }) => !this.#confirmed.byId(id)));
    this.#withPending = { confirmed: this.#confirmed, pending, attrs };
    return attrs;
  }
}

export function newAttrs(steps: readonly Step[]): WireAttr[] {
  const attrs: WireAttr[] = [];
  for (const step of steps) if (step[0] === 'add-attr') attrs.push(step[1]);
  return attrs;
}

// The key of the stored attrs, which all stored results refer to.

export const attrsKey = 'attrs';
