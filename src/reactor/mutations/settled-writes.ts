// The writes that were settled lately, here or in another tab. What is read from the store may be from before that, and another tab may have read
// it before that and been opened after it was told.

import type { TxPosition } from '../tx-position.ts';

/** Those before them are in the store as settled. */
const mostRemembered = 1_000;

export class SettledWrites {
  /** Undefined for one that was rejected, or discarded. */
  readonly #positions = new Map<string, TxPosition | undefined>();
  #readers = 0;

  /** Until `end` is called, none is forgotten. */
  remember(): { readonly end: () => void } {
    this.#readers += 1;
    return { end: () => void (this.#readers -= 1) };
  }

  add(eventId: string, position: TxPosition | undefined): void {
    this.#positions.set(eventId, position ?? this.#positions.get(eventId));
    if (this.#readers > 0) return;
    for (const oldest of this.#positions.keys()) {
      if (this.#positions.size <= mostRemembered) return;
      this.#positions.delete(oldest);
    }
  }

  has(eventId: string): boolean {
    return this.#positions.has(eventId);
  }

  positionOf(eventId: string): TxPosition | undefined {
    return this.#positions.get(eventId);
  }

  /** It is to be sent again. */
  delete(eventId: string): void {
    this.#positions.delete(eventId);
  }
}
