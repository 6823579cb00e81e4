// A set of listeners that cannot harm each other: one that throws is reported, and the rest are still called.

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

  /** The same function added twice is called twice. Gives what removes it. */
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

/** Where an error goes that a listener threw: to the console, so that it is neither swallowed nor able to stop what called the listener. */
export function surface(error: unknown): void {
  consoleLog.error('A listener of a room threw', error);
}
