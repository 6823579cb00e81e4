// A token bucket: up to `capacity` tokens, refilled over time. The only implementation in the server, used by sessions, rules and sign-in.
// Refills follow a monotonic clock, so that changing the wall clock neither fills nor drains a bucket.

export interface RateLimit {
  readonly capacity: number;
  /** Tokens added per period. */
  readonly amount: number;
  readonly periodMs: number;
  /** Refill continuously, rather than all at once when the period ends. */
  readonly isGreedy: boolean;
}

export class TokenBucket {
  readonly limit: RateLimit;
  #tokens: number;
  #refilledAt: number;

  /** Starts full by default. @param nowMs of the same monotonic clock as in every later call */
  constructor(limit: RateLimit, nowMs: number, tokens = limit.capacity) {
    this.limit = limit;
    this.#tokens = tokens;
    this.#refilledAt = nowMs;
  }

  /** When `tokens` was last updated. */
  get refilledAt(): number {
    return this.#refilledAt;
  }

  copy(): TokenBucket {
    return new TokenBucket(this.limit, this.#refilledAt, this.#tokens);
  }

  isFull(nowMs: number): boolean {
    return this.has(this.limit.capacity, nowMs);
  }

  /** Lowers the number of tokens to `left` if others spent from the same bucket. */
  lower(tokens: number): void {
    this.#tokens = Math.min(this.#tokens, tokens);
  }

  get tokens(): number {
    return this.#tokens;
  }

  has(tokens: number, nowMs: number): boolean {
    this.refill(nowMs);
    return this.#tokens >= tokens;
  }

  /** The result may be negative: check with `has` first. */
  spend(tokens: number): void {
    this.#tokens -= Math.max(0, tokens);
  }

  /** Adds tokens, or removes them if negative. */
  add(tokens: number): void {
    this.#tokens = Math.min(this.limit.capacity, this.#tokens + tokens);
  }

  /** How long until this many tokens are available. */
  waitMs(tokens: number, nowMs: number): number {
    const { amount, periodMs, isGreedy } = this.limit;
    const periods = Math.max(0, tokens - this.#tokens) / amount;
    return Math.max(0, this.#refilledAt + (isGreedy ? periods : Math.ceil(periods)) * periodMs - nowMs);
  }

  /** Adds what is due. */
  refill(nowMs: number): void {
    const { capacity, amount, periodMs, isGreedy } = this.limit;
    const passed = Math.max(0, nowMs - this.#refilledAt) / periodMs;
    const periods = isGreedy ? passed : Math.floor(passed);
    this.#tokens = Math.min(capacity, this.#tokens + periods * amount);
    this.#refilledAt = isGreedy ? nowMs : this.#refilledAt + periods * periodMs;
  }
}
