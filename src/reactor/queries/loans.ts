// Rows of other results that lie under the pending writes of a view. Each reason to borrow is evaluated once, and again when something
// changed on which the outcome depends.

import { addTouched } from '../../db/change-set.ts';
import type { Layer } from '../../db/layer.ts';
import { type Row, sameRow } from '../../db/row.ts';
import { Borrowing, type BorrowedRow, type Seed } from './borrowed-rows.ts';
import type { KnownRows } from './known-rows.ts';
import { seedsOf } from './loan-seeds.ts';
import type { PendingMutation } from './pending-in-view.ts';
import { decides, isPage, needsOf } from './query-needs.ts';
import type { View } from './view.ts';

interface Reason {
  readonly name: string;
  readonly seed: Seed;
  /** The number of writes, and of other reasons, that it follows from. */
  uses: number;
  /** Those that follow from it. */
  also: readonly Reason[];
  rows: readonly BorrowedRow[];
  keys: ReadonlySet<string>;
  isHeld: boolean;
}

interface Lent {
  readonly row: Row;
  readonly loans: number;
}

/** The borrowed rows that may change. */
type Before = Map<string, { readonly etype: string; readonly id: string; readonly row: Row | undefined }>;

const NONE: ReadonlySet<string> = new Set();
const newReason = (name: string, seed: Seed): Reason => ({ name, seed, uses: 0, also: [], rows: [], keys: NONE, isHeld: false });

export class Loans {
  readonly #view: View;
  readonly #known: KnownRows | undefined;
  readonly #reasons = new Map<string, Reason>();
  readonly #byWrite = new Map<string, readonly Reason[]>();
  /** Key → the reasons whose outcome depends on it. */
  readonly #dependents = new Map<string, Set<Reason>>();
  readonly #outdated = new Set<Reason>();
  /** The number of reasons by which rows may leave a page of the own result. */
  #held = 0;
  readonly #pages: Reason = newReason('', (borrowing) => (this.#held > 0 ? borrowing.pages() : undefined));
  /** Entity → etype → its row, and the number of reasons for it. */
  readonly #rows = new Map<string, Map<string, Lent>>();
  /** Of what was borrowed last: the query and attrs. */
  #basis: readonly object[] = [];

  constructor(view: View, known: KnownRows | undefined) {
    this.#view = view;
    this.#known = known;
  }

  /** Whether nothing is borrowed whatever changes. */
  get isEmpty(): boolean {
    return this.#reasons.size === 0 && this.#isCurrent();
  }

  readonly dependsOn = (key: string): boolean => this.#dependents.has(key);

  /** A pending write that the result lacks, also if it is known: the entities that it names may be other ones. */
  add(write: PendingMutation): void {
    const { compiled, attrs, pending } = this.#view;
    const { eventId } = write;
    const steps = pending.rewritten(write) ?? this.#known?.pending.stepsOf(eventId) ?? [];
    this.remove(eventId);
    if (this.#known && decides(steps, needsOf(compiled))) {
      this.#byWrite.set(eventId, this.#use(seedsOf(steps, needsOf(compiled), attrs)));
    }
  }

  remove(eventId: string): void {
    this.#release(this.#byWrite.get(eventId) ?? []);
    this.#byWrite.delete(eventId);
  }

