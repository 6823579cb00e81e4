// A set of listeners. If one throws, the error is reported and the others are still called.

import { consoleLog } from '../lib/log.ts';

export class Listeners<Args extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** A function that is added twice is called twice. Returns an unsubscribe function. */
  add(listener: (...args: Args) => void): () => void {
    const own = (...args: Args): void => listener(...args);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  notify(...args: Args): void {
    // A copy: a listener may remove itself or add others.
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(...args);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}

/** Logs an error that a listener threw, so that it is neither lost nor able to stop the caller. */
export function surface(error: unknown): void {
  consoleLog.error('A listener of a room threw', error);
}
