// The port to time: the current time, and timers. Everything that waits takes a Clock, so that tests can control time.

export type Timer = ReturnType<typeof setTimeout> | number;

export interface Clock {
  /** Milliseconds since 1970 by the wall clock, which may jump. */
  now(): number;
  setTimeout(run: () => void, ms: number): Timer;
  /** No effect on a timer that has fired, or on undefined. */
  clearTimeout(timer: Timer | undefined): void;
}

/** The platform's clock. A pending timer keeps a Node process alive; its owner must clear it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};
