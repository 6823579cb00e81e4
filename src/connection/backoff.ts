// How long to wait before the next try. Drawn at random, so that the many who were cut off together do not come back
// together. PROTOCOL.md#connection

const firstMs = 250;
const longestMs = 8_000;

/** Anything from nothing to a limit that doubles with each failure in a row. `random` is at least 0 and less than 1. */
export function backoffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(longestMs, firstMs * 2 ** failures));
}

/** Between half of `ms` and all of it. */
export function spreadMs(ms: number, random: number): number {
  return Math.ceil((ms * (1 + random)) / 2);
}
