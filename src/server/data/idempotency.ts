// The results of writes by the event id their sender gave them, so that a write that is sent again gets its first result, yes or
// no, and is not executed again. Kept for a while; a client that comes back later than that has its write executed twice.

import type { AnsweredEvent, Event } from '../storage/storage.ts';

/** Of a result without its error, beyond the text of its key. */
const bytesPerKey = 150;

interface Remembered {
  readonly event: AnsweredEvent;
  /** By the monotonic clock: setting the wall clock ahead forgets nothing. */
  readonly sinceMs: number;
  readonly bytes: number;
}

export class IdempotencyKeys {
  readonly #windowMs: number;
  readonly #maxBytes: number;
  readonly #monotonicNow: () => number;
  /** In the order of the log. */
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

  /** `now`: by the wall clock, as the times of the events are. */
  replace(events: readonly AnsweredEvent[], now: number): void {
    this.#byKey = new Map();
    this.#bytes = 0;
    const monotonicNow = this.#monotonicNow();
    for (const event of events) this.#put(event, monotonicNow - Math.max(0, now - event.at));
    this.forget();
  }

  /** Drops what is older than it has to be. */
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
