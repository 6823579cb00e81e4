// How fast a session may speak: so much at once, and so much per second after that. What is above is refused; who goes on
// regardless is cut off.

import type { Clock } from '../lib/clock.ts';

/** Seconds' worth that may come at once. */
const burst = 5;
/** Refused messages in a row that are borne. */
const patience = 1000;

export class Flood {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #left: number;
  #at: number;
  #refused = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#left = perSecond * burst;
    this.#at = clock.now();
  }

  take(): 'fine' | 'too-fast' | 'hopeless' {
    const now = this.#clock.now();
    this.#left = Math.min(this.#perSecond * burst, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return ++this.#refused > patience ? 'hopeless' : 'too-fast';
    this.#left--;
    this.#refused = 0;
    return 'fine';
  }
}
