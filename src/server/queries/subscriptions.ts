// Live queries: who asked what, what each was told last, and who must hear of a change. Equal questions of sessions that
// see the same are one, evaluated once. A change costs by the queries it may touch, not by the sessions there are.

import type { Attrs } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Store } from '../../db/store.ts';
import { InstantAPIError } from '../../errors.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { type Change as Changed, changeOf } from '../../query/affected.ts';
import { queryKey } from '../../query/key.ts';
import { type ComputedResult, isResultEqual } from './results.ts';
import { prepareQuery, type ResultShape } from './prepared-query.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import { RefreshBuilder, type QueryRefresh, type TxPosition } from './refresh.ts';
import { failure } from '../errors.ts';
import type { Guard } from '../rules/guard.ts';
import { SubscriptionIndex } from './subscription-index.ts';
import { type RefreshForms, Subscription } from './subscription.ts';

export type Added = { readonly is: 'new'; readonly computed: ComputedResult } | { readonly is: 'known' };

/** What a turn changed, as far as queries care. */
export interface Change {
  readonly changeSet: ChangeSet;
  readonly attrsChanged: boolean;
  /** Anything may have changed. */
  readonly isReload: boolean;
}

/** One turn, as each query it may be for is looked at. */
interface RefreshBatch {
  readonly change: Change;
  readonly changed: Changed;
  readonly db: Store;
  readonly position: TxPosition;
  readonly refreshes: Map<Subscriber, QueryRefresh[]>;
  /** What is said besides. */
  readonly outgoing: Outgoing[];
}

export class Subscriptions {
  readonly #byKey = new Map<string, Subscription>();
  readonly #index = new SubscriptionIndex<Subscription>();
  /** Queries of each session, by what it asked. */
  readonly #bySubscriber = new Map<Subscriber, Map<string, Subscription>>();
  #guard: Guard;

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** How many live queries a session has. */
  count(subscriber: Subscriber): number {
    return this.#bySubscriber.get(subscriber)?.size ?? 0;
  }

