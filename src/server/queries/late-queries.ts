// Live queries whose evaluation after a change takes long: they are evaluated in slices over a snapshot while others are served. Their
// sessions receive that change, and all later ones, once the evaluation is done.

import { InstantAPIError } from '../../errors.ts';
import { changeOf } from '../../query/affected.ts';
import { failure } from '../errors.ts';
import type { DataSnapshot } from '../data/snapshot.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import type { Subscriber } from '../session/subscriber.ts';
import { type HeldRefresh, HeldRefreshes } from './held-refreshes.ts';
import type { JobOutcome, QueryJobs } from './query-jobs.ts';
import { isOutdated, type QuerySource, readSnapshot } from './query-source.ts';
import type { RuleWarnings } from './rule-warnings.ts';
import { isVast } from './refresh-batch.ts';
import { AllowanceExceeded, withAllowance } from './query-work.ts';
import { RefreshBuilder } from './refresh.ts';
import type { Evaluation, RefreshForms, SentResult, Subscription } from './subscription.ts';

interface LateQuery {
  readonly cancel: () => void;
  /** The last transaction that its sessions may be sent. */
  readonly coveredTxId: number;
  /** What its sessions had before. */
  readonly before?: Subscription | undefined;
}

/** Work that one live query may do immediately after a change; more is done in slices. */
export const queryAllowance = 40_000;

export class LateQueries {
  readonly #source: QuerySource;
  readonly #jobs: QueryJobs;
  readonly #warnings: RuleWarnings;
  /** A query that can no longer be answered. */
  readonly #drop: (subscription: Subscription, error: unknown) => void;
  readonly #late = new Map<Subscription, LateQuery>();
  readonly #held = new HeldRefreshes();

  constructor(source: QuerySource, jobs: QueryJobs, warnings: RuleWarnings, drop: (subscription: Subscription, error: unknown) => void) {
    this.#source = source;
    this.#jobs = jobs;
    this.#warnings = warnings;
    this.#drop = drop;
  }

  has(subscription: Subscription): boolean {
    return this.#late.has(subscription);
  }

  /** Marks the query as late; a running evaluation restarts. `coveredTxId`: the last transaction sent. */
  add(subscription: Subscription, coveredTxId: number): void {
    this.#begin(subscription, coveredTxId);
  }

  /**
   * Marks a query as late whose sessions had it under other rules. Its result is not sent if it is what they know of the same data: `sent`,
   * if all of them know the same.
   */
  addAfter(before: Subscription, subscription: Subscription, coveredTxId: number, sent: SentResult | undefined): void {
    const known = this.#late.get(subscription);
    if (known?.before === before) return;
    if (sent && !known) subscription.continues(before);
    this.#begin(subscription, coveredTxId, { before, sent: known ? undefined : sent });
  }

  #begin(
    subscription: Subscription,
    coveredTxId: number,
    { before, sent }: { before?: Subscription; sent?: SentResult | undefined } = {},
  ): void {
    const late = this.#late.get(subscription);
    late?.cancel();
    const [owner = {}] = subscription.subscribers;
    const cancel = readSnapshot(this.#source, this.#jobs, {
      owner,
      steps: (db) => subscription.evaluate(db, sent),
      ended: (outcome, snapshot) => this.#evaluated(subscription, outcome, snapshot),
      isDeferred: true,
    });
    this.#late.set(subscription, { cancel, coveredTxId: late?.coveredTxId ?? coveredTxId, before });
  }

  remove(subscription: Subscription): void {
    this.#late.get(subscription)?.cancel();
    this.#late.delete(subscription);
  }

  forget(subscriber: Subscriber): void {
    this.#held.forget(subscriber);
  }

  /** Holds back a session's refresh if one of its queries is late. @returns whether it did */
  hold(subscriber: Subscriber, refresh: HeldRefresh): boolean {
    if (this.#late.size === 0 && this.#held.isEmpty) return false;
    if (this.#coveredBy(subscriber) === Number.POSITIVE_INFINITY && !this.#held.has(subscriber)) return false;
    if (!this.#held.add(subscriber, refresh)) this.#source.restart(subscriber);
    return true;
  }

  /** Sends the refreshes that are no longer held back. */
  release(subscribers: Iterable<Subscriber>): void {
    if (this.#held.isEmpty) return;
    for (const subscriber of subscribers) {
      const due = this.#held.take(subscriber, this.#coveredBy(subscriber));
      if (!due) continue;
      const builder = new RefreshBuilder(this.#source.position(due.txId), this.#source.attrs());
      this.#source.deliver([{ to: subscriber, message: builder.refreshOk(due.refreshes, due.needsAttrs) }]);
    }
  }

  #coveredBy(subscriber: Subscriber): number {
    let covered = Number.POSITIVE_INFINITY;
    for (const [{ subscribers }, { coveredTxId }] of this.#late) if (subscribers.has(subscriber)) covered = Math.min(covered, coveredTxId);
    return covered;
  }

  #evaluated(subscription: Subscription, outcome: JobOutcome<Evaluation>, snapshot: DataSnapshot): void {
    this.#late.delete(subscription);
    const subscribers = [...subscription.subscribers];
    try {
      if (outcome.is === 'failed') throw outcome.error;
      if (isOutdated(snapshot, this.#source.db())) this.add(subscription, snapshot.txId);
      else {
        this.#holdForms(subscription, subscription.evaluated(outcome.value, snapshot.txId), snapshot.txId);
        this.#catchUp(subscription, snapshot);
        this.#warnings.send(subscribers, subscription.faults);
      }
    } catch (error) {
      this.#drop(subscription, error);
    }
    this.release(subscribers);
  }

  /** The change that happened during the evaluation. */
  #catchUp(subscription: Subscription, snapshot: DataSnapshot): void {
    const { txId } = this.#source.position();
    const changeSet = snapshot.changesSince();
    if (changeSet.size === 0) return;
    if (isVast(changeSet)) return this.add(subscription, snapshot.txId);
    const db = this.#source.db();
    try {
      const change = changeOf(changeSet, db);
      const forms = withAllowance({ left: queryAllowance }, () => subscription.update(change, db, txId));
      this.#holdForms(subscription, forms, txId);
    } catch (error) {
      if (!(error instanceof AllowanceExceeded)) throw error;
      this.add(subscription, snapshot.txId);
    }
  }

  #holdForms({ subscribers }: Subscription, forms: RefreshForms | undefined, txId: number): void {
    if (!forms) return;
    for (const subscriber of subscribers) {
      const one = formFor(subscriber, forms);
      if (one) this.#held.add(subscriber, { txId, refreshes: [one], needsAttrs: false });
    }
  }
}

export function formFor(subscriber: Subscriber, forms: RefreshForms): RefreshForms['whole'] {
  return (subscriber.acceptsDeltas ? forms.delta : undefined) ?? forms.whole;
}

export function refreshFailed(q: WireQuery, error: unknown): ServerMessage {
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
