// Time as it is handed in: what the time is, and being called later. Whatever waits takes a Clock, so that a test can
// move the hands itself. Nothing here repeats or measures.

export type Timer = ReturnType<typeof setTimeout> | number;

export interface Clock {
  /** Milliseconds since 1970, by the clock on the wall: it may jump. */
  now(): number;
  setTimeout(run: () => void, ms: number): Timer;
  /** Harmless for a timer that has run, and for none. */
  clearTimeout(timer: Timer | undefined): void;
}

/** The platform's. A timer that waits keeps a Node process alive, so whoever sets one clears it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};
