// Subscribers to appends of a log within one process.

import type { LogListener, LogEntry } from './storage.ts';

export class LogSubscribers {
  readonly #all = new Set<LogListener>();

  /** @returns an unsubscribe function */
  add(listener: LogListener): () => void {
    // The same function may be subscribed twice.
    const own: LogListener = (txId, entries, lastId) => listener(txId, entries, lastId);
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  notify(txId: number, entries?: readonly LogEntry[], lastId?: string): void {
    for (const listener of [...this.#all]) listener(txId, entries, lastId);
  }
}
