// Recently settled writes, of this and other tabs. What is read from the store may be older than a settlement, and another tab may have
// read it before the settlement was stored and been opened after it was announced.

import type { Mutation } from './mutation.ts';
import type { TxPosition } from '../tx-position.ts';

/** Writes before this point are stored as settled. */
const mostRemembered = 200;

/** Undefined for a write that was discarded, or retried under another id. */
export type Outcome = TxPosition | 'rejected' | undefined;

export class SettledWrites {
  readonly #outcomes = new Map<string, Outcome>();
  #readers = 0;

  /** Until `end` is called, no entry is dropped. */
  remember(): { readonly end: () => void } {
    this.#readers += 1;
    return { end: () => void (this.#readers -= 1) };
  }

  add(eventId: string, outcome?: Outcome): void {
    this.#outcomes.set(eventId, outcome ?? this.positionOf(eventId));
    if (this.#readers > 0) return;
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= mostRemembered) return;
      this.#outcomes.delete(oldest);
    }
  }

  has(eventId: string): boolean {
    return this.#outcomes.has(eventId);
  }

  /**
   * A stored write as it is after its settlement. The tab that was to store the settlement may have been closed before it did: a confirmed
   * write is loaded as confirmed, and a rejected one that is not stored as such is sent once more, for the server to repeat its answer.
   * Undefined for a write that the app discarded.
   */
  apply(write: Mutation): Mutation | undefined {
    const position = this.positionOf(write.eventId);
    if (position && write.txId === undefined) return { ...write, state: 'acknowledged', txId: position.txId, isn: position.isn };
    return !this.has(write.eventId) || position || this.isRejected(write.eventId) ? write : undefined;
  }

  /** Whether the app still has to retry or discard it. */
  isRejected(eventId: string): boolean {
    return this.#outcomes.get(eventId) === 'rejected';
  }

  positionOf(eventId: string): TxPosition | undefined {
    const outcome = this.#outcomes.get(eventId);
    return outcome === 'rejected' ? undefined : outcome;
  }

  /** The write will be sent again. */
  delete(eventId: string): void {
    this.#outcomes.delete(eventId);
  }
}
