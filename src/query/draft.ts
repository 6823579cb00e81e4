// A list of shown objects on its way to the next one: copied once, however many of its places change, and given up again if in the end
// nothing is different.

/** Stands where an object is yet to be made. */
export const blank: object = Object.freeze({});

export class Draft {
  readonly #was: readonly object[];
  readonly #limit: number;
  #is: object[] | undefined;
  /** The first place that changed, and whether objects were taken out or put in. */
  #from = Number.POSITIVE_INFINITY;
  #hasMoved = false;

  constructor(was: readonly object[], limit: number) {
    this.#was = was;
    this.#limit = limit;
  }

  replace(at: number, object: object): void {
    if (at < this.#limit) this.#changed(at)[at] = object;
  }

  /** `follower`: the one that moves up behind the last, if there is one. */
  takeOut(at: number, follower: object | undefined): void {
    if (at >= this.#limit) return;
    const objects = this.#moved(at);
    objects.splice(at, 1);
    if (follower) objects.push(follower);
  }

  putIn(at: number, object: object): void {
    if (at >= this.#limit) return;
    const objects = this.#moved(at);
    objects.splice(at, 0, object);
    if (objects.length > this.#limit) objects.pop();
  }

  /** Undefined if it is as it was: rows may have moved away and back. */
  end(): readonly object[] | undefined {
    const is = this.#is;
    if (!is || is.length !== this.#was.length || !this.#hasMoved) return is;
    for (let at = this.#from; at < is.length; at++) if (is[at] !== this.#was[at]) return is;
    return undefined;
  }

  #moved(at: number): object[] {
    this.#hasMoved = true;
    return this.#changed(at);
  }

  #changed(at: number): object[] {
    this.#from = Math.min(this.#from, at);
    return (this.#is ??= this.#was.slice());
  }
}
