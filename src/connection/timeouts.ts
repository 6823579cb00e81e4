// The maximum duration of each connection state, and the fixed delays between attempts; those that grow are in lib/retry.ts. Pure.
// PROTOCOL.md#connection

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

/** A random delay between half of `ms` and `ms`. */
export function jitterMs(ms: number, random: number): number {
  return Math.ceil((ms * (1 + random)) / 2);
}
