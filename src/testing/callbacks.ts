// Functions of a test that the server calls. One that throws is a test that fails, not a server whose storage does: the error is kept until the
// test can be told.

export class Callbacks {
  readonly #callbacks = new Set<() => void>();
  #failure: { readonly cause: unknown } | undefined;

  /** Returns a function that removes it. */
  add(callback: () => void): () => void {
    // A distinct entry, because the same function may be added twice.
    const entry = (): void => callback();
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  run(): void {
    for (const callback of this.#callbacks) {
      try {
        callback();
      } catch (cause) {
        this.#failure ??= { cause };
      }
    }
  }

  /** Throws, once, what the first of them threw. */
  throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.cause;
  }
}
