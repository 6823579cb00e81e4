// Those who want to hear of every append to a log, as long as all who append are in this process.

import type { Heard, LogEntry } from './storage.ts';

export class Followers {
  readonly #all = new Set<Heard>();

  /** @returns what ends it */
  add(heard: Heard): () => void {
    // The same function may follow twice.
    const own: Heard = (txId, entries) => heard(txId, entries);
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  tell(txId: number, entries?: readonly LogEntry[]): void {
    for (const heard of [...this.#all]) heard(txId, entries);
  }
}
