// Limits the rate of messages per session. Messages above the rate are rejected; a session that keeps sending is disconnected.

import type { Clock } from '../../lib/clock.ts';
import { TokenBucket } from '../token-bucket.ts';

/** Burst size, in seconds' worth of messages. */
const burst = 5;
/** Consecutive rejected messages before the session is disconnected. */
const maxRejected = 1000;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  #rejected = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    const limit = { capacity: perSecond * burst, amount: perSecond, periodMs: 1000, isGreedy: true };
    this.#bucket = new TokenBucket(limit, clock.monotonicNow());
  }

  check(): 'ok' | 'limited' | 'disconnect' {
    if (!this.#bucket.has(1, this.#clock.monotonicNow())) return ++this.#rejected > maxRejected ? 'disconnect' : 'limited';
    this.#bucket.spend(1);
    this.#rejected = 0;
    return 'ok';
  }
}
