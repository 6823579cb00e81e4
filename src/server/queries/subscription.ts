// One live query with its subscribed sessions and the result they were sent last. Computes updates as a full result, or as a delta for
// sessions that support it. While all do, the full result is not built.

import type { Db } from '../../db/db.ts';
import { equal } from '../../lib/equal.ts';
import type { WireResult } from '../../protocol/query-result.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { type Change, isAffectedBy } from '../../query/affected.ts';
import { type Dependency, dependenciesOf } from '../../query/dependencies.ts';
import { isSumOfRows, RefCount, type TripleChange } from '../../query/ref-count.ts';
import { completed } from '../../lib/yielding.ts';
import { answer, type ComputedResult, isResultEqual, resultEqualSteps, sizeOfResult } from './results.ts';
import { withUrls } from '../files/file-entities.ts';
import { RuleFaults } from '../rules/rule-faults.ts';
import type { KeptResults } from './kept-results.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Subscriber } from '../session/subscriber.ts';
import { paced } from './query-work.ts';
import { deltaOf, deltaTriples, type QueryRefresh } from './refresh.ts';
import { type DeltaTriples, deltaSteps, type Difference } from './result-difference.ts';

/** An update in both forms. */
export interface RefreshForms {
  readonly whole: QueryRefresh | undefined;
  readonly delta: QueryRefresh | undefined;
}

/** The outcome of an evaluation over a snapshot. */
export interface Evaluation {
  readonly computed: ComputedResult;
  readonly counts: RefCount | undefined;
  /** Its sessions have been sent this result. */
  readonly isKnown?: boolean;
  readonly difference?: Difference | undefined;
}

/** A generator: yields when the current slice ends. */
export type SentResult = (db: Db) => Generator<void, ComputedResult>;

/** How long an answer may be, and where it is counted while it is kept. */
export interface ResultBounds {
  readonly maxLength: number;
  readonly keptResults: KeptResults;
}

export class Subscription {
  readonly key: string;
  readonly q: WireQuery;
  /** Rules that could not be evaluated since the subscription started. */
  readonly faults = new RuleFaults();
  readonly #bounds: ResultBounds;
  readonly #subscribers = new Set<Subscriber>();
  /** How many of them accept deltas. */
  #deltaCount = 0;
  #prepared: PreparedQuery;
  #dependencies: readonly Dependency[];
  /** Undefined = must be rebuilt. */
  #lastResult: ComputedResult | undefined;
  /** The transaction from which the result is valid. */
  #lastTxId: number;
  #refCounts: RefCount | undefined;

