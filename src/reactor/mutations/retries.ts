// Schedules retries of failed writes, and limits their number. If the server asks the client to wait, all writes wait; if a single write
// fails, only writes to the same entities wait.

import type { Step } from '../../protocol/transact-messages.ts';
import { looksUp, writeSetOf } from './write-set.ts';

/** Attempts for a write that the server fails at while it confirms others, and for one where that is unknown. */
const maxFailures = 6;
const maxFailuresAlone = 12;

const attrsTimeoutMs = 3_000;

interface Failures {
  readonly count: number;
  /** Number of confirmed writes at the first failure. */
  readonly confirmedBefore: number;
}

export class Retries {
  readonly #atMs = new Map<string, number>();
  readonly #failures = new Map<string, Failures>();
  #confirmed = 0;
  #allAtMs: number | undefined;
  /** When the attrs that a write waits for should have arrived. */
  #attrsByMs: number | undefined;

  /** The server asked for no writes before this time. */
  pauseAll(atMs: number): void {
    this.#allAtMs = Math.max(this.#allAtMs ?? 0, atMs);
  }

  pause(eventId: string, atMs: number): void {
    this.#atMs.set(eventId, atMs);
  }

  /** Whether nothing, or not this write, may be sent yet. */
  isPaused(eventId?: string): boolean {
    return this.#allAtMs !== undefined || (eventId !== undefined && this.#atMs.has(eventId));
  }

  /** Drops delays that are over. */
  onDeadline(nowMs: number): void {
    if (this.#allAtMs !== undefined && this.#allAtMs <= nowMs) this.#allAtMs = undefined;
    for (const [eventId, atMs] of this.#atMs) if (atMs <= nowMs) this.#atMs.delete(eventId);
  }

  /** A write waits for attrs: a server sends them only to sessions that query the namespace. */
  awaitAttrs(nowMs: number): void {
    this.#attrsByMs ??= nowMs + attrsTimeoutMs;
  }

  gotAttrs(): void {
    this.#attrsByMs = undefined;
  }

  /** Whether they did not arrive. True once. */
  lacksAttrs(nowMs: number): boolean {
    const isOverdue = this.#attrsByMs !== undefined && this.#attrsByMs <= nowMs;
    if (isOverdue) this.#attrsByMs = undefined;
    return isOverdue;
  }

  nextDeadline(): number | undefined {
    let next = Math.min(this.#allAtMs ?? Infinity, this.#attrsByMs ?? Infinity);
    for (const atMs of this.#atMs.values()) next = Math.min(next, atMs);
    return next < Infinity ? next : undefined;
  }

  /** The server failed again at this write. Returns whether further attempts are pointless. */
  countFailure(eventId: string): boolean {
    const { count, confirmedBefore } = this.#failures.get(eventId) ?? { count: 0, confirmedBefore: this.#confirmed };
    this.#failures.set(eventId, { count: count + 1, confirmedBefore });
    return count + 1 >= (this.#confirmed > confirmedBefore ? maxFailures : maxFailuresAlone);
  }

  countConfirmed(): void {
    this.#confirmed += 1;
  }

  /** A new connection: postponed writes may be sent immediately. */
  onDisconnect(): void {
    this.#atMs.clear();
    this.#allAtMs = undefined;
    this.#attrsByMs = undefined;
  }

  forget(eventId: string): void {
    this.#atMs.delete(eventId);
    this.#failures.delete(eventId);
  }
}

/** The places that some writes touch, to check that a later write touches none of them. */
export class Footprint {
  readonly #lastOrder = new Map<string, number>();
  #last = -Infinity;
  #lastLookup = -Infinity;

  constructor(writes: readonly { readonly order: number; readonly steps: readonly Step[] }[] = []) {
    for (const write of writes) this.add(write);
  }

  add({ order, steps }: { readonly order: number; readonly steps: readonly Step[] }): void {
    for (const id of writeSetOf(steps).touches) this.#lastOrder.set(id, Math.max(this.#lastOrder.get(id) ?? order, order));
    this.#last = Math.max(this.#last, order);
    // A lookup may find any entity.
    if (looksUp(steps)) this.#lastLookup = Math.max(this.#lastLookup, order);
  }

  /** Whether one of the writes touches what these steps touch. `after`: only writes later than that one. */
  meets(steps: readonly Step[], after = -Infinity): boolean {
    if (this.#last <= after) return false;
    if (this.#lastLookup > after || looksUp(steps)) return true;
    for (const id of writeSetOf(steps).touches) if ((this.#lastOrder.get(id) ?? -Infinity) > after) return true;
    return false;
  }
}