  /** Returns whether something is borrowed differently, possibly. */
  invalidate(keys: Iterable<string>): boolean {
    if (this.#dependents.size > 0) for (const key of keys) for (const reason of this.#dependents.get(key) ?? []) this.#outdated.add(reason);
    return this.#outdated.size > 0;
  }

  invalidateAll(): boolean {
    for (const reason of this.#reasons.values()) this.#outdated.add(reason);
    return this.#outdated.size > 0;
  }

  /** The slots of rows are other ones. */
  clear(): void {
    this.#rows.clear();
    this.#basis = [];
    for (const reason of [...this.#reasons.values(), ...this.#outdated, this.#pages]) reason.rows = [];
  }

  /** Evaluates what is outdated. Returns the entities whose borrowed row changed, and what these link to. */
  settle(): ReadonlySet<string> {
    const before: Before = new Map();
    if (!this.#known) return NONE;
    this.#restart(this.#known);
    if (this.#outdated.size === 0) return NONE;
    const arePagesOutdated = this.#outdated.delete(this.#pages);
    const wasHeld = this.#held > 0;
    for (const reason of this.#outdated) {
      this.#outdated.delete(reason);
      this.#evaluate(reason, this.#known, before);
    }
    if (arePagesOutdated || wasHeld !== this.#held > 0) this.#evaluate(this.#pages, this.#known, before);
    return this.#changedSince(before);
  }

  /** All writes, for another query or other attrs. */
  #restart(known: KnownRows): void {
    if (this.#isCurrent()) return;
    const { compiled, attrs, baseStore } = this.#view;
    this.#basis = [compiled, attrs, baseStore.attrs];
    for (const reason of this.#reasons.values()) this.#outdated.add(Object.assign(reason, { uses: 0 }));
    this.#reasons.clear();
    this.#byWrite.clear();
    const { lacking, nodes } = needsOf(compiled);
    if (lacking.some(([attrId]) => !baseStore.attrs.byId(attrId))) this.#use(new Map([['', (borrowing) => borrowing.lacking()]]));
    this.#pages.uses = nodes.some(({ node }) => isPage(node)) ? 1 : 0;
    this.#outdated.add(this.#pages);
    for (const write of known.missing(this.#view)) this.add(write);
  }

  #isCurrent(): boolean {
    const [compiled, attrs, baseAttrs] = this.#basis;
    return compiled === this.#view.compiled && attrs === this.#view.attrs && baseAttrs === this.#view.baseStore.attrs;
  }

  #use(seeds: ReadonlyMap<string, Seed>): Reason[] {
    return [...seeds].map(([name, seed]) => {
      const reason = this.#reasons.get(name) ?? newReason(name, seed);
      if (++reason.uses === 1) this.#outdated.add(reason);
      this.#reasons.set(name, reason);
      return reason;
    });
  }

  #release(reasons: readonly Reason[]): void {
    for (const reason of reasons) {
      if (--reason.uses !== 0) continue;
      this.#reasons.delete(reason.name);
      this.#outdated.add(reason);
    }
  }

  #evaluate(reason: Reason, known: KnownRows, before: Before): void {
    const borrowing = new Borrowing(this.#view, known);
    if (reason.uses > 0) reason.seed(borrowing);
    const { rows, keys, isHeld, also } = reason;
    reason.also = this.#use(borrowing.also);
    this.#release(also);
    reason.rows = [...borrowing.rows.values()].filter(({ etype, row }) => this.#view.baseStore.row(etype, row.id) !== row);
    this.#held += Number(borrowing.isHeld) - Number(isHeld);
    reason.isHeld = borrowing.isHeld;
    for (const borrowed of reason.rows) this.#count(borrowed, 1, before);
    for (const borrowed of rows) this.#count(borrowed, -1, before);
    reason.keys = borrowing.keys;
    for (const key of keys) {
      const dependents = borrowing.keys.has(key) ? undefined : this.#dependents.get(key);
      if (dependents?.delete(reason) && dependents.size === 0) this.#dependents.delete(key);
    }
    for (const key of borrowing.keys) {
      const dependents = this.#dependents.get(key);
      if (dependents) dependents.add(reason);
      else this.#dependents.set(key, new Set([reason]));
    }
  }

  #count({ etype, row }: BorrowedRow, change: 1 | -1, before: Before): void {
    const rows = this.#rows.get(row.id) ?? new Map<string, Lent>();
    this.#rows.set(row.id, rows);
    const lent = rows.get(etype);
    const key = `${etype} ${row.id}`;
    if (!before.has(key)) before.set(key, { etype, id: row.id, row: lent?.row });
    const loans = (lent?.loans ?? 0) + change;
    if (loans > 0) rows.set(etype, { row: change > 0 ? row : (lent?.row ?? row), loans });
    else rows.delete(etype);
    if (rows.size === 0) this.#rows.delete(row.id);
  }

  #changedSince(before: Before): Set<string> {
    const changed = new Set<string>();
    for (const { etype, id, row } of before.values()) {
      const now = this.#rows.get(id)?.get(etype)?.row;
      if (now !== row && !(now && row && sameRow(now, row, this.#view.attrs.namespace(etype))))
        addTouched(changed, id, { before: row, after: now });
    }
    return changed;
  }

  /** Applies the rows of these entities, or all. */
  putInto(layer: Layer, ids: Iterable<string> = this.#rows.keys()): void {
    if (this.#rows.size === 0) return;
    for (const id of ids) for (const [etype, { row }] of this.#rows.get(id) ?? []) layer.put(etype, id, row);
  }
}
