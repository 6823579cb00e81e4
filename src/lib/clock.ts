// Time as a dependency: the date, durations, and timers. Code that waits or measures takes a Clock, so that a test controls it.

export type Timer = ReturnType<typeof setTimeout> | number;

export interface Clock {
  /** Milliseconds since 1970, by the wall clock: it may jump in both directions. For dates only, never for durations. */
  now(): number;
  /** Milliseconds since some fixed moment. Never jumps: the difference of two readings is a duration. */
  monotonicNow(): number;
  setTimeout(run: () => void, ms: number): Timer;
  /** Harmless for a timer that has already fired, and for undefined. */
  clearTimeout(timer: Timer | undefined): void;
}

/**
 * The platform's clock; without a monotonic one, durations are those of the wall clock. A pending timer keeps a Node process alive, so the code
 * that sets one must clear it.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow() {
    try {
      return performance.now();
    } catch {
      return Date.now();
    }
  },
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};
