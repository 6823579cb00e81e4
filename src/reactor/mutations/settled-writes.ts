// Recently settled writes, of this and other tabs. What is read from the store may be older than a settlement, and another tab may have
// read it before the settlement was stored and been opened after it was announced.

import type { TxPosition } from '../tx-position.ts';

/** Writes before this point are stored as settled. */
const mostRemembered = 1_000;

export class SettledWrites {
  /** Undefined for a write that was rejected or discarded. */
  readonly #positions = new Map<string, TxPosition | undefined>();
  #readers = 0;

  /** Until `end` is called, no entry is dropped. */
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

  /** The write will be sent again. */
  delete(eventId: string): void {
    this.#positions.delete(eventId);
  }
}
