// Memory that clients occupy on the server besides its data, in bytes, counted per session, app and server. A reservation counts at all
// three levels; one that does not fit is rejected without counting anywhere.

import { overLimit } from './errors.ts';
import type { Limits } from './limits.ts';

type Level = Extract<keyof Limits, 'sessionBytes' | 'appBytes' | 'totalBytes'>;

export class MemoryBudget {
  readonly #level: Level;
  readonly #maxBytes: number;
  readonly #parent: MemoryBudget | undefined;
  #used = 0;
  /** Of it, what `close` does not release. */
  #held = 0;
  #isClosed = false;

  constructor(level: Level, limits: Limits, parent?: MemoryBudget) {
    this.#level = level;
    this.#maxBytes = limits[level];
    this.#parent = parent;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * `what` names the purpose in the error.
   *
   * @throws InstantAPIError 'validation-failed'
   */
  reserve(bytes: number, what: string): void {
    if (bytes > 0 && this.#used + bytes > this.#maxBytes)
      throw overLimit(this.#level, this.#maxBytes, `bytes of ${what} and all else held`);
    if (this.#isClosed) return;
    this.#parent?.reserve(bytes, what);
    this.#used += bytes;
  }

  /**
   * Reserves memory for what outlasts the owner, such as a write that is being stored. Returns the function that releases it.
   *
   * @throws InstantAPIError 'validation-failed'
   */
  hold(bytes: number, what: string): () => void {
    this.reserve(bytes, what);
    if (this.#isClosed) return () => {};
    this.#held += bytes;
    return () => {
      this.#held -= bytes;
      this.#subtract(bytes);
    };
  }

  /** Releases everything the owner holds but what outlasts it; later calls have no effect. */
  close(): void {
    this.release(this.#used - this.#held);
    this.#isClosed = true;
  }

  release(bytes: number): void {
    if (!this.#isClosed) this.#subtract(bytes);
  }

  #subtract(bytes: number): void {
    this.#used -= bytes;
    this.#parent?.release(bytes);
  }
}
