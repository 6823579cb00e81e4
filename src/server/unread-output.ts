// Output that was sent but not read yet, per connection and in total. One slow client may have a large backlog, and a change for many
// clients may fill many backlogs for a moment, but slow clients together may not exhaust memory. Above the total, connections that stopped
// reading are closed; at twice the total, those with the largest backlogs.

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

/** A client that reads nothing for this long has stopped reading. */
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
   * Call before a frame is sent. `buffered` is the backlog of this connection. Calls `disconnect` for each connection whose backlog is too
   * large, which may be this one.
   */
  admit(connection: Connection, buffered: number, frameBytes: number, disconnect: () => void): void {
    this.update(connection, buffered);
    if (buffered > this.#limits.unreadBytes) return disconnect();
    const backlog = this.#backlogs.get(connection) ?? { bytes: 0, readAtMs: this.#clock.monotonicNow(), disconnect };
    this.#backlogs.set(connection, backlog);
    this.#resize(backlog, buffered + frameBytes);
    // A client without a backlog may be sent one frame of any size.
    const exempt = buffered === 0 ? connection : undefined;
    const { totalUnreadBytes } = this.#limits;
    if (this.#total > totalUnreadBytes) this.#shrink(totalUnreadBytes, exempt, this.#clock.monotonicNow() - stalledAfterMs);
    if (this.#total > 2 * totalUnreadBytes) this.#shrink(2 * totalUnreadBytes, exempt, Number.POSITIVE_INFINITY);
  }

  /** Call after data was written to the network. */
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

  /** Disconnects the largest backlogs among clients that last read before `readBeforeMs`, until the total fits. */
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
