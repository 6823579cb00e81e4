// Which writes were done, by the name their sender gave them, so that a repetition is answered and not done again.
// Kept for a while; a client that comes back later than that finds its write done twice.

import type { AppliedEvent, Event } from '../storage/storage.ts';

export class IdempotencyKeys {
  readonly #windowMs: number;
  /** In order of their time. */
  #byKey = new Map<string, AppliedEvent>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The transaction it was done in. */
  find(event: Event): number | undefined {
    return this.#byKey.get(keyOf(event))?.txId;
  }

  add(event: AppliedEvent): void {
    this.#byKey.set(keyOf(event), event);
  }

  remove(event: Event): void {
    this.#byKey.delete(keyOf(event));
  }

  replace(events: readonly AppliedEvent[], now: number): void {
    this.#byKey = new Map(events.map((event) => [keyOf(event), event]));
    this.forget(now);
  }

  /** Lets go of what is older than it has to be. */
  forget(now: number): void {
    for (const [key, { at }] of this.#byKey) {
      if (at >= now - this.#windowMs) return;
      this.#byKey.delete(key);
    }
  }

  list(): readonly AppliedEvent[] {
    return [...this.#byKey.values()];
  }
}

const keyOf = ({ id, by }: Event): string => JSON.stringify([by, id]);
