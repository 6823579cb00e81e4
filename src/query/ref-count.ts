// A result as reference counts: each triple with the number of rows that need it. The effect of a change is computed from the rows it
// touches, independent of the size of the result. Only for results that are the union of their rows: the bounds of a page depend on
// other rows.

import type { Db } from '../db/db.ts';
import type { Attrs } from '../db/attrs.ts';
import { equal } from '../lib/equal.ts';
import type { Triple } from '../protocol/triple.ts';
import { affectedRows, type Change } from './affected.ts';
import type { CompiledQuery, QueryNode } from './compile.ts';
import { matchingSteps } from './matching.ts';
import { isPaged } from './paging.ts';
import { resultOfRow, rowResultSteps } from './result-triples.ts';
import type { Where } from './where.ts';

export interface TripleChange {
  /** Triples that were removed or have a new value. */
  readonly removed: readonly Triple[];
  readonly added: readonly Triple[];
}

/** Not where a missing value or link counts: that is shown for every entity of the answer, whichever row brought it. */
export function isSumOfRows({ nodes }: CompiledQuery): boolean {
  const isFirm = ({ tests, steps, groups }: Where): boolean =>
    !tests.some(({ condition }) => condition.acceptsNull) &&
    !steps.some((step) => step.acceptsNone || !isFirm(step.far)) &&
    groups.every(({ members }) => members.every(isFirm));
  const isSum = (node: QueryNode): boolean =>
    node.order.attr === undefined && (node.where === undefined || isFirm(node.where)) && node.children.every(isSum);
  return nodes.every((node) => !isPaged(node) && node.options.aggregate === undefined && isSum(node));
}

export class RefCount {
  readonly #compiled: CompiledQuery;
  readonly #counts = new Map<string, number>();

  private constructor(compiled: CompiledQuery) {
    this.#compiled = compiled;
  }

  /** About how much memory it takes: a name of two ids for each triple, and its place in the map. */
  get bytes(): number {
    return 150 * this.#counts.size;
  }

  /** Counts the triples of the result. Yields when the pass should be interrupted. */
  static *of(compiled: CompiledQuery, db: Db): Generator<void, RefCount> {
    const counts = new RefCount(compiled);
    for (const node of compiled.nodes) {
      for (const row of yield* matchingSteps(node, db)) {
        for (const triple of yield* rowResultSteps(compiled, node, row, db)) counts.#count(triple, 1);
      }
    }
    return counts;
  }

  /** Applies a change set. */
  update(change: Change): TripleChange {
    const { attrs } = change.after;
    const lost = new Map<string, Triple>();
    const gained = new Map<string, Triple>();
    const before = new Map<string, number>();
    const count = (triple: Triple, by: number, into: Map<string, Triple>): void => {
      const key = tripleKey(triple, attrs);
      if (!before.has(key)) before.set(key, this.#counts.get(key) ?? 0);
      this.#count(triple, by);
      into.set(key, triple);
    };
    for (const node of this.#compiled.nodes) {
      for (const id of affectedRows(node, { ...change, isExact: true })) {
        for (const triple of resultOfRow(this.#compiled, node, id, change.before)) count(triple, -1, lost);
        for (const triple of resultOfRow(this.#compiled, node, id, change.after)) count(triple, 1, gained);
      }
    }
    return this.#difference(before, lost, gained);
  }

  #difference(before: ReadonlyMap<string, number>, lost: ReadonlyMap<string, Triple>, gained: ReadonlyMap<string, Triple>): TripleChange {
    const removed: Triple[] = [];
    const added: Triple[] = [];
    for (const [key, count] of before) {
      const was = count > 0 ? lost.get(key) : undefined;
      const is = this.#counts.has(key) ? gained.get(key) : undefined;
      // Rows that were not evaluated still need it.
      if ((count > 0 && !was) || (this.#counts.has(key) && !is) || (was && is && isSame(was, is))) continue;
      if (was) removed.push(was);
      if (is) added.push(is);
    }
    return { removed, added };
  }

  #count(triple: Triple, by: number): void {
    const key = tripleKey(triple, this.#compiled.attrs);
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}

/** Triples that are compared between two breaks. */
const comparedTriples = 2000;

/** The difference of two complete results. A generator: yields often. */
export function* tripleChangeSteps(before: readonly Triple[], after: readonly Triple[], attrs: Attrs): Generator<void, TripleChange> {
  const were = new Map<string, Triple>();
  for (const [at, triple] of before.entries()) {
    were.set(tripleKey(triple, attrs), triple);
    if (at % comparedTriples === comparedTriples - 1) yield;
  }
  const added: Triple[] = [];
  const removed: Triple[] = [];
  for (const [at, triple] of after.entries()) {
    if (at % comparedTriples === comparedTriples - 1) yield;
    const name = tripleKey(triple, attrs);
    const was = were.get(name);
    were.delete(name);
    if (was && isSame(was, triple)) continue;
    if (was) removed.push(was);
    added.push(triple);
  }
  for (const triple of were.values()) removed.push(triple);
  return { removed, added };
}

/** The identity of a triple. */
function tripleKey([e, a, v]: Triple, attrs: Attrs): string {
  return attrs.byId(a)?.isRef ? `${e} ${a} ${String(v)}` : `${e} ${a}`;
}

function isSame(a: Triple, b: Triple): boolean {
  return a[3] === b[3] && equal(a[2], b[2]);
}
