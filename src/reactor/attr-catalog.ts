// The attributes as this client knows them: what the server told, what confirmed writes have made since, and what waiting
// writes will make. Which writes those are is handed in.

import type { Step } from '../protocol/transact-messages.ts';
import type { WireAttr } from '../protocol/attr.ts';
import { Attrs } from '../db/attrs.ts';
import { equal } from '../lib/equal.ts';

export class AttrCatalog {
  #serverAttrs: Attrs = Attrs.empty;
  #confirmed: Attrs = Attrs.empty;
  #hasServerAttrs = false;
  #withPending: { readonly confirmed: Attrs; readonly pending: readonly WireAttr[]; readonly attrs: Attrs } | undefined;

  /** What the server told, and confirmed writes made. */
  get known(): Attrs {
    return this.#confirmed;
  }

  get hasServerAttrs(): boolean {
    return this.#hasServerAttrs;
  }

  /** The list as the server told it to an earlier start: good enough until it speaks. */
  hydrate(attrs: readonly WireAttr[]): void {
    this.#serverAttrs = this.#serverAttrs.replaced(attrs);
    this.#confirmed = this.#serverAttrs;
  }

  /** The server's whole list. Whether it is another one than was known. */
  replace(attrs: readonly WireAttr[]): boolean {
    const isNew = !equal(
      this.#serverAttrs.list.map(({ wire }) => wire),
      attrs,
    );
    this.#serverAttrs = this.#serverAttrs.replaced(attrs);
    this.#confirmed = this.#serverAttrs;
    this.#hasServerAttrs = true;
    return isNew;
  }

  /** A confirmed write made these. They are marked as not yet told, so that later writes make them again: that is harmless. */
  confirm(steps: readonly Step[]): boolean {
    const confirmed = newAttrs(steps).filter(({ id }) => !this.#confirmed.byId(id));
    if (confirmed.length === 0) return false;
    this.#confirmed = this.#confirmed.with(confirmed);
    return true;
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

// Where the attrs are kept, of which all kept answers speak.

export const attrsKey = 'attrs';
