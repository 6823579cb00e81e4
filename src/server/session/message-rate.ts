// How fast a session may speak: so much at once, and so much per second after that. What is above is refused; who goes on
// regardless is cut off.

import type { Clock } from '../../lib/clock.ts';

/** Seconds' worth that may come at once. */
const burst = 5;
/** Refused messages in a row that are borne. */
const maxRejected = 1000;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #tokens: number;
  #at: number;
  #rejected = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = perSecond * burst;
    this.#at = clock.now();
  }

  check(): 'fine' | 'too-fast' | 'hopeless' {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#perSecond * burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < 1) return ++this.#rejected > maxRejected ? 'hopeless' : 'too-fast';
    this.#tokens--;
    this.#rejected = 0;
    return 'fine';
  }
}
