// What was sent and not read yet, per connection and over all of them. One slow client may have a large backlog, and a change that
// goes to many may fill many backlogs for a moment; but slow clients together may not take all memory. Above the total, connections
// that have stopped reading are closed; at twice the total, those with the largest backlogs, whoever they are.

import type { Clock } from '../lib/clock.ts';

interface UnreadLimits {
  readonly unreadBytes: number;
  readonly totalUnreadBytes: number;
}

interface Backlog {
  bytes: number;
  /** When the client last read something, or had nothing to read. */
  readAtMs: number;
  readonly disconnect: () => void;
}

/** A client that reads nothing for so long has stopped reading. */
const stalledAfterMs = 3000;

export class UnreadOutput<Connection> {
  readonly #limits: UnreadLimits;
  readonly #clock: Pick<Clock, 'monotonicNow'>;
  readonly #backlogs = new Map<Connection, Backlog>();
  #total = 0;

  constructor(limits: UnreadLimits, clock: Pick<Clock, 'monotonicNow'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * Before a frame is sent. `buffered`: what still waits on this connection. Calls `disconnect` of each connection that has too
   * much to be sent more; that may be this one.
   */
  admit(connection: Connection, buffered: number, frameBytes: number, disconnect: () => void): void {
    this.update(connection, buffered);
    if (buffered > this.#limits.unreadBytes) return disconnect();
    const backlog = this.#backlogs.get(connection) ?? { bytes: 0, readAtMs: this.#clock.monotonicNow(), disconnect };
    this.#backlogs.set(connection, backlog);
    this.#resize(backlog, buffered + frameBytes);
    // A client that has read everything so far may be sent one frame, however large.
    const exempt = buffered === 0 ? connection : undefined;
    const { totalUnreadBytes } = this.#limits;
    if (this.#total > totalUnreadBytes) this.#shrink(totalUnreadBytes, exempt, this.#clock.monotonicNow() - stalledAfterMs);
    if (this.#total > 2 * totalUnreadBytes) this.#shrink(2 * totalUnreadBytes, exempt, Number.POSITIVE_INFINITY);
  }

  /** After something was written to the network. */
  update(connection: Connection, buffered: number): void {
    const backlog = this.#backlogs.get(connection);
    if (!backlog) return;
    if (buffered === 0) return this.remove(connection);
    if (buffered < backlog.bytes) backlog.readAtMs = this.#clock.monotonicNow();
    this.#resize(backlog, buffered);
  }

  remove(connection: Connection): void {
    this.#total -= this.#backlogs.get(connection)?.bytes ?? 0;
    this.#backlogs.delete(connection);
  }

  #resize(backlog: Backlog, bytes: number): void {
    this.#total += bytes - backlog.bytes;
    backlog.bytes = bytes;
  }

  /** Disconnects the largest of those that last read before `readBeforeMs`, until the total fits. */
  #shrink(maxTotal: number, exempt: Connection | undefined, readBeforeMs: number): void {
    const candidates = [...this.#backlogs].filter(([connection, { readAtMs }]) => connection !== exempt && readAtMs < readBeforeMs);
    candidates.sort(([, a], [, b]) => b.bytes - a.bytes);
    for (const [connection, { disconnect }] of candidates) {
      if (this.#total <= maxTotal) return;
      this.remove(connection);
      disconnect();
    }
  }
}
