// One timer for the earliest of all deadlines, and the set of live queries that have a deadline.

import type { Clock, Timer } from '../lib/clock.ts';
import type { LiveQuery } from './queries/live-query.ts';

export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #onFire: () => void;
  #timer: Timer | undefined;
  #atMs: number | undefined;

  constructor(clock: Clock, onFire: () => void) {
    this.#clock = clock;
    this.#onFire = onFire;
  }

  /** Sets the time of the next call, replacing the earlier one. */
  set(atMs: number | undefined): void {
    if (atMs === this.#atMs) return;
    this.#clock.clearTimeout(this.#timer);
    this.#atMs = atMs;
    this.#timer = undefined;
    if (atMs === undefined) return;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#atMs = undefined;
        this.#onFire();
      },
      Math.max(0, atMs - this.#clock.monotonicNow()),
    );
  }
}

export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const time of times) if (first === undefined || (time !== undefined && time < first)) first = time;
  return first;
}

export class Deadlines {
  readonly #lives = new Set<LiveQuery>();

  /** Call after setting a deadline of the query. */
  add(live: LiveQuery): void {
    this.#lives.add(live);
  }

  delete(live: LiveQuery): void {
    this.#lives.delete(live);
  }

  all(): LiveQuery[] {
    return [...this.#lives];
  }

  next(): number | undefined {
    let next: number | undefined;
    for (const live of this.#lives) {
      const deadline = earliest(live.refetchAtMs, live.recheckAtMs);
      if (deadline === undefined) this.#lives.delete(live);
      next = earliest(next, deadline);
    }
    return next;
  }
}

export function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}
