// How long each state of a connection lasts at most, and when its timer is due. Pure.

import type { TransportChoice } from './transport-choice.ts';

/** For a socket to open. */
export const connectMs = 10_000;
/** From there to `init-ok`. */
export const initMs = 15_000;
/** Silence on a ready line before it is asked. */
export const quietMs = 10_000;
/** For the answer. */
export const probeMs = 5_000;
/** The same when there is a reason for doubt: the page slept, the network changed. */
export const urgentProbeMs = 4_000;
/** A timer this much behind its time tells that the machine slept, or the page was frozen. */
export const lateMs = 2_000;
/** Between tries while the network says that it is down. */
export const offlineMs = 15_000;
/** Between tries after `init` was refused. */
export const rejectedMs = 60_000;
/** The least between two tries, however often the network comes back. */
export const minGapMs = 500;
/** A line that was ready so long has proved itself: failures are counted from nought again. */
export const stableMs = 10_000;
/** The longest that patience grows to. */
export const maxExtendedMs = 60_000;

/** The timer of a state. */
export interface StateTimer {
  readonly ms: number;
  readonly dueAt: number;
}

/** On a slow line a large answer looks like silence until all of it is there: who was cut off for it waits longer next time. */
export function extendedMs(ms: number, { silences }: TransportChoice): number {
  return Math.max(ms, Math.min(maxExtendedMs, ms * 2 ** silences));
}

export function timerIn(ms: number, { now }: { readonly now: number }): StateTimer {
  return { ms, dueAt: now + ms };
}

// How long to wait before the next try. Drawn at random, so that the many who were cut off together do not come back
// together. PROTOCOL.md#connection

const initialDelayMs = 250;
const maxDelayMs = 8_000;

/** Anything from nothing to a limit that doubles with each failure in a row. `random` is at least 0 and less than 1. */
export function backoffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(maxDelayMs, initialDelayMs * 2 ** failures));
}

/** Between half of `ms` and all of it. */
export function jitterMs(ms: number, random: number): number {
  return Math.ceil((ms * (1 + random)) / 2);
}
