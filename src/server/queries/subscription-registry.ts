// The live queries, the sessions subscribed to each, and which of them a change may affect.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Db } from '../../db/db.ts';
import type { Subscriber } from '../session/subscriber.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Subscription } from './subscription.ts';
import { SubscriptionIndex } from './subscription-index.ts';

export class SubscriptionRegistry {
  readonly #byKey = new Map<string, Subscription>();
  readonly #index = new SubscriptionIndex<Subscription>();
  /** Queries per session, by query key. */
  readonly #bySubscriber = new Map<Subscriber, Map<string, Subscription>>();

  get(key: string): Subscription | undefined {
    return this.#byKey.get(key);
  }

  /** By query key. */
  of(subscriber: Subscriber): ReadonlyMap<string, Subscription> | undefined {
    return this.#bySubscriber.get(subscriber);
  }

  all(): readonly Subscription[] {
    return [...this.#byKey.values()];
  }

  /** Every session with each of its queries. */
  pairs(): { readonly subscriber: Subscriber; readonly canonicalKey: string; readonly subscription: Subscription }[] {
    return [...this.#bySubscriber].flatMap(([subscriber, own]) =>
      [...own].map(([canonicalKey, subscription]) => ({ subscriber, canonicalKey, subscription })),
    );
  }

  /** Subscriptions that the change may affect. */
  find(changeSet: ChangeSet, db: Db): Iterable<Subscription> {
    return this.#index.find(changeSet, db);
  }

  add(subscription: Subscription): void {
    this.#byKey.set(subscription.key, subscription);
    this.#index.add(subscription, subscription.dependencies);
  }

  attach(subscriber: Subscriber, canonicalKey: string, subscription: Subscription): void {
    subscription.attach(subscriber);
    const own = this.#bySubscriber.get(subscriber);
    if (own) own.set(canonicalKey, subscription);
    else this.#bySubscriber.set(subscriber, new Map([[canonicalKey, subscription]]));
  }

  /** Returns the subscription if no session is left; it is removed then. */
  detach(subscriber: Subscriber, canonicalKey: string): Subscription | undefined {
    const own = this.#bySubscriber.get(subscriber);
    const subscription = own?.get(canonicalKey);
    if (!own || !subscription) return undefined;
    own.delete(canonicalKey);
    if (own.size === 0) this.#bySubscriber.delete(subscriber);
    subscription.detach(subscriber);
    if (subscription.subscribers.size > 0) return undefined;
    this.#byKey.delete(subscription.key);
    this.#index.remove(subscription, subscription.dependencies);
    return subscription;
  }

  /** The same query under another catalog. */
  recompiled(subscription: Subscription, prepared: PreparedQuery): void {
    this.#index.remove(subscription, subscription.dependencies);
    subscription.recompiled(prepared);
    this.#index.add(subscription, subscription.dependencies);
  }
}
