// One timer for whatever is due next. Asked for an earlier time it rings earlier; it never rings twice for one asking.

import type { Clock, Timer } from '../lib/clock.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #atMs: number | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** The next time it is to ring, in place of the one before. */
  set(atMs: number | undefined): void {
    if (atMs === this.#atMs) return;
    this.#clock.clearTimeout(this.#timer);
    this.#atMs = atMs;
    this.#timer = undefined;
    if (atMs === undefined) return;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#atMs = undefined;
        this.#ring();
      },
      Math.max(0, atMs - this.#clock.now()),
    );
  }
}

export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const time of times) if (first === undefined || (time !== undefined && time < first)) first = time;
  return first;
}
