// Subscribers to appends of logs within one process.

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

/** Those of all logs of a storage. Nothing is held of an app that has none. */
export class SubscribersByApp {
  readonly #byApp = new Map<string, LogSubscribers>();

  apps(): Iterable<string> {
    return this.#byApp.keys();
  }

  /** @returns an unsubscribe function */
  add(app: string, listener: LogListener): () => void {
    const subscribers = this.#byApp.get(app) ?? new LogSubscribers();
    this.#byApp.set(app, subscribers);
    const stop = subscribers.add(listener);
    return () => {
      stop();
      if (subscribers.isEmpty && this.#byApp.get(app) === subscribers) this.#byApp.delete(app);
    };
  }

  notify(app: string, txId: number, entries?: readonly LogEntry[], lastId?: string): void {
    this.#byApp.get(app)?.notify(txId, entries, lastId);
  }
}
