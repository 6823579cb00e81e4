// The pending writes of a view, applied in order on top of its result, and the rows these bring in from other results. A change applies only
// those writes again that depend on it.

import { type ChangeSet, touchedBy } from '../../db/change-set.ts';
import { Layer } from '../../db/layer.ts';
import { updatesOf, writtenEtypes } from '../../db/updates.ts';
import type { LookupRef } from '../../protocol/transact-messages.ts';
import { looksUp, updatedBy } from '../mutations/write-set.ts';
import { Loans } from './loans.ts';
import { comesBefore, type PendingMutation, type AppliedMutation, AppliedMutations } from './pending-in-view.ts';
import type { View } from './view.ts';
import type { ViewConfig } from './view-input.ts';

/** Rows that are borrowed may bring in others: after so many, those of chains this long. */
const mostPasses = 4;

export class PendingLayer {
  readonly #view: View;
  readonly #config: ViewConfig;
  readonly #now: () => number;
  /** The result and the writes. */
  db: Layer;
  readonly #applied = new AppliedMutations();
  /** What the writes need from other results. */
  readonly loans: Loans;
  /** Whether any of them searched by a value that is not a unique text. */
  #searched = false;

  constructor(view: View, config: ViewConfig) {
    this.#view = view;
    this.#config = config;
    this.#now = config.now ?? Date.now;
    this.loans = new Loans(view, config.known);
    this.db = new Layer(view.baseStore);
  }

