// Rows of other results that lie under the pending writes of a view, and the write each was borrowed for.

import type { Layer } from '../../db/layer.ts';
import { type Row, sameRow } from '../../db/row.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { borrow, type BorrowedRow, type Loan, noLoan } from './borrowed-rows.ts';
import type { KnownRows } from './known-rows.ts';
import type { AppliedMutation } from './pending-in-view.ts';
import { decides, needsOf } from './query-needs.ts';
import type { View } from './view.ts';

export class Loans {
  readonly #view: View;
  readonly #known: KnownRows | undefined;
  /** Entity → etype → its row, and the number of writes that need it. */
  readonly #rows = new Map<string, Map<string, { row: Row; loans: number }>>();
  /** Entities that were looked up in other results. */
  readonly #lookedFor = new Set<string>();
  readonly #dated = new Set<string>();

  constructor(view: View, known: KnownRows | undefined) {
    this.#view = view;
    this.#known = known;
  }

  /** Entities with a borrowed row. */
  get ids(): Iterable<string> {
    return this.#rows.keys();
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** Whether the view has the entity in its result, or by a loan. */
  holds(id: string): boolean {
    return this.#rows.has(id) || this.#view.baseStore.hasEntity(id);
  }

  /** Whether steps can bring in one of these entities, which other results contain: now, or once one of these results is newer. */
  mayBorrow(steps: readonly Step[], ids: ReadonlySet<string>): boolean {
    if (!this.#known || !decides(steps, needsOf(this.#view.compiled))) return false;
    for (const id of ids) {
      if (!this.#known.has(id, this.#view)) continue;
      const { rows, dated } = borrow(this.#view, this.#known, steps);
      return rows.length + dated.size > 0;
    }
    return false;
  }

  /** Those of the entities that are looked up in other results. */
  lookedFor(ids: Iterable<string>): Set<string> {
    const found = new Set<string>();
    if (this.#lookedFor.size > 0) for (const id of ids) if (this.#lookedFor.has(id)) found.add(id);
    return found;
  }

  /** The entities that are borrowed, or not, because some result is newer than another. */
  get dated(): ReadonlySet<string> {
    return this.#dated;
  }

  /**
   * Determines again what writes borrow. Adds the entities whose borrowed row changed.
   * @param isGrowing whether they keep what they have: what one borrows may end the reason why
   */
  update(writes: Iterable<AppliedMutation>, changed = new Set<string>(), isGrowing = false): Set<string> {
    if (this.#known) for (const applied of writes) this.#update(applied, this.#known, changed, isGrowing);
    return changed;
  }

  /** The same for writes that borrow rows which no write names. */
  updateWide(writes: Iterable<AppliedMutation>, changed: Set<string>): Set<string> {
    return this.update(
      [...writes].filter(({ loan }) => loan.isWide),
      changed,
    );
  }

  /** The write no longer borrows anything. */
  end(applied: AppliedMutation): void {
    this.#return(applied.loan.rows, new Set());
    applied.loan = noLoan;
  }

  clear(): void {
    this.#rows.clear();
    this.#lookedFor.clear();
    this.#dated.clear();
  }

  /** Applies the rows of these entities, or all. */
  putInto(layer: Layer, ids: Iterable<string> = this.#rows.keys()): void {
    if (this.#rows.size === 0) return;
    for (const id of ids) for (const [etype, { row }] of this.#rows.get(id) ?? []) layer.put(etype, id, row);
  }

  #update(applied: AppliedMutation, known: KnownRows, changed: Set<string>, isGrowing: boolean): void {
    const before = applied.loan;
    const loan = borrow(this.#view, known, known.resolved(applied.write.eventId, applied.steps, this.#view), applied.makesAttrs);
    applied.loan = isGrowing ? joined(loan, before) : loan;
    for (const id of applied.loan.ids) this.#lookedFor.add(id);
    for (const id of applied.loan.dated) this.#dated.add(id);
    for (const borrowed of applied.loan.rows) this.#take(borrowed, changed);
    this.#return(before.rows, changed);
  }

  #take({ etype, row }: BorrowedRow, changed: Set<string>): void {
    const rows = this.#rows.get(row.id) ?? new Map<string, { row: Row; loans: number }>();
    this.#rows.set(row.id, rows);
    const before = rows.get(etype);
    if (!before || !sameRow(before.row, row, this.#view.db.attrs.namespace(etype))) changed.add(row.id);
    rows.set(etype, { row, loans: (before?.loans ?? 0) + 1 });
  }

  #return(borrowed: readonly BorrowedRow[], changed: Set<string>): void {
    for (const { etype, row } of borrowed) {
      const rows = this.#rows.get(row.id);
      const known = rows?.get(etype);
      if (!rows || !known || --known.loans > 0) continue;
      changed.add(row.id);
      rows.delete(etype);
      if (rows.size === 0) this.#rows.delete(row.id);
    }
  }
}

function joined(loan: Loan, before: Loan): Loan {
  const isNew = ({ etype, row: { id } }: BorrowedRow): boolean =>
    !loan.rows.some(({ etype: other, row }) => other === etype && row.id === id);
  const rows = [...loan.rows, ...before.rows.filter(isNew)];
  const ids = new Set([...loan.ids, ...before.ids]);
  return { rows, ids, dated: new Set([...loan.dated, ...before.dated]), isWide: loan.isWide || before.isWide };
}
