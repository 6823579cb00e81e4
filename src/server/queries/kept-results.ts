// What live queries keep so that a change costs little: their last results, and counts of what these are made of. All of a server together
// may keep so much. Beyond that, the results that take most for each session that has them are forgotten, and made again when they are
// needed.

export interface KeptResult {
  readonly subscribers: { readonly size: number };
  /** What is kept is used no more. */
  forget(): void;
}

export class KeptResults {
  readonly #maxBytes: number;
  readonly #bytes = new Map<KeptResult, number>();
  #total = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get total(): number {
    return this.#total;
  }

  /** `bytes`: all that this one keeps now. May call `forget`, also of this one. */
  resize(kept: KeptResult, bytes: number): void {
    this.#total += bytes - (this.#bytes.get(kept) ?? 0);
    if (bytes > 0) this.#bytes.set(kept, bytes);
    else this.#bytes.delete(kept);
    if (this.#total > this.#maxBytes) this.#shrink();
  }

  /** A little further than it must, so that it need not look at all of them again with the next one. */
  #shrink(): void {
    const perSession = ([{ subscribers }, bytes]: readonly [KeptResult, number]): number => bytes / Math.max(1, subscribers.size);
    const all = [...this.#bytes].sort((one, other) => perSession(other) - perSession(one));
    for (const [kept, bytes] of all) {
      if (this.#total <= this.#maxBytes * 0.9) return;
      this.#bytes.delete(kept);
      this.#total -= bytes;
      kept.forget();
    }
  }
}