  /**
   * Whether a write can currently affect this view. A write that cannot need not be added until the result changes or an earlier write is
   * dropped.
   */
  isAffectedBy({ steps }: PendingMutation): boolean {
    if (this.#applied.looksUp) return true;
    const { attrs } = this.db;
    const updates = updatesOf(steps, attrs, this.#config.useDates ?? false);
    if (updates)
      return updates.list.some(({ etype, id }) => this.db.row(etype, id) !== undefined) || this.loans.mayBorrow(steps, updates.ids);
    const etypes = writtenEtypes(steps, attrs);
    return !etypes || etypes.some((etype) => this.#view.compiled.etypes.has(etype));
  }

  /** Applies one more write, in its position. */
  add(write: PendingMutation): void {
    const { last } = this.#applied;
    if (last && !comesBefore(last.write, write)) return this.#insert(write);
    const applied = this.#applied.append(write, this.#now(), this.db.attrs);
    this.#apply(applied);
    if (applied.makesAttrs) return this.rebuild();
    const isLookedFor = this.loans.lookedFor(applied.touched).size > 0;
    this.#borrowAgain(isLookedFor ? this.#applied.dependingOn(new Set(applied.touched)) : [applied]);
  }

  /** A write that precedes others: only those to the same entities are applied again. */
  #insert(write: PendingMutation): void {
    const ids = updatedBy(write.steps);
    if (!ids || this.#applied.looksUp) return this.rewrite([...this.writes(), write]);
    const applied = this.#applied.insert(write, ids);
    this.#replay(ids);
    this.#borrowAgain([applied]);
  }

  /**
   * Other queries' results changed. Returns whether this view may have changed.
   * @param naming event ids of the writes that name one of the entities by a value
   */
  onOthersChanged(ids: ReadonlySet<string>, naming: ReadonlySet<string>): boolean {
    const changed = this.#updateWide(this.loans.lookedFor(ids));
    for (const eventId of naming) for (const id of this.#applied.get(eventId)?.touched ?? []) changed.add(id);
    if (changed.size === 0) return false;
    this.#replay(changed);
    return true;
  }

  /** Some result is newer than before. Returns whether this view may have changed. */
  onPositionsChanged(): boolean {
    const { dated } = this.loans;
    return dated.size > 0 && this.#borrowAgain(this.#applied.dependingOn(new Set(dated)));
  }

  /** All views have these attrs: what each knows can be read by the others again. */
  onAttrsChanged(): void {
    this.#borrowAgain(this.#applied.all());
  }

  /** Adds the entities that are borrowed now, or no longer, without being named by a write. */
  readonly #updateWide = (changed: Set<string>): Set<string> => this.loans.updateWide(this.#applied.all(), changed);

  /** Removes writes that were rejected or are contained in the result. Returns whether any of them was applied. */
  drop(eventIds: readonly string[]): boolean {
    const removed = eventIds.flatMap((eventId) => this.#applied.remove(eventId) ?? []);
    for (const each of removed) this.loans.end(each);
    if (removed.some(({ makesAttrs, searched }) => makesAttrs || searched)) this.rebuild();
    else if (removed.length > 0) this.#replay(new Set(removed.flatMap(({ touched }) => [...touched])));
    return removed.length > 0;
  }

  /** Applies all pending writes again. */
  rewrite(writes: readonly PendingMutation[]): void {
    const sorted = [...writes].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
    this.#applied.clear();
    this.loans.clear();
    for (const write of sorted) this.#applied.append(write, this.#now(), this.#view.baseStore.attrs);
    this.rebuild();
  }

  /** The result is another one. */
  restart(): void {
    this.db = new Layer(this.#view.baseStore);
    this.rebuild();
  }

  /** The result under the writes changed. */
  onBaseChanged(changeSet: ChangeSet): void {
    if (this.#applied.size === 0) return;
    const changed = this.#updateWide(touchedBy(changeSet));
    if (this.#searched || !this.#applyAgain(changed)) return this.rebuild();
    this.#borrowAgain(this.#applied.dependingOn(changed));
  }

  /** The entities whose rows a write borrows from other results. */
  readonly borrowedBy = (eventId: string): readonly string[] => this.#applied.get(eventId)?.loan.rows.map(({ row }) => row.id) ?? [];

  /** Whether the write is currently applied. */
  readonly hasWrite = (eventId: string): boolean => this.#applied.get(eventId) !== undefined;

  /** Whether the write affects anything the query reads. */
  isTouchedBy(eventId: string): boolean {
    const applied = this.#applied.get(eventId);
    if (!applied) return false;
    const differs = (etype: string, id: string): boolean => this.db.row(etype, id) !== this.#view.baseStore.row(etype, id);
    return [...applied.touched].some((id) => [...this.#view.compiled.etypes].some((etype) => differs(etype, id)));
  }

  readonly writes = (): PendingMutation[] => [...this.#applied.all()].map(({ write }) => write);

  #apply(applied: AppliedMutation): void {
    const find = (lookup: LookupRef): string | undefined => this.#config.known?.find(lookup, applied.write, this.#view);
    this.#applied.apply(applied, this.db, this.#config.useDates ?? false, find);
    this.#searched ||= applied.searched;
  }

  /**
   * Resets these entities to the result, and applies every write that depends on them again, in order.
   * @param isGrowing whether writes keep what they borrow
   */
  #replay(changed: ReadonlySet<string>, isGrowing = false): void {
    if (this.#searched) return this.rebuild();
    let ids = new Set(changed);
    for (let pass = 0; ids.size > 0 && pass < mostPasses; pass++) {
      if (!this.#applyAgain(ids)) return this.rebuild();
      const areLookedFor = this.loans.lookedFor(ids).size > 0;
      const again = areLookedFor || this.#applied.looksUp ? this.#applied.dependingOn(ids) : [];
      const mayBorrow = areLookedFor || again.some(({ steps }) => looksUp(steps));
      ids = mayBorrow ? this.#borrow(again, isGrowing || pass > 0) : new Set();
    }
  }

  /** Adds what the writes reach now. Returns whether that is possible without all other writes. */
  #applyAgain(ids: Set<string>): boolean {
    for (let before = -1; before < ids.size;) {
      const again = this.#applied.dependingOn(ids);
      // A write that is applied again must see the catalog as it was before later writes.
      if (!again.every((applied) => this.#applied.seesAllAttrs(applied))) return false;
      before = ids.size;
      this.db.resetIds(ids);
      this.loans.putInto(this.db, ids);
      for (const applied of again) {
        this.#applied.forget(applied);
        this.#apply(applied);
        for (const id of applied.touched) ids.add(id);
      }
    }
    return true;
  }

  /** Determines again what these writes borrow, and applies what changes by that. Returns whether anything does. */
  #borrowAgain(writes: Iterable<AppliedMutation>): boolean {
    const changed = this.#borrow(writes);
    if (changed.size > 0) this.#replay(changed, true);
    return changed.size > 0;
  }

  /** It depends on what all writes have made of the entities that these look for. */
  #borrow(writes: Iterable<AppliedMutation>, isGrowing = false): Set<string> {
    const changed = this.loans.update(writes, new Set(), isGrowing);
    for (const applied of writes) this.#applied.addDependencies(applied, applied.loan.ids);
    return changed;
  }

  #replayAll(): void {
    this.db.clear();
    this.db.setAttrs(undefined);
    this.loans.putInto(this.db);
    this.#searched = false;
    this.#applied.restart();
    for (const applied of this.#applied.all()) {
      this.#applied.forget(applied);
      applied.searched = false;
      this.#apply(applied);
    }
  }

  /** Call after the catalog or the list of writes changed as a whole. */
  rebuild(): void {
    this.#replayAll();
    this.#view.recompile();
    // Borrowing depends on what the query needs with all attrs.
    for (let pass = 0; pass < mostPasses && this.#borrow(this.#applied.all(), pass > 0).size > 0; pass++) this.#replayAll();
  }
}