  /** @throws InstantAPIError if it is no query */
  add(subscriber: Subscriber, q: WireQuery, returnType: ResultShape, db: Store, txId: number): Added {
    const canonicalKey = queryKey(q);
    if (this.#bySubscriber.get(subscriber)?.has(canonicalKey)) return { is: 'known' };
    return { is: 'new', computed: this.#subscribe(subscriber, canonicalKey, q, returnType, db, txId).lastResult(db) };
  }

  remove(subscriber: Subscriber, q: WireQuery): void {
    const own = this.#bySubscriber.get(subscriber);
    const canonicalKey = queryKey(q);
    const subscription = own?.get(canonicalKey);
    if (!own || !subscription) return;
    own.delete(canonicalKey);
    if (own.size === 0) this.#bySubscriber.delete(subscriber);
    this.#unsubscribe(subscriber, subscription);
  }

  forget(subscriber: Subscriber): void {
    for (const subscription of this.#bySubscriber.get(subscriber)?.values() ?? []) this.#unsubscribe(subscriber, subscription);
    this.#bySubscriber.delete(subscriber);
  }

  /**
   * What is to be said after a change. `alsoTo`: those who hear of it even if none of their answers changed; `attrsTo`:
   * those who get the catalogue even if it did not.
   */
  refresh(change: Change, db: Store, position: TxPosition, attrs: readonly WireAttr[], to: Recipients): Outgoing[] {
    const batch: RefreshBatch = { change, changed: changeOf(change.changeSet, db), db, position, refreshes: new Map(), outgoing: [] };
    for (const subscription of this.#candidates(change, db)) this.#recompute(subscription, batch);
    const { refreshes, outgoing } = batch;
    for (const subscriber of change.attrsChanged ? to.all : to.writers) if (!refreshes.has(subscriber)) refreshes.set(subscriber, []);
    const builder = new RefreshBuilder(position, attrs);
    for (const [subscriber, own] of refreshes) {
      const needsAttrs = change.attrsChanged || !subscriber.features.skipAttrs;
      outgoing.push({ to: subscriber, message: builder.refreshOk(own, needsAttrs) });
    }
    return outgoing;
  }

  /**
   * Everything is looked at again under other rules: those who see the same now share an answer, and no others. What is to be
   * said to those for whom something changed.
   */
  applyGuard(guard: Guard, db: Store, position: TxPosition): Outgoing[] {
    const before = [...this.#bySubscriber].flatMap(([subscriber, own]) =>
      [...own].map(([canonicalKey, subscription]) => ({ subscriber, canonicalKey, subscription })),
    );
    for (const { subscriber } of before) this.forget(subscriber);
    this.#guard = guard;
    const refreshes = new Map<Subscriber, QueryRefresh[]>();
    const outgoing: Outgoing[] = [];
    const made = new Map<Subscription, QueryRefresh>();
    for (const { subscriber, canonicalKey, subscription } of before) {
      const { q, prepared } = subscription;
      try {
        const next = this.#subscribe(subscriber, canonicalKey, q, prepared.returnType, db, position.txId);
        if (isResultEqual(next.lastResult(db), subscription.lastResult(db))) continue;
        const one = made.get(next) ?? next.whole(db);
        made.set(next, one);
        refreshes.set(subscriber, [...(refreshes.get(subscriber) ?? []), one]);
      } catch (error) {
        outgoing.push({ to: subscriber, message: refreshFailed(q, error) });
      }
    }
    const builder = new RefreshBuilder(position, []);
    for (const [subscriber, own] of refreshes) outgoing.push({ to: subscriber, message: builder.refreshOk(own, false) });
    return outgoing;
  }

  #subscribe(subscriber: Subscriber, canonicalKey: string, q: WireQuery, returnType: ResultShape, db: Store, txId: number): Subscription {
    const subscription = this.#subscriptionFor(subscriber, canonicalKey, q, returnType, db, txId);
    const own = this.#bySubscriber.get(subscriber) ?? new Map<string, Subscription>();
    subscription.subscribers.add(subscriber);
    this.#bySubscriber.set(subscriber, own.set(canonicalKey, subscription));
    return subscription;
  }

  #subscriptionFor(
    subscriber: Subscriber,
    canonicalKey: string,
    q: WireQuery,
    returnType: ResultShape,
    db: Store,
    txId: number,
  ): Subscription {
    const prepared = prepareQuery(q, returnType, subscriber.actor, db.attrs, this.#guard);
    const key = `${returnType} ${prepared.readAccess?.key ?? ''} ${canonicalKey}`;
    const known = this.#byKey.get(key);
    if (known) return known;
    const subscription = new Subscription(key, q, prepared, db, txId);
    this.#byKey.set(key, subscription);
    this.#index.add(subscription, subscription.dependencies);
    return subscription;
  }

  #unsubscribe(subscriber: Subscriber, subscription: Subscription): void {
    subscription.subscribers.delete(subscriber);
    if (subscription.subscribers.size > 0) return;
    this.#byKey.delete(subscription.key);
    this.#index.remove(subscription, subscription.dependencies);
  }

  #candidates({ changeSet, attrsChanged, isReload }: Change, db: Store): Iterable<Subscription> {
    return attrsChanged || isReload ? [...this.#byKey.values()] : this.#index.find(changeSet, db);
  }

  #recompute(subscription: Subscription, { change, changed, db, position, refreshes, outgoing }: RefreshBatch): void {
    let forms: RefreshForms | undefined;
    try {
      const isRecompiled = change.attrsChanged && this.#recompile(subscription, db.attrs);
      const isAnything = isRecompiled || change.isReload;
      forms = isAnything ? subscription.recompute(db, position.txId) : subscription.update(changed, db, position.txId);
    } catch (error) {
      outgoing.push(...this.#drop(subscription, error));
      return;
    }
    if (!forms) return;
    for (const subscriber of subscription.subscribers) {
      const one = (subscriber.acceptsDeltas ? forms.delta : undefined) ?? forms.whole;
      const own = refreshes.get(subscriber);
      if (one && own) own.push(one);
      else if (one) refreshes.set(subscriber, [one]);
    }
  }

  /** @returns whether the query may mean something else now */
  #recompile(subscription: Subscription, attrs: Attrs): boolean {
    const [subscriber] = subscription.subscribers;
    const { compiled, returnType, readAccess } = subscription.prepared;
    const isSame = [...compiled.etypes, ...(readAccess?.etypes ?? [])].every(
      (etype) => compiled.attrs.signature(etype) === attrs.signature(etype),
    );
    if (!subscriber) return false;
    const prepared = prepareQuery(subscription.q, returnType, subscriber.actor, attrs, this.#guard);
    this.#index.remove(subscription, subscription.dependencies);
    subscription.recompiled(prepared);
    this.#index.add(subscription, subscription.dependencies);
    return !isSame;
  }

  /** One query that cannot be answered any more takes no other with it. */
  #drop(subscription: Subscription, error: unknown): Outgoing[] {
    const outgoing: Outgoing[] = [];
    const message = refreshFailed(subscription.q, error);
    for (const subscriber of [...subscription.subscribers]) {
      outgoing.push({ to: subscriber, message });
      this.remove(subscriber, subscription.q);
    }
    return outgoing;
  }
}

export interface Recipients {
  readonly all: Iterable<Subscriber>;
  readonly writers: ReadonlySet<Subscriber>;
}

function refreshFailed(q: WireQuery, error: unknown): ServerMessage {
  const { status, body } = error instanceof InstantAPIError ? error : failure(error);
  return {
    op: 'error',
    'client-event-id': null,
    status,
    type: body.type ?? null,
    message: body.message ?? null,
    hint: body.hint ?? null,
    'original-event': { op: 'refresh', q, 'instaql-queries': [q] },
  };
}
