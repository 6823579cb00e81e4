// The maximum duration of each connection state, and the delays between attempts. Pure.

import type { TransportChoice } from './transport-choice.ts';

/** From connecting to the open socket. */
export const connectMs = 10_000;
/** From the open socket to `init-ok`. */
export const initMs = 15_000;
/** Silence on a ready connection before it is probed. */
export const quietMs = 10_000;
/** From a probe to the response. */
export const probeMs = 5_000;
/** The same if there is a reason for doubt: the page slept, the network changed. */
export const urgentProbeMs = 4_000;
/** A timer that fires this late means that the machine slept or the page was frozen. */
export const lateMs = 2_000;
/** Between attempts while the platform reports the network as offline. */
export const offlineMs = 15_000;
/** Between attempts after the server rejected `init`. */
export const rejectedMs = 60_000;
/** Minimum time between two attempts, however often the network comes back. */
export const minGapMs = 500;
/** After being ready this long, a connection counts as stable and the failure count is reset. */
export const stableMs = 10_000;
/** Upper limit of an extended timeout. */
export const maxExtendedMs = 60_000;

/** The timer of a state. */
export interface StateTimer {
  readonly ms: number;
  readonly dueAt: number;
}

/** On a slow connection, a large message looks like silence until it is complete: after each disconnect for silence, timeouts double. */
export function extendedMs(ms: number, { silences }: TransportChoice): number {
  return Math.max(ms, Math.min(maxExtendedMs, ms * 2 ** silences));
}

export function timerIn(ms: number, { now }: { readonly now: number }): StateTimer {
  return { ms, dueAt: now + ms };
}

// The delay before the next attempt is random, so that clients that were disconnected together do not reconnect together.
// PROTOCOL.md#connection

const initialDelayMs = 250;
const maxDelayMs = 8_000;

/** A random delay from 0 to a limit that doubles with each consecutive failure. `random` is in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(maxDelayMs, initialDelayMs * 2 ** failures));
}

/** A random delay between half of `ms` and `ms`. */
export function jitterMs(ms: number, random: number): number {
  return Math.ceil((ms * (1 + random)) / 2);
}
