// Results of writes by event id, so that a repeated write gets its first result (accepted or rejected) and is not executed again. Kept for
// a limited time; a client that returns later has its write executed again.

import type { AnsweredEvent, Event } from '../storage/storage.ts';
import { PackedEvents, PackedKey } from './packed-events.ts';

/** The memory of this many is released together. */
const perBlock = 16_384;

export class IdempotencyKeys {
  readonly #windowMs: number;
  readonly #maxBytes: number;
  readonly #monotonicNow: () => number;
  /** In log order. */
  #blocks = [new PackedEvents()];
  #lastKey: PackedKey | undefined;

  constructor(windowMs: number, maxBytes: number, monotonicNow: () => number) {
    this.#windowMs = windowMs;
    this.#maxBytes = maxBytes;
    this.#monotonicNow = monotonicNow;
  }

  find(event: Event): AnsweredEvent | undefined {
    const key = this.#keyOf(event);
    for (let at = this.#blocks.length - 1; at >= 0; at -= 1) {
      const found = this.#blocks[at]?.find(key);
      if (found) return found;
    }
    return undefined;
  }

  add(event: AnsweredEvent): void {
    this.#put(event, this.#monotonicNow());
    while (this.#bytes > this.#maxBytes) this.#removeOldest();
  }

  remove(event: Event): void {
    this.#removeKey(this.#keyOf(event));
  }

  /** `now`: wall clock, like the times of the events. */
  replace(events: readonly AnsweredEvent[], now: number): void {
    this.#blocks = [new PackedEvents()];
    const monotonicNow = this.#monotonicNow();
    // Expires by the monotonic clock: changing the wall clock drops nothing.
    for (const event of events) this.#put(event, monotonicNow - Math.max(0, now - event.at));
    this.forget();
  }

  /** Drops expired results. */
  forget(): void {
    const oldest = this.#monotonicNow() - this.#windowMs;
    while ((this.#oldestMs ?? oldest) < oldest) this.#removeOldest();
  }

  list(): readonly AnsweredEvent[] {
    return this.#blocks.flatMap((block) => block.list());
  }

  /** A write is looked for, and then added. */
  #keyOf(event: Event): PackedKey {
    if (this.#lastKey?.id !== event.id || this.#lastKey.by !== event.by) this.#lastKey = new PackedKey(event);
    return this.#lastKey;
  }

  get #bytes(): number {
    return this.#blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get #oldestMs(): number | undefined {
    return this.#blocks[0]?.oldestMs;
  }

  #removeOldest(): void {
    this.#blocks[0]?.removeOldest();
    this.#trim();
  }

  #removeKey(key: PackedKey): void {
    for (const block of this.#blocks) block.remove(key);
    this.#trim();
  }

  #trim(): void {
    while (this.#blocks.length > 1 && this.#oldestMs === undefined) this.#blocks.shift();
  }

  #put(event: AnsweredEvent, sinceMs: number): void {
    const key = this.#keyOf(event);
    this.#removeKey(key);
    let newest = this.#blocks[this.#blocks.length - 1];
    if (!newest || newest.length >= perBlock) this.#blocks.push((newest = new PackedEvents()));
    newest.add(key, event, sinceMs);
  }
}
