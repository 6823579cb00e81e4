// When to try again: the only retry policy of the package. Connections, streams, posts, HTTP calls and requests that the server rejected
// differ in their limits, not in the rule.

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** After an attempt that got no response: the network may be back at any moment. */
export const unreachableBackoff: BackoffLimits = { initialMs: 250, maxMs: 8_000 };
/** After a response that says "not now": the server needs time. */
export const rejectedBackoff: BackoffLimits = { initialMs: 500, maxMs: 30_000 };

/**
 * The delay before the next attempt: what the server asked for, plus a random delay whose limit doubles with each consecutive failure.
 * Random from 0 on, so that clients that failed together do not return together.
 *
 * @param failures how many attempts in a row have failed before the last one: 0 after the first failure
 * @param random in [0, 1)
 */
export function backoffMs({ initialMs, maxMs }: BackoffLimits, failures: number, random: number, retryAfterMs = 0): number {
  return retryAfterMs + Math.floor(random * Math.min(maxMs, initialMs * 2 ** failures));
}

/** If the server asks for a longer delay, a caller who waits for a single call receives the error instead. */
export const maxRetryAfterMs = 20_000;

/** Whether a request that got this HTTP status may succeed later as it is. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}
