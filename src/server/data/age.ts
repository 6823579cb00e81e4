// How old something is that expires. The times of the log grow strictly: after the clock of any server was ahead, they stay ahead and hardly
// pass, and by them alone nothing would expire meanwhile. By clocks alone, servers whose clocks differ would let things expire at once.

/** As it is stored. */
export interface Moment {
  /** The time of the transaction. */
  readonly at: number;
  /** The server's clock, where the log was ahead of it. */
  readonly clock?: number;
}

/** The next time of the log, and the server's clock. */
export interface Now {
  readonly at: number;
  readonly now: number;
}

export function momentOf({ at, now }: Now): Moment {
  return now < at ? { at, clock: now } : { at };
}

/** As far as a log may be ahead because of many transactions, or a clock that is a little fast. */
const toleratedMs = 60_000;

export function ageOf({ at, clock = at }: Moment, { at: logTime, now }: Now): number {
  const age = logTime - at;
  return logTime - now > toleratedMs ? Math.max(age, now - clock) : age;
}

/** For who has no transaction at hand. */
export function ageByClock({ at, clock = at }: Moment, now: number): number {
  return now - clock;
}
