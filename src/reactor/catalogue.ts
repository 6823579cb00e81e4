// The attributes as this client knows them: what the server told, what confirmed writes have made since, and what waiting
// writes will make. Which writes those are is handed in.

import { Attrs } from '../db/attrs.ts';
import { equal } from '../lib/equal.ts';
import type { WireAttr } from '../protocol/attr.ts';
import type { Step } from '../protocol/step.ts';

export class Catalogue {
  #told: Attrs = Attrs.empty;
  #made: Attrs = Attrs.empty;
  #hasBeenTold = false;

  /** What the server told, and confirmed writes made. */
  get known(): Attrs {
    return this.#made;
  }

  get hasBeenTold(): boolean {
    return this.#hasBeenTold;
  }

  /** The list as the server told it to an earlier start: good enough until it speaks. */
  recall(attrs: readonly WireAttr[]): void {
    this.#told = this.#told.replaced(attrs);
    this.#made = this.#told;
  }

  /** The server's whole list. Whether it is another one than was known. */
  tell(attrs: readonly WireAttr[]): boolean {
    const isNew = !equal(
      this.#told.list.map(({ wire }) => wire),
      attrs,
    );
    this.#told = this.#told.replaced(attrs);
    this.#made = this.#told;
    this.#hasBeenTold = true;
    return isNew;
  }

  /** A confirmed write made these. They are marked as not yet told, so that later writes make them again: that is harmless. */
  confirm(steps: readonly Step[]): boolean {
    const made = newAttrs(steps).filter(({ id }) => !this.#made.byId(id));
    if (made.length === 0) return false;
    this.#made = this.#made.with(made);
    return true;
  }

  /** With the attrs of waiting writes: what the next write may build on. */
  withPending(writes: Iterable<{ readonly steps: readonly Step[] }>): Attrs {
    const born: WireAttr[] = [];
    for (const { steps } of writes) for (const attr of newAttrs(steps)) if (!this.#made.byId(attr.id)) born.push(attr);
    return this.#made.with(born);
  }
}

function newAttrs(steps: readonly Step[]): WireAttr[] {
  const attrs: WireAttr[] = [];
  for (const step of steps) if (step[0] === 'add-attr') attrs.push(step[1]);
  return attrs;
}
