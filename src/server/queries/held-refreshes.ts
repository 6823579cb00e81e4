// Refreshes held back because one of a session's queries is still being evaluated. A `refresh-ok` states that all queries of a session are
// as of one transaction, so it waits for the slowest of them.

import type { QueryRefresh } from './refresh.ts';
import type { Subscriber } from '../session/subscriber.ts';

export interface HeldRefresh {
  readonly txId: number;
  readonly refreshes: readonly QueryRefresh[];
  readonly needsAttrs: boolean;
}

/** A session that is this many transactions behind must subscribe again. */
const maxHeld = 1000;

export class HeldRefreshes {
  readonly #bySubscriber = new Map<Subscriber, HeldRefresh[]>();

  /** @returns false if the session is too far behind */
  add(subscriber: Subscriber, held: HeldRefresh): boolean {
    const all = this.#bySubscriber.get(subscriber);
    if (all) all.push(held);
    else this.#bySubscriber.set(subscriber, [held]);
    return (all?.length ?? 0) < maxHeld;
  }

  get isEmpty(): boolean {
    return this.#bySubscriber.size === 0;
  }

  has(subscriber: Subscriber): boolean {
    return this.#bySubscriber.has(subscriber);
  }

  forget(subscriber: Subscriber): void {
    this.#bySubscriber.delete(subscriber);
  }

  /** Merges everything up to a transaction. Undefined if there is nothing. */
  take(subscriber: Subscriber, upTo: number): HeldRefresh | undefined {
    const all = this.#bySubscriber.get(subscriber) ?? [];
    const due = all.filter(({ txId }) => txId <= upTo).sort((a, b) => a.txId - b.txId);
    const rest = all.filter(({ txId }) => txId > upTo);
    if (rest.length > 0) this.#bySubscriber.set(subscriber, rest);
    else this.#bySubscriber.delete(subscriber);
    if (due.length === 0) return undefined;
    return {
      txId: Math.max(...due.map(({ txId }) => txId)),
      refreshes: merged(due.flatMap(({ refreshes }) => refreshes)),
      needsAttrs: due.some(({ needsAttrs }) => needsAttrs),
    };
  }
}

/** Messages before a full result of the same query are dropped: clients apply full results first. */
function merged(refreshes: readonly QueryRefresh[]): QueryRefresh[] {
  const isWhole = new Set<unknown>();
  const kept: QueryRefresh[] = [];
  for (const one of [...refreshes].reverse()) {
    const q = 'whole' in one ? one.whole['instaql-query'] : one.delta['instaql-query'];
    if (isWhole.has(q)) continue;
    if ('whole' in one) isWhole.add(q);
    kept.unshift(one);
  }
  return kept;
}
