// A token bucket: up to `capacity` tokens, refilled over time. The only one in the server; sessions, rules and sign-in all
// spend from buckets of this kind. Refills go by a monotonic clock, so setting the wall clock neither fills nor drains one.

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

  /** Full, unless told otherwise. @param nowMs of the same monotonic clock as in every later call */
  constructor(limit: RateLimit, nowMs: number, tokens = limit.capacity) {
    this.limit = limit;
    this.#tokens = tokens;
    this.#refilledAt = nowMs;
  }

  /** When the tokens were what they are. */
  get refilledAt(): number {
    return this.#refilledAt;
  }

  isFull(nowMs: number): boolean {
    return this.has(this.limit.capacity, nowMs);
  }

  /** Others spent from the same bucket: so many are left at most. */
  lower(tokens: number): void {
    this.#tokens = Math.min(this.#tokens, tokens);
  }

  get tokens(): number {
    return this.#tokens;
  }

  has(tokens: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= tokens;
  }

  /** May go below zero: check with `has` first. */
  spend(tokens: number): void {
    this.#tokens -= Math.max(0, tokens);
  }

  /** How long until there are so many tokens. */
  waitMs(tokens: number, nowMs: number): number {
    const { amount, periodMs, isGreedy } = this.limit;
    const periods = Math.max(0, tokens - this.#tokens) / amount;
    return Math.max(0, this.#refilledAt + (isGreedy ? periods : Math.ceil(periods)) * periodMs - nowMs);
  }

  #refill(nowMs: number): void {
    const { capacity, amount, periodMs, isGreedy } = this.limit;
    const passed = Math.max(0, nowMs - this.#refilledAt) / periodMs;
    const periods = isGreedy ? passed : Math.floor(passed);
    this.#tokens = Math.min(capacity, this.#tokens + periods * amount);
    this.#refilledAt = isGreedy ? nowMs : this.#refilledAt + periods * periodMs;
  }
}
