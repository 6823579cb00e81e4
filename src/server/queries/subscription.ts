// A question with everybody who asked it, and what they were told last. Knows how to tell what is new: as a whole answer to
// some, as a difference to those who take that. While all take differences, the answer itself is not made.

import type { Store } from '../../db/store.ts';
import { equal } from '../../lib/equal.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { type Change, isAffectedBy } from '../../query/affected.ts';
import { type Dependency, dependenciesOf } from '../../query/dependencies.ts';
import { isSumOfRows, RefCount, type TripleChange, tripleChange } from '../../query/ref-count.ts';
import { answer, type ComputedResult, isResultEqual } from './results.ts';
import { withUrls } from '../files/file-entities.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Subscriber } from '../session/subscriber.ts';
import { deltaOf, type QueryRefresh } from './refresh.ts';

/** What is new of a query, for the two kinds of listeners. */
export interface RefreshForms {
  readonly whole: QueryRefresh | undefined;
  readonly delta: QueryRefresh | undefined;
}

export class Subscription {
  readonly key: string;
  readonly q: WireQuery;
  readonly subscribers = new Set<Subscriber>();
  #prepared: PreparedQuery;
  #dependencies: readonly Dependency[];
  /** Undefined = has to be made anew. */
  #lastResult: ComputedResult | undefined;
  /** The transaction since which it holds. */
  #lastTxId: number;
  #refCounts: RefCount | undefined;

  constructor(key: string, q: WireQuery, prepared: PreparedQuery, db: Store, txId: number) {
    this.key = key;
    this.q = q;
    this.#prepared = prepared;
    this.#dependencies = allDependencies(prepared);
    this.#lastResult = answer(prepared, db);
    this.#lastTxId = txId;
  }

  get prepared(): PreparedQuery {
    return this.#prepared;
  }

  get dependencies(): readonly Dependency[] {
    return this.#dependencies;
  }

  /** As everybody who asked knows it. */
  lastResult(db: Store): ComputedResult {
    return (this.#lastResult ??= answer(this.#prepared, db));
  }

  /** The same question under another catalogue. */
  recompiled(prepared: PreparedQuery): void {
    this.#prepared = prepared;
    this.#dependencies = allDependencies(prepared);
    this.#refCounts = undefined;
  }

  /** What the change did to the answer; undefined if nothing. */
  update(change: Change, db: Store, txId: number): RefreshForms | undefined {
    const { compiled, visible, returnType, readAccess } = this.#prepared;
    // What rules look at may show or hide anything.
    const rulesMayDiffer = [...change.changeSet.keys()].some((etype) => readAccess?.etypes.has(etype));
    if (!rulesMayDiffer && !isAffectedBy(compiled, change, { visible })) return undefined;
    const deltaCount = [...this.subscribers].filter(({ acceptsDeltas }) => acceptsDeltas && returnType === 'join-rows').length;
    const base = this.#lastTxId;
    if (deltaCount === this.subscribers.size && !visible && isSumOfRows(compiled)) return this.#count(change, base, txId);
    // What was told last is what the data before the change say.
    const before = this.#lastResult ?? answer(this.#prepared, change.before);
    const after = this.#reevaluate(before, db, txId);
    if (!after) return undefined;
    const delta = deltaCount > 0 ? { delta: this.#deltaBetween(before, after, base) } : undefined;
    return { whole: this.#wholeOf(after), delta };
  }

  /** The whole answer as news. */
  whole(db: Store): QueryRefresh {
    return this.#wholeOf(this.lastResult(db));
  }

  /** For when anything may have changed. */
  recompute(db: Store, txId: number): RefreshForms | undefined {
    const after = this.#reevaluate(this.#lastResult, db, txId);
    if (!after) return undefined;
    const whole = this.#wholeOf(after);
    return { whole, delta: whole };
  }

  #count(change: Change, base: number, txId: number): RefreshForms | undefined {
    this.#refCounts ??= new RefCount(this.#prepared.compiled, change.before);
    const triples = this.#refCounts.update(change);
    if (triples.added.length === 0 && triples.removed.length === 0) return undefined;
    this.#lastResult = undefined;
    this.#lastTxId = txId;
    return { whole: undefined, delta: { delta: deltaOf(this.q, base, this.#shown(triples), this.#prepared.compiled.attrs) } };
  }

  #reevaluate(before: ComputedResult | undefined, db: Store, txId: number): ComputedResult | undefined {
    this.#refCounts = undefined;
    const after = answer(this.#prepared, db);
    if (before && isResultEqual(before, after)) return undefined;
    this.#lastResult = after;
    this.#lastTxId = txId;
    return after;
  }

  #wholeOf({ result, meta }: ComputedResult): QueryRefresh {
    return { whole: { 'instaql-query': this.q, 'instaql-result': result, 'result-meta': meta } };
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

function allDependencies({ compiled, readAccess }: PreparedQuery): readonly Dependency[] {
  return [...dependenciesOf(compiled), ...[...(readAccess?.etypes ?? [])].map((etype) => ({ etype, keyConstraint: undefined }))];
}
