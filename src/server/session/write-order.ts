// Clients send writes without waiting for each other. One that is turned away for a moment will come again; those that were sent behind it must
// come after it then, or a change of a row would be refused for good because the row is not there yet.

import { InstantAPIError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';

/** By then, what was sent before the client heard of it has arrived; and the client may have given the write up. */
const longestMs = 10_000;
const temporary: ReadonlySet<string | null> = new Set(['rate-limited', 'app-disabled', 'app-read-only']);

export class WriteOrder {
  /** Whether the client sends such writes again. */
  isKept = false;
  readonly #clock: Clock;
  /** Of the earliest write that was turned away and has not come again. */
  #order: number | undefined;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an earlier write of the session has yet to come again. */
  mustWait(message: ClientMessage): boolean {
    const order = orderOf(message);
    if (this.#order === undefined || order === undefined) return false;
    if (order > this.#order && this.#clock.monotonicNow() - this.#sinceMs < longestMs) return true;
    this.#order = undefined;
    return false;
  }

  onReject(message: ClientMessage | Readonly<Record<string, unknown>>, error: unknown): void {
    const order = orderOf(message);
    if (!this.isKept || order === undefined || !isTemporary(error) || (this.#order !== undefined && order > this.#order)) return;
    this.#order = order;
    this.#sinceMs = this.#clock.monotonicNow();
  }
}

function orderOf({ op, order }: { readonly op?: unknown; readonly order?: unknown }): number | undefined {
  return op === 'transact' && typeof order === 'number' ? order : undefined;
}

function isTemporary(error: unknown): boolean {
  return !(error instanceof InstantAPIError) || error.status >= 500 || temporary.has(error.body.type ?? null);
}
