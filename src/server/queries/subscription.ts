// A question with everybody who asked it, and what they were told last. Knows how to tell what is new: as a whole answer to
// some, as a difference to those who take that. While all take differences, the answer itself is not made.

import type { Db } from '../../db/db.ts';
import { equal } from '../../lib/equal.ts';
import type { WireResult } from '../../protocol/query-result.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { type Change, isAffectedBy } from '../../query/affected.ts';
import { type Dependency, dependenciesOf } from '../../query/dependencies.ts';
import { isSumOfRows, RefCount, type TripleChange, tripleChange } from '../../query/ref-count.ts';
import { completed } from '../../query/result-triples.ts';
import { answer, type ComputedResult, isResultEqual } from './results.ts';
import { withUrls } from '../files/file-entities.ts';
import { RuleFaults } from '../rules/rule-faults.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Subscriber } from '../session/subscriber.ts';
import { deltaOf, type QueryRefresh } from './refresh.ts';

/** What is new of a query, for the two kinds of listeners. */
export interface RefreshForms {
  readonly whole: QueryRefresh | undefined;
  readonly delta: QueryRefresh | undefined;
}

/** What an evaluation over a snapshot has come to. */
export interface Evaluation {
  readonly computed: ComputedResult;
  readonly counts: RefCount | undefined;
}

export class Subscription {
  readonly key: string;
  readonly q: WireQuery;
  readonly subscribers = new Set<Subscriber>();
  /** Rules that could not be evaluated, since the query is there. */
  readonly faults = new RuleFaults();
  readonly #maxLength: number;
  #prepared: PreparedQuery;
  #dependencies: readonly Dependency[];
  /** Undefined = has to be made anew. */
  #lastResult: ComputedResult | undefined;
  /** The transaction since which it holds. */
  #lastTxId: number;
  #refCounts: RefCount | undefined;

  constructor(key: string, q: WireQuery, prepared: PreparedQuery, computed: ComputedResult | undefined, txId: number, maxLength: number) {
    this.key = key;
    this.q = q;
    this.#prepared = prepared;
    this.#dependencies = allDependencies(prepared);
    this.#lastResult = computed && kept(computed);
    if (computed) this.faults.add(computed.faults);
    this.#lastTxId = txId;
    this.#maxLength = maxLength;
  }

  get prepared(): PreparedQuery {
    return this.#prepared;
  }

  get dependencies(): readonly Dependency[] {
    return this.#dependencies;
  }

  /** As everybody who asked knows it; undefined if it would have to be made. */
  get knownResult(): ComputedResult | undefined {
    return this.#lastResult;
  }

  /** As everybody who asked knows it. */
  lastResult(db: Db): ComputedResult {
    return (this.#lastResult ??= kept(this.#answer(db)));
  }

  /** The same question under another catalogue. */
  recompiled(prepared: PreparedQuery): void {
    this.#prepared = prepared;
    this.#dependencies = allDependencies(prepared);
    this.#refCounts = undefined;
  }

  /** Whether the change may have altered the answer. */
  mayBeAffected(change: Change): boolean {
    const { compiled, visibleIn, readAccess } = this.#prepared;
    // What rules look at may show or hide anything.
    const rulesMayDiffer = [...change.changeSet.keys()].some((etype) => readAccess?.etypes.has(etype));
    const noting = visibleIn && ((db: Db) => visibleIn(db, this.faults));
    return rulesMayDiffer || isAffectedBy(compiled, change, noting);
  }

  /** What the change did to the answer; undefined if nothing. */
  update(change: Change, db: Db, txId: number): RefreshForms | undefined {
    if (!this.mayBeAffected(change)) return undefined;
    const base = this.#lastTxId;
    if (this.#isCounted) return this.#count(change, base, txId);
    // What was told last is what the data before the change say.
    const before = this.#lastResult ?? this.#answer(change.before);
    return this.#replace(before, { computed: this.#answer(db), counts: undefined }, txId);
  }

  /** The whole answer as news. */
  whole(db: Db): QueryRefresh {
    return this.#wholeOf(this.lastResult(db));
  }

  /** For when anything may have changed. */
  recompute(db: Db, txId: number): RefreshForms | undefined {
    const before = this.#lastResult;
    const after = kept(this.#answer(db));
    this.#refCounts = undefined;
    if (before && isResultEqual(before, after)) return undefined;
    this.#lastResult = after;
    this.#lastTxId = txId;
    const whole = this.#wholeOf(after);
    return { whole, delta: whole };
  }

  /** The answer, and what later changes need to be counted, in steps. */
  *evaluate(db: Db): Generator<void, Evaluation> {
    const computed = yield* answer(this.#prepared, db, this.#maxLength);
    const counts = this.#isCounted ? yield* RefCount.of(this.#prepared.compiled, db) : undefined;
    return { computed, counts };
  }

  /** Takes over an evaluation of the data as they were after `txId`; what it did to the answer. */
  evaluated(evaluation: Evaluation, txId: number): RefreshForms | undefined {
    return this.#replace(this.#lastResult, evaluation, txId);
  }

  get #isCounted(): boolean {
    const { compiled, visibleIn } = this.#prepared;
    return this.#deltaCount === this.subscribers.size && !visibleIn && isSumOfRows(compiled);
  }

  get #deltaCount(): number {
    if (this.#prepared.returnType !== 'join-rows') return 0;
    return [...this.subscribers].filter(({ acceptsDeltas }) => acceptsDeltas).length;
  }

  #answer(db: Db): ComputedResult {
    const computed = completed(answer(this.#prepared, db, this.#maxLength));
    this.faults.add(computed.faults);
    return computed;
  }

  #count(change: Change, base: number, txId: number): RefreshForms | undefined {
    this.#refCounts ??= completed(RefCount.of(this.#prepared.compiled, change.before));
    let triples: TripleChange;
    try {
      triples = this.#refCounts.update(change);
    } catch (error) {
      // Half counted.
      this.#refCounts = undefined;
      throw error;
    }
    if (triples.added.length === 0 && triples.removed.length === 0) return undefined;
    this.#lastResult = undefined;
    this.#lastTxId = txId;
    return { whole: undefined, delta: { delta: deltaOf(this.q, base, this.#shown(triples), this.#prepared.compiled.attrs) } };
  }

  #replace(before: ComputedResult | undefined, { computed, counts }: Evaluation, txId: number): RefreshForms | undefined {
    const base = this.#lastTxId;
    this.#refCounts = counts;
    this.faults.add(computed.faults);
    if (before && isResultEqual(before, computed)) return undefined;
    this.#lastResult = kept(computed);
    this.#lastTxId = txId;
    const whole = this.#wholeOf(computed);
    if (this.#deltaCount === 0) return { whole, delta: undefined };
    return { whole, delta: before ? { delta: this.#deltaBetween(before, computed, base) } : whole };
  }

  #wholeOf({ result, meta, text }: ComputedResult): QueryRefresh {
    const instaqlResult = (text ?? result) as WireResult;
    return { whole: { 'instaql-query': this.q, 'instaql-result': instaqlResult, 'result-meta': meta, 'result-changed?': true } };
  }

  #shown({ removed, added }: TripleChange): TripleChange {
    return { removed, added: [...withUrls(added, this.#prepared.fileUrl)] };
  }

  #deltaBetween({ serverResult: before }: ComputedResult, { serverResult: after }: ComputedResult, base: number) {
    const { attrs } = this.#prepared.compiled;
    const { pageInfo, aggregate } = after;
    return deltaOf(this.q, base, this.#shown(tripleChange(before.triples, after.triples, attrs)), attrs, {
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
