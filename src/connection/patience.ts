// How long each state of a connection lasts at most, and when its timer is due. Pure.

import type { Route } from './route.ts';

/** For a socket to open. */
export const connectMs = 10_000;
/** From there to `init-ok`. */
export const initMs = 15_000;
/** Silence on a ready line before it is asked. */
export const quietMs = 10_000;
/** For the answer. */
export const answerMs = 5_000;
/** The same when there is a reason for doubt: the page slept, the network changed. */
export const hurriedMs = 4_000;
/** A timer this much behind its time tells that the machine slept, or the page was frozen. */
export const lateMs = 2_000;
/** Between tries while the network says that it is down. */
export const offlineMs = 15_000;
/** Between tries after `init` was refused. */
export const refusedMs = 60_000;
/** The least between two tries, however often the network comes back. */
export const gapMs = 500;
/** A line that was ready so long has proved itself: failures are counted from nought again. */
export const stableMs = 10_000;
/** The longest that patience grows to. */
export const patientMs = 60_000;

/** The timer of a state. */
export interface Alarm {
  readonly ms: number;
  readonly dueAt: number;
}

/** On a slow line a large answer looks like silence until all of it is there: who was cut off for it waits longer next time. */
export function patient(ms: number, { silences }: Route): number {
  return Math.max(ms, Math.min(patientMs, ms * 2 ** silences));
}

export function alarmIn(ms: number, { now }: { readonly now: number }): Alarm {
  return { ms, dueAt: now + ms };
}
