// Live queries: which session subscribed to what, the last result sent, and who must be sent a change. Equal queries of sessions with equal
// read permissions share one subscription. The cost of a change depends on the queries it may affect, not on the number of sessions. Long
// evaluations run in slices (`readSnapshot`, `LateQueries`).

import type { Attrs } from '../../db/attrs.ts';
import { emptyChangeSet } from '../../db/change-set.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { queryKey } from '../../query/key.ts';
import { completed } from '../../lib/yielding.ts';
import type { DataSnapshot } from '../data/snapshot.ts';
import type { Limits } from '../limits.ts';
import { answer, type ComputedResult, isResultEqual } from './results.ts';
import { type PreparedQuery, prepareQuery, readsSameAttrs, type ResultShape } from './prepared-query.ts';
import type { Asked } from './query-request.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import { type QueryRefresh, RefreshBuilder } from './refresh.ts';
import type { Guard } from '../rules/guard.ts';
import type { KeptResults } from './kept-results.ts';
import { formFor, LateQueries, queryAllowance, refreshFailed } from './late-queries.ts';
import type { QueryJobs } from './query-jobs.ts';
import { isOutdated, type QuerySource, readSnapshot } from './query-source.ts';
import { addRefresh, atOnce, type Change, newBatch, type Recipients, type RefreshBatch } from './refresh-batch.ts';
import { RuleWarnings } from './rule-warnings.ts';
import { SubscriptionRegistry } from './subscription-registry.ts';
import { type RefreshForms, type ResultBounds, type SentResult, Subscription } from './subscription.ts';

export class Subscriptions {
  readonly #registry = new SubscriptionRegistry();
  /** Queries without a result yet, with the function that cancels their evaluation. */
  readonly #pending = new Map<Subscriber, Map<string, () => void>>();
  readonly #late: LateQueries;
  readonly #warnings: RuleWarnings;
  readonly #source: QuerySource;
  readonly #jobs: QueryJobs;
  readonly #limits: Limits;
  readonly #bounds: ResultBounds;
  #guard: Guard;
  #made = 0;

