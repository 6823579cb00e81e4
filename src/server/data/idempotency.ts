// Results of writes by event id, so that a repeated write gets its first result (accepted or rejected) and is not executed again. Kept for
// a limited time; a client that returns later has its write executed again.

import type { AnsweredEvent, Event } from '../storage/storage.ts';

/** Memory for a result without its error and the text of its key, in bytes. */
const bytesPerKey = 150;

interface Remembered {
  readonly event: AnsweredEvent;
  /** Expires by the monotonic clock: changing the wall clock drops nothing. */
  readonly sinceMs: number;
  readonly bytes: number;
}

export class IdempotencyKeys {
  readonly #windowMs: number;
  readonly #maxBytes: number;
  readonly #monotonicNow: () => number;
  /** In log order. */
  #byKey = new Map<string, Remembered>();
  #bytes = 0;

  constructor(windowMs: number, maxBytes: number, monotonicNow: () => number) {
    this.#windowMs = windowMs;
    this.#maxBytes = maxBytes;
    this.#monotonicNow = monotonicNow;
  }

  find(event: Event): AnsweredEvent | undefined {
    return this.#byKey.get(keyOf(event))?.event;
  }

  add(event: AnsweredEvent): void {
    this.#put(event, this.#monotonicNow());
    for (const [key, { bytes }] of this.#byKey) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#byKey.delete(key);
      this.#bytes -= bytes;
    }
  }

  remove(event: Event): void {
    this.#delete(keyOf(event));
  }

  /** `now`: wall clock, like the times of the events. */
  replace(events: readonly AnsweredEvent[], now: number): void {
    this.#byKey = new Map();
    this.#bytes = 0;
    const monotonicNow = this.#monotonicNow();
    for (const event of events) this.#put(event, monotonicNow - Math.max(0, now - event.at));
    this.forget();
  }

  /** Drops expired results. */
  forget(): void {
    const oldest = this.#monotonicNow() - this.#windowMs;
    for (const [key, { sinceMs }] of this.#byKey) {
      if (sinceMs >= oldest) return;
      this.#delete(key);
    }
  }

  list(): readonly AnsweredEvent[] {
    return [...this.#byKey.values()].map(({ event }) => event);
  }

  #put(event: AnsweredEvent, sinceMs: number): void {
    const key = keyOf(event);
    this.#delete(key);
    const bytes = bytesPerKey + key.length + (event.rejected ? JSON.stringify(event.rejected).length : 0);
    this.#byKey.set(key, { event, sinceMs, bytes });
    this.#bytes += bytes;
  }

  #delete(key: string): void {
    this.#bytes -= this.#byKey.get(key)?.bytes ?? 0;
    this.#byKey.delete(key);
  }
}

const keyOf = ({ id, by }: Event): string => JSON.stringify([by, id]);
