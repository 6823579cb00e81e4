// What clients make the server hold besides its data, in bytes: of one session, of an app, of the server. A reservation counts
// on all levels above; one that does not fit is refused, and nothing is counted.

import { overLimit } from './errors.ts';
import type { Limits } from './limits.ts';

type Level = Extract<keyof Limits, 'sessionBytes' | 'appBytes' | 'totalBytes'>;

export class MemoryBudget {
  readonly #level: Level;
  readonly #maxBytes: number;
  readonly #parent: MemoryBudget | undefined;
  #used = 0;
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
   * `what` names what needs the memory.
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

  /** Its owner is gone with all that it held; later calls count for nothing. */
  close(): void {
    this.release(this.#used);
    this.#isClosed = true;
  }

  release(bytes: number): void {
    if (this.#isClosed) return;
    this.#used -= bytes;
    this.#parent?.release(bytes);
  }
}