  constructor(guard: Guard, source: QuerySource, jobs: QueryJobs, limits: Limits, keptResults: KeptResults) {
    this.#guard = guard;
    this.#source = source;
    [this.#jobs, this.#limits] = [jobs, limits];
    this.#bounds = { maxLength: limits.resultLength, keptResults };
    this.#warnings = new RuleWarnings(source.deliver);
    this.#late = new LateQueries(source, jobs, this.#warnings, (subscription, error) => this.#drop(subscription, error));
  }

  /** Number of live queries of a session. */
  count(subscriber: Subscriber): number {
    return (this.#registry.of(subscriber)?.size ?? 0) + (this.#pending.get(subscriber)?.size ?? 0);
  }

  /**
   * Calls `added` or `failed`, immediately or when the query has been evaluated; neither if the query is removed first. Call while the data
   * is durable.
   *
   * @throws InstantAPIError if the query is invalid
   */
  add(subscriber: Subscriber, asked: Asked): void {
    const canonicalKey = asked.key;
    if (this.#registry.of(subscriber)?.has(canonicalKey) || this.#pending.get(subscriber)?.has(canonicalKey))
      return asked.added({ is: 'known' });
    const guard = this.#guard;
    const prepared = this.#prepare(asked.q, asked.returnType, subscriber, this.#source.db().attrs);
    if (this.#join(subscriber, canonicalKey, prepared, asked)) return;
    let isEnded = false;
    const cancel = readSnapshot(this.#source, this.#jobs, {
      owner: subscriber,
      steps: (db) => answer(prepared, db, this.#limits.resultLength),
      ended: (outcome, snapshot) => {
        isEnded = true;
        this.#pending.get(subscriber)?.delete(canonicalKey);
        if (outcome.is === 'failed') return asked.failed(outcome.error);
        const { total } = outcome.value.faults;
        if (total) return asked.failed(total);
        if (guard !== this.#guard || isOutdated(snapshot, this.#source.db())) return this.#addAgain(subscriber, asked);
        if (!this.#join(subscriber, canonicalKey, prepared, asked))
          this.#addEvaluated(subscriber, canonicalKey, prepared, outcome.value, snapshot, asked);
      },
    });
    if (isEnded) return;
    const pending = this.#pending.get(subscriber) ?? new Map<string, () => void>();
    this.#pending.set(subscriber, pending.set(canonicalKey, cancel));
  }

  /** @param canonicalKey `queryKey` of the query */
  remove(subscriber: Subscriber, canonicalKey: string): void {
    this.#pending.get(subscriber)?.get(canonicalKey)?.();
    this.#pending.get(subscriber)?.delete(canonicalKey);
    this.#detach(subscriber, canonicalKey);
    this.#late.release([subscriber]);
  }

  forget(subscriber: Subscriber): void {
    for (const cancel of this.#pending.get(subscriber)?.values() ?? []) cancel();
    this.#pending.delete(subscriber);
    this.#late.forget(subscriber);
    for (const canonicalKey of [...(this.#registry.of(subscriber)?.keys() ?? [])]) this.#detach(subscriber, canonicalKey);
  }

  /**
   * Sends the refreshes of a change. `to`: sessions that are sent a refresh even if no result changed: all if the catalog changed, else the
   * writers.
   */
  refresh(change: Change, to: Recipients): void {
    const batch = this.#batch(change);
    for (const subscription of this.#candidates(change)) this.#recompute(subscription, batch);
    for (const subscriber of change.schemaChanged ? to.all : to.writers) addRefresh(batch, subscriber);
    this.#say(batch);
  }

  /**
   * Evaluates everything again under new rules: sessions with equal read permissions share a subscription afterwards, and no others do.
   * Sends refreshes to sessions whose results changed.
   */
  applyGuard(guard: Guard): void {
    const before = this.#registry.pairs();
    // Undefined if what the sessions know cannot be made again.
    const sentBy = (one: Subscription): SentResult | undefined => (this.#late.has(one) && !one.knownResult ? undefined : one.sent());
    const sent = new Map(before.map(({ subscription }) => [subscription, sentBy(subscription)]));
    for (const { subscriber, canonicalKey } of before) this.#detach(subscriber, canonicalKey);
    this.#guard = guard;
    const batch = this.#batch({ changeSet: emptyChangeSet, attrsChanged: false, schemaChanged: false, isReload: true });
    const made = new Map<Subscription, QueryRefresh>();
    for (const { subscriber, canonicalKey, subscription } of before) {
      const { q, prepared } = subscription;
      try {
        const next = this.#resubscribe(subscriber, canonicalKey, q, prepared.returnType, batch);
        const result = next.knownResult;
        const known = sent.get(subscription);
        if (!result) {
          this.#late.addAfter(subscription, next, batch.position.txId - 1, known);
          continue;
        }
        const knownResult = known && atOnce(batch, () => completed(known(this.#source.db())));
        if (knownResult && isResultEqual(result, knownResult)) {
          next.continues(subscription);
          continue;
        }
        const one = made.get(next) ?? next.whole(this.#source.db());
        made.set(next, one);
        addRefresh(batch, subscriber, one);
      } catch (error) {
        this.#source.deliver([{ to: subscriber, message: refreshFailed(q, error) }]);
      }
    }
    this.#say(batch);
  }

  /** Joins an existing subscription with the same query. @returns whether that was possible */
  #join(subscriber: Subscriber, canonicalKey: string, prepared: PreparedQuery, { added }: Asked): boolean {
    const known = this.#registry.get(keyOf(prepared, canonicalKey));
    const computed = known?.knownResult;
    // If a rule cannot be evaluated, a new session gets an error, so its query is evaluated separately.
    if (!known || !computed || known.faults.total || this.#late.has(known)) return false;
    this.#registry.attach(subscriber, canonicalKey, known);
    added({ is: 'new', computed, position: this.#source.position() });
    this.#warnings.send([subscriber], known.faults);
    return true;
  }

  #addEvaluated(
    subscriber: Subscriber,
    canonicalKey: string,
    prepared: PreparedQuery,
    computed: ComputedResult,
    snapshot: DataSnapshot,
    { q, added }: Asked,
  ): void {
    const subscription =
      this.#restored(canonicalKey, prepared, computed, snapshot) ?? this.#create(canonicalKey, q, prepared, computed, snapshot.txId);
    this.#registry.attach(subscriber, canonicalKey, subscription);
    added({ is: 'new', computed, position: this.#source.position(snapshot.txId) });
    this.#warnings.send([subscriber], subscription.faults);
    // If the session has been told of later transactions, the answer follows.
    if (snapshot.txId === this.#source.position().txId) return;
    const batch = this.#batch({ changeSet: snapshot.changesSince(), attrsChanged: false, schemaChanged: false, isReload: false });
    this.#recompute(subscription, batch);
    addRefresh(batch, subscriber);
    this.#say(batch);
  }

  /** The subscription of others with the same question, whose result is not kept. */
  #restored(canonicalKey: string, prepared: PreparedQuery, computed: ComputedResult, { txId }: DataSnapshot): Subscription | undefined {
    const known = this.#registry.get(keyOf(prepared, canonicalKey));
    if (!known || known.knownResult || this.#late.has(known) || txId !== this.#source.position().txId) return undefined;
    return known.restore(computed);
  }

  #addAgain(subscriber: Subscriber, asked: Asked): void {
    try {
      this.add(subscriber, asked);
    } catch (error) {
      asked.failed(error);
    }
  }

  #resubscribe(subscriber: Subscriber, canonicalKey: string, q: WireQuery, returnType: ResultShape, batch: RefreshBatch): Subscription {
    const prepared = this.#prepare(q, returnType, subscriber, this.#source.db().attrs);
    let subscription = this.#registry.get(keyOf(prepared, canonicalKey));
    if (!subscription) {
      const db = this.#source.db();
      const computed = atOnce(batch, () => completed(answer(prepared, db, this.#limits.resultLength)));
      subscription = this.#create(canonicalKey, q, prepared, computed, batch.position.txId);
    }
    this.#registry.attach(subscriber, canonicalKey, subscription);
    this.#warnings.send([subscriber], subscription.faults);
    return subscription;
  }

  #prepare(q: WireQuery, returnType: ResultShape, { actor }: Subscriber, attrs: Attrs): PreparedQuery {
    return prepareQuery(q, returnType, actor, attrs, this.#guard, this.#limits);
  }

  #create(canonicalKey: string, q: WireQuery, prepared: PreparedQuery, computed: ComputedResult | undefined, txId: number): Subscription {
    const shared = keyOf(prepared, canonicalKey);
    // A subscription with the same query may be ahead or late; then each stays separate.
    const key = this.#registry.get(shared) ? `${shared} ${++this.#made}` : shared;
    const subscription = new Subscription(key, q, prepared, computed, txId, this.#bounds);
    this.#registry.add(subscription);
    return subscription;
  }

  #detach(subscriber: Subscriber, canonicalKey: string): void {
    const gone = this.#registry.detach(subscriber, canonicalKey);
    if (!gone) return;
    this.#late.remove(gone);
    gone.end();
  }

  #batch(change: Change): RefreshBatch {
    return newBatch(change, this.#source, Math.min(queryAllowance, this.#limits.queryWork));
  }

  #candidates({ changeSet, attrsChanged, isReload }: Change): Iterable<Subscription> {
    return attrsChanged || isReload ? this.#registry.all() : this.#registry.find(changeSet, this.#source.db());
  }

  #recompute(subscription: Subscription, batch: RefreshBatch): void {
    const { change, position } = batch;
    const db = this.#source.db();
    const isLate = this.#late.has(subscription);
    if (isLate && !change.attrsChanged && !change.isReload) return;
    try {
      const isRecompiled = change.attrsChanged && this.#recompile(subscription, db.attrs);
      const update = (): RefreshForms | undefined =>
        isRecompiled || change.isReload ? subscription.recompute(db, position.txId) : subscription.update(batch.changed, db, position.txId);
      const done = isLate || batch.isVast ? undefined : atOnce(batch, () => ({ forms: update() }));
      if (!done) return this.#late.add(subscription, position.txId - 1);
      this.#warnings.send(subscription.subscribers, subscription.faults);
      if (!done.forms) return;
      for (const subscriber of subscription.subscribers) {
        const one = formFor(subscriber, done.forms);
        if (one) addRefresh(batch, subscriber, one);
      }
    } catch (error) {
      this.#drop(subscription, error);
    }
  }

  #say({ refreshes, change, position }: RefreshBatch): void {
    const outgoing: Outgoing[] = [];
    const builder = new RefreshBuilder(position, this.#source.attrs());
    const isGuardOnly = change.changeSet === emptyChangeSet && !change.attrsChanged;
    for (const [subscriber, own] of refreshes) {
      const needsAttrs =
        change.schemaChanged || (change.attrsChanged && own.length > 0) || (!isGuardOnly && !subscriber.features.skipAttrs);
      if (this.#late.hold(subscriber, { txId: position.txId, refreshes: own, needsAttrs })) continue;
      outgoing.push({ to: subscriber, message: builder.refreshOk(own, needsAttrs) });
    }
    this.#source.deliver(outgoing);
  }

  /** @returns whether the query may have another meaning now */
  #recompile(subscription: Subscription, attrs: Attrs): boolean {
    const [subscriber] = subscription.subscribers;
    const { prepared: before } = subscription;
    if (!subscriber) return false;
    const prepared = this.#prepare(subscription.q, before.returnType, subscriber, attrs);
    this.#registry.recompiled(subscription, prepared);
    return !readsSameAttrs(before, attrs);
  }

  /** A failing query does not affect others. */
  #drop(subscription: Subscription, error: unknown): void {
    const message = refreshFailed(subscription.q, error);
    const canonicalKey = queryKey(subscription.q);
    for (const subscriber of [...subscription.subscribers]) {
      this.#source.deliver([{ to: subscriber, message }]);
      this.remove(subscriber, canonicalKey);
    }
  }
}

const keyOf = ({ returnType, readAccess }: PreparedQuery, canonicalKey: string): string =>
  `${returnType} ${readAccess?.key ?? ''} ${canonicalKey}`;
