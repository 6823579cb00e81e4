// The pending writes of a view, applied in order on top of its result, and the rows these bring in from other results. A change applies only
// those writes again that depend on it.

import { type ChangeSet, touchedBy } from '../../db/change-set.ts';
import { Layer } from '../../db/layer.ts';
import { updatesOf, writtenEtypes } from '../../db/updates.ts';
import type { LookupRef, Step } from '../../protocol/transact-messages.ts';
import { looksUp, updatedBy } from '../mutations/write-set.ts';
import { keysOfChanges, PAGE } from './loan-keys.ts';
import { Loans } from './loans.ts';
import { comesBefore, type PendingMutation, type AppliedMutation, AppliedMutations } from './pending-in-view.ts';
import type { View } from './view.ts';
import type { ViewConfig } from './view-input.ts';

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

  /** A write that the result lacks. Returns whether it can affect this view. */
  consider(write: PendingMutation): boolean {
    const isAffected = this.#isAffectedBy(write);
    if (isAffected) this.add(write);
    this.loans.add(write);
    return this.loans.invalidate(this.#config.known?.pending.keysOf(write.eventId) ?? []) || isAffected;
  }

  /** A write that cannot need not be applied until the result changes, or what is borrowed, or an earlier write is dropped. */
  #isAffectedBy({ steps }: PendingMutation): boolean {
    if (this.#applied.looksUp) return true;
    const { attrs } = this.db;
    const updates = updatesOf(steps, attrs, this.#config.useDates ?? false);
    if (updates) return updates.list.some(({ etype, id }) => this.db.row(etype, id) !== undefined);
    const etypes = writtenEtypes(steps, attrs);
    return !etypes || etypes.some((etype) => this.#view.compiled.etypes.has(etype));
  }

  /** Applies one more write, in its position. */
  add(write: PendingMutation): void {
    const { last } = this.#applied;
    if (last && !comesBefore(last.write, write)) return this.#insert(write);
    const applied = this.#applied.append(write, this.#now(), this.db.attrs);
    this.#apply(applied);
    if (applied.makesAttrs) this.rebuild();
  }

  /** A write that precedes others: only those to the same entities are applied again. */
  #insert(write: PendingMutation): void {
    const ids = updatedBy(write.steps);
    if (!ids || this.#applied.looksUp) return this.rewrite([...this.writes(), write]);
    this.#applied.insert(write, ids);
    this.#replay(ids);
  }

  /**
   * Other queries' results, or pending writes, changed. Returns whether this view may have changed.
   * @param naming the writes for which it matters, as they name an entity by a value
   */
  onOthersChanged(keys: ReadonlySet<string>, naming: readonly PendingMutation[]): boolean {
    const applied = naming.flatMap((write) => {
      this.loans.add(write);
      return this.#applied.get(write.eventId) ?? [];
    });
    if (applied.length > 0) this.#replay(new Set(applied.flatMap(({ touched }) => [...touched])));
    return this.loans.invalidate(keys) || applied.length > 0;
  }

  /** Brings in what the writes borrow now. */
  settle(): void {
    for (let ids = this.loans.settle(); ids.size > 0; ids = this.loans.settle()) {
      // Writes to rows that are borrowed now had no effect before.
      for (const write of this.#config.known?.updatesOf(ids, this.#view) ?? []) {
        const updated = this.hasWrite(write.eventId) ? undefined : updatedBy(write.steps);
        if (updated) this.#applied.insert(write, updated);
      }
      this.#replay(ids);
    }
  }

  /** Removes writes that were rejected or are contained in the result. @param keys of these. Returns whether that may change the view. */
  drop(eventIds: readonly string[], keys: Iterable<string> = []): boolean {
    const removed = eventIds.flatMap((eventId) => {
      this.loans.remove(eventId);
      return this.#applied.remove(eventId) ?? [];
    });
    if (removed.some(({ makesAttrs, searched }) => makesAttrs || searched)) this.rebuild();
    else if (removed.length > 0) this.#replay(new Set(removed.flatMap(({ touched, targets }) => [...touched, ...targets])));
    return this.loans.invalidate(keys) || removed.length > 0;
  }

  /** Applies all pending writes again. */
  rewrite(writes: readonly PendingMutation[]): void {
    const sorted = [...writes].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
    this.#applied.clear();
    this.loans.invalidateAll();
    for (const write of sorted) this.#applied.append(write, this.#now(), this.#view.baseStore.attrs);
    this.rebuild();
  }

  /** The result is another one. */
  restart(): void {
    this.db = new Layer(this.#view.baseStore);
    this.loans.clear();
    this.rebuild();
  }

  /** The result under the writes changed. */
  onBaseChanged(changeSet: ChangeSet): void {
    this.loans.invalidate(keysOfChanges(changeSet, PAGE));
    if (this.#applied.size > 0) this.#replay(touchedBy(changeSet));
  }

  /** The steps of a write, if they are others in terms of the view's catalog. */
  rewritten({ eventId, steps }: PendingMutation): readonly Step[] | undefined {
    const applied = this.#applied.get(eventId);
    return applied && applied.steps !== steps ? applied.steps : undefined;
  }

  /** Whether the write is currently applied. */
  readonly hasWrite = (eventId: string): boolean => this.#applied.get(eventId) !== undefined;

  /** Whether the write affects anything the query reads. */
  isTouchedBy(eventId: string): boolean {
    this.settle();
    const applied = this.#applied.get(eventId);
    if (!applied) return false;
    const differs = (etype: string, id: string): boolean => this.db.row(etype, id) !== this.#view.baseStore.row(etype, id);
    return [...applied.touched].some((id) => [...this.#view.compiled.etypes].some((etype) => differs(etype, id)));
  }

  readonly writes = (): PendingMutation[] => [...this.#applied.all()].map(({ write }) => write);

  #apply(applied: AppliedMutation): void {
    const { write } = applied;
    const find = (lookup: LookupRef): string | undefined => this.#config.known?.find(lookup, write, this.#view);
    this.#applied.apply(applied, this.db, this.#config.useDates ?? false, find);
    if (looksUp(write.steps)) this.#applied.addDependencies(applied, this.#config.known?.pending.namedBy(write.eventId) ?? new Set());
    this.#searched ||= applied.searched;
  }

  /** Resets these entities to the result and what is borrowed, and applies every write that depends on them again, in order. */
  #replay(changed: ReadonlySet<string>): void {
    if (this.#searched || !this.#applyAgain(new Set(changed))) this.rebuild();
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
        for (const id of [...applied.touched, ...applied.targets]) ids.add(id);
      }
    }
    return true;
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
  }
}