  constructor(
    key: string,
    q: WireQuery,
    prepared: PreparedQuery,
    computed: ComputedResult | undefined,
    txId: number,
    bounds: ResultBounds,
  ) {
    this.key = key;
    this.q = q;
    this.#prepared = prepared;
    this.#dependencies = allDependencies(prepared);
    if (computed) this.faults.add(computed.faults);
    this.#lastTxId = txId;
    this.#bounds = bounds;
    this.#keep(computed, undefined);
  }

  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  attach(subscriber: Subscriber): void {
    if (this.#subscribers.has(subscriber)) return;
    this.#subscribers.add(subscriber);
    if (subscriber.acceptsDeltas) this.#deltaCount++;
  }

  detach(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber) && subscriber.acceptsDeltas) this.#deltaCount--;
  }

  get prepared(): PreparedQuery {
    return this.#prepared;
  }

  get dependencies(): readonly Dependency[] {
    return this.#dependencies;
  }

  /** The result as sent to all sessions; undefined if it would have to be built. */
  get knownResult(): ComputedResult | undefined {
    return this.#lastResult;
  }

  /** The result as sent to all sessions. */
  lastResult(db: Db): ComputedResult {
    if (this.#lastResult) return this.#lastResult;
    const computed = this.#answer(db);
    this.#keep(computed, this.#refCounts);
    return computed;
  }

  /** What makes the result as sent to all sessions, without keeping it, from the data as it is now. */
  sent(): SentResult {
    let sent = this.#lastResult;
    const [prepared, { maxLength }] = [this.#prepared, this.#bounds];
    return function* (db) {
      return (sent ??= yield* answer(prepared, db, maxLength));
    };
  }

  /** Its result is the one that the sessions of the other have been sent. */
  continues(other: Subscription): void {
    this.#lastTxId = Math.min(this.#lastTxId, other.#lastTxId);
  }

  /** What everybody who asked knows was made again. */
  restore(computed: ComputedResult, counts = this.#refCounts): this {
    this.faults.add(computed.faults);
    this.#keep(computed, counts);
    return this;
  }

  /** What is kept is made again when it is needed. */
  forget(): void {
    this.#lastResult = this.#refCounts = undefined;
  }

  /** Nobody has it any more. */
  end(): void {
    this.#keep(undefined, undefined);
  }

  /** The same query under another catalog. */
  recompiled(prepared: PreparedQuery): void {
    this.#prepared = prepared;
    this.#dependencies = allDependencies(prepared);
    this.#keep(this.#lastResult, undefined);
  }

  /** Whether the change may have altered the result. */
  mayBeAffected(change: Change): boolean {
    const { compiled, visibleIn, readAccess } = this.#prepared;
    // Data that rules read may reveal or hide any row.
    const rulesMayDiffer = [...change.changeSet.keys()].some((etype) => readAccess?.etypes.has(etype));
    const noting = visibleIn && ((db: Db) => visibleIn(db, this.faults));
    return rulesMayDiffer || isAffectedBy(compiled, change, noting);
  }

  /** The effect of the change on the result; undefined if there is none. */
  update(change: Change, db: Db, txId: number): RefreshForms | undefined {
    if (!this.mayBeAffected(change)) return undefined;
    const base = this.#lastTxId;
    if (this.#isCounted) return this.#count(change, base, txId);
    // The last result sent equals the result on the data before the change.
    const before = this.#lastResult ?? this.#answer(change.before);
    return this.#replace(before, { computed: this.#answer(db), counts: undefined }, txId);
  }

  /** The full result as an update. */
  whole(db: Db): QueryRefresh {
    return this.#wholeOf(this.lastResult(db));
  }

  /** For changes of unknown extent. */
  recompute(db: Db, txId: number): RefreshForms | undefined {
    const before = this.#lastResult;
    const after = this.#answer(db);
    if (before && isResultEqual(before, after)) {
      this.#keep(before, undefined);
      return undefined;
    }
    this.#keep(after, undefined);
    this.#lastTxId = txId;
    const whole = this.#wholeOf(after);
    return { whole, delta: whole };
  }

  /** A generator: the result, and the counts that later changes need. `sent`: what its sessions know, if that is another query's. */
  *evaluate(db: Db, sent?: SentResult): Generator<void, Evaluation> {
    const before = sent && (yield* sent(db));
    const computed = yield* answer(this.#prepared, db, this.#bounds.maxLength);
    const counts = this.#isCounted ? yield* RefCount.of(this.#prepared.compiled, db) : undefined;
    if (before) return { computed, counts, isKnown: yield* paced(resultEqualSteps(before, computed)) };
    const last = this.#lastResult;
    const difference = last && (yield* paced(this.#differenceSteps(last, computed)));
    return { computed, counts, difference };
  }

  /** Applies an evaluation of the data as of `txId`; returns its effect on the result. */
  evaluated(evaluation: Evaluation, txId: number): RefreshForms | undefined {
    if (evaluation.isKnown) {
      this.restore(evaluation.computed, evaluation.counts);
      return undefined;
    }
    return this.#replace(this.#lastResult, evaluation, txId);
  }

  get #hasDeltas(): boolean {
    return this.#deltaCount > 0 && this.#prepared.returnType === 'join-rows';
  }

  get #isCounted(): boolean {
    const { compiled, visibleIn } = this.#prepared;
    return this.#hasDeltas && this.#deltaCount === this.#subscribers.size && !visibleIn && isSumOfRows(compiled);
  }

  #answer(db: Db): ComputedResult {
    const computed = completed(answer(this.#prepared, db, this.#bounds.maxLength));
    this.faults.add(computed.faults);
    return computed;
  }

  #count(change: Change, base: number, txId: number): RefreshForms | undefined {
    const counts = this.#refCounts ?? completed(RefCount.of(this.#prepared.compiled, change.before));
    let triples: TripleChange;
    try {
      triples = counts.update(change);
    } catch (error) {
      // Counting was interrupted.
      this.#keep(this.#lastResult, undefined);
      throw error;
    }
    const isSame = triples.added.length === 0 && triples.removed.length === 0;
    this.#keep(isSame ? this.#lastResult : undefined, counts);
    if (isSame) return undefined;
    this.#lastTxId = txId;
    const told = completed(deltaTriples(this.#shown(triples), this.#prepared.compiled.attrs));
    return { whole: undefined, delta: { delta: deltaOf(this.q, base, told) } };
  }

  #replace(before: ComputedResult | undefined, evaluation: Evaluation, txId: number): RefreshForms | undefined {
    const { computed, counts } = evaluation;
    const base = this.#lastTxId;
    this.faults.add(computed.faults);
    const found = evaluation.difference;
    const difference = found?.from === before ? found : before && completed(this.#differenceSteps(before, computed));
    if (before && difference?.isNone) {
      this.#keep(before, counts);
      return undefined;
    }
    this.#keep(computed, counts);
    this.#lastTxId = txId;
    const whole = this.#wholeOf(computed);
    if (!this.#hasDeltas) return { whole, delta: undefined };
    return {
      whole,
      delta: before && difference?.triples ? { delta: this.#deltaBetween(before, computed, difference.triples, base) } : whole,
    };
  }

  #keep(computed: ComputedResult | undefined, counts: RefCount | undefined): void {
    this.#lastResult = computed && kept(computed);
    this.#refCounts = counts;
    this.#bounds.keptResults.resize(this, (computed ? sizeOfResult(computed) : 0) + (counts?.bytes ?? 0));
  }

  #wholeOf({ result, meta, text }: ComputedResult): QueryRefresh {
    const instaqlResult = (text ?? result) as WireResult;
    return { whole: { 'instaql-query': this.q, 'instaql-result': instaqlResult, 'result-meta': meta, 'result-changed?': true } };
  }

  #shown({ removed, added }: TripleChange): TripleChange {
    return { removed, added: [...withUrls(added, this.#prepared.fileUrl)] };
  }

  *#differenceSteps(from: ComputedResult, to: ComputedResult): Generator<void, Difference> {
    const isNone = yield* resultEqualSteps(from, to);
    return { from, isNone, triples: isNone || !this.#hasDeltas ? undefined : yield* deltaSteps(from, to, this.#prepared) };
  }

  #deltaBetween({ serverResult: before }: ComputedResult, { serverResult: after }: ComputedResult, triples: DeltaTriples, base: number) {
    const { pageInfo, aggregate } = after;
    return deltaOf(this.q, base, triples, {
      ...(!equal(before.pageInfo, pageInfo) && { pageInfo }),
      ...(!equal(before.aggregate, aggregate) && { aggregate }),
    });
  }
}

function kept({ serverResult, result, meta, faults }: ComputedResult): ComputedResult {
  return { serverResult, result, meta, faults };
}

function allDependencies({ compiled, readAccess }: PreparedQuery): readonly Dependency[] {
  return [...dependenciesOf(compiled), ...[...(readAccess?.etypes ?? [])].map((etype) => ({ etype, keyConstraint: undefined }))];
}
