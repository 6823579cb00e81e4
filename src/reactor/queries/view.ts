// What a subscriber sees: the server's result with the pending writes applied in order, and the rows these bring in from other results. The
// result itself never contains a pending write. Changes are traced from the touched entities to the affected rows.

import type { Attrs } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import { asStored } from '../../db/ingest.ts';
import { Layer } from '../../db/layer.ts';
import { patch } from '../../db/patch.ts';
import { type ChangeSet, touchedBy } from '../../db/change-set.ts';
import { Store } from '../../db/store.ts';
import { updatesOf, writtenEtypes } from '../../db/updates.ts';
import type { TriplaneError } from '../../errors.ts';
import type { EntityRef, LookupRef } from '../../protocol/transact-messages.ts';
import type { TripleResult, ReadDelta } from '../../protocol/query-result.ts';
import type { CompiledQuery } from '../../query/compile.ts';
import type { Query } from '../../query/query.ts';
import { type ResultInfo, LiveResult } from '../../query/live-result.ts';
import {
  type BaseVersion,
  type IngestedResult,
  type ResultSource,
  StaleMarker,
  type SubscriberResult,
  type ViewConfig,
} from './view-input.ts';
import { Compilation } from './compilation.ts';
import { updatedBy } from '../mutations/write-set.ts';
import { Loans } from './loans.ts';
import { comesBefore, type PendingMutation, type AppliedMutation, AppliedMutations } from './pending-in-view.ts';

export type { PendingMutation } from './pending-in-view.ts';

export class View {
  readonly #config: ViewConfig;
  readonly #now: () => number;
  #attrs: Attrs;
  #store: Store;
  #source: ResultSource = 'server';
  readonly #staleMarker = new StaleMarker();
  #layer: Layer;
  readonly #compilation: Compilation;
  readonly #applied = new AppliedMutations();
  /** What the writes need from other results. */
  readonly loans: Loans;
  /** Equal for queries with equal read permissions. */
  readonly ruleParams: string;
  /** Whether any of them searched by value. */
  #searched = false;
  /** Parts of the result besides its triples. */
  info: ResultInfo | undefined;
  #hasNewInfo = false;
  #live: LiveResult | undefined;
  #baseVersion: BaseVersion = {};

  constructor(query: Query, config: ViewConfig) {
    this.#config = config;
    this.ruleParams = JSON.stringify(query.$$ruleParams ?? null);
    this.#now = config.now ?? Date.now;
    this.loans = new Loans(this, config.known);
    this.#attrs = config.attrs;
    this.#store = this.newStore();
    this.#layer = new Layer(this.#store);
    this.#compilation = new Compilation(query, config.attrs, config);
  }

  /** Applies a result: the new base under the pending writes. Returns the changes. */
  setResult({ triples, pageInfo, aggregate }: TripleResult, source: ResultSource = 'server'): ChangeSet {
    this.#source = source;
    return this.#rebase(this.#store.replace(triples), { pageInfo, aggregate });
  }

  /** Applies a result that was ingested ahead. Undefined if that was done on another base. */
  setIngested(ingested: IngestedResult, source: ResultSource): ChangeSet | undefined {
    if (ingested.baseVersion !== this.#baseVersion) return undefined;
    this.#source = source;
    if (!ingested.fresh) return this.#rebase(this.#store.commit(ingested.changes), ingested.info);
    const { store, live, changeSet } = ingested.fresh;
    this.#store = store;
    this.#layer = new Layer(store);
    this.#live = live;
    this.info = ingested.info;
    this.#rebuild();
    this.#baseVersion = {};
    return changeSet;
  }

  /** What ingesting a result depends on. */
  get baseVersion(): BaseVersion {
    return this.#baseVersion;
  }

  get compiled(): CompiledQuery {
    return this.#compilation.compiled;
  }

  /** Why the query cannot be compiled against these attrs. */
  get error(): TriplaneError | undefined {
    return this.#compilation.error;
  }

  /** The result without the pending writes. */
  get baseStore(): Store {
    return this.#store;
  }

  /** Applies a delta to the result. Returns the changes. */
  applyDelta(delta: ReadDelta): ChangeSet {
    const { pageInfo = this.info?.pageInfo, aggregate = this.info?.aggregate } = delta;
    return this.#rebase(patch(this.#store, delta, { useDates: this.#config.useDates ?? false }), { pageInfo, aggregate });
  }

  /**
   * Whether a write can currently affect this view. A write that cannot need not be added until the result changes or an earlier write is
   * dropped.
   */
  isAffectedBy({ steps }: PendingMutation): boolean {
    if (this.#searched) return true;
    const { attrs } = this.#layer;
    const updates = updatesOf(steps, attrs, this.#config.useDates ?? false);
    if (updates)
      return updates.list.some(({ etype, id }) => this.#layer.row(etype, id) !== undefined) || this.loans.mayBorrow(steps, updates.ids);
    const etypes = writtenEtypes(steps, attrs);
    return !etypes || etypes.some((etype) => this.compiled.etypes.has(etype));
  }

  /** Applies one more write, in its position. */
  add(write: PendingMutation): void {
    const { last } = this.#applied;
    if (last && !comesBefore(last.write, write)) return this.#insert(write);
    const applied = this.#applied.append(write, this.#now(), this.#layer.attrs);
    const changed = this.loans.update([applied]);
    if (changed.size > 0 && this.#replay(changed) === 'all') return;
    this.#apply(applied);
    if (applied.makesAttrs) this.#rebuild();
  }

  /** A write that precedes others: only those to the same entities are applied again. */
  #insert(write: PendingMutation): void {
    const ids = updatedBy(write.steps);
    if (!ids || this.#searched) return this.rewrite([...this.writes(), write]);
    this.#replay(this.loans.update([this.#applied.insert(write, ids)], new Set(ids)));
  }

  /** Other queries' results changed. Returns whether this view may have changed. @param areNamed by values, in pending writes */
  onOthersChanged(ids: ReadonlySet<string>, areNamed: boolean): boolean {
    const changed = this.#updateWide(this.loans.lookedFor(ids));
    return (changed.size > 0 || (areNamed && this.#searched)) && this.#replay(changed) !== undefined;
  }

  /** Adds the entities that are borrowed now, or no longer, without being named by a write. */
  readonly #updateWide = (changed: Set<string>): Set<string> => this.loans.updateWide(this.#applied.all(), changed);

  /** Removes writes that were rejected or are contained in the result. Returns whether any of them was applied. */
  drop(eventIds: readonly string[]): boolean {
    const removed = eventIds.flatMap((eventId) => this.#applied.remove(eventId) ?? []);
    for (const each of removed) this.loans.end(each);
    if (removed.some(({ makesAttrs, searched }) => makesAttrs || searched)) this.#rebuild();
    else if (removed.length > 0) this.#replay(new Set(removed.flatMap(({ touched }) => [...touched])));
    return removed.length > 0;
  }

  /** Applies all pending writes again. */
  rewrite(writes: readonly PendingMutation[]): void {
    const sorted = [...writes].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
    this.#applied.clear();
    this.loans.clear();
    for (const write of sorted) this.#applied.append(write, this.#now(), this.#attrs);
    this.#rebuild();
  }

  setAttrs(attrs: Attrs): void {
    if (attrs === this.#attrs) return;
    this.#baseVersion = {};
    const sharesSlots = attrs.sharesSlotsWith(this.#attrs);
    const triples = sharesSlots ? [] : [...this.#store.triples()];
    this.#attrs = attrs;
    if (sharesSlots) this.#store.setAttrs(attrs);
    else {
      this.#store = this.newStore();
      this.#store.load(triples);
      this.#layer = new Layer(this.#store);
      this.#live = undefined;
    }
    this.#rebuild();
  }

  /** Undefined before the first result. The same object while nothing in it changed. */
  read(): SubscriberResult | undefined {
    if (!this.info) return undefined;
    if (this.#live) {
      this.#live.update(this.#layer.takeChangeSet(), this.#layer, this.#hasNewInfo ? this.info : undefined);
    } else {
      this.#layer.forgetChanges();
      this.#live = new LiveResult(this.compiled, this.#layer, this.info);
    }
    this.#hasNewInfo = false;
    return this.#staleMarker.mark(this.#live.result, this.#source);
  }

  /** The entities whose rows a write borrows from other results. */
  readonly borrowedBy = (eventId: string): readonly string[] => this.#applied.get(eventId)?.loan.rows.map(({ row }) => row.id) ?? [];

  /** Whether the write is currently applied. */
  readonly hasWrite = (eventId: string): boolean => this.#applied.get(eventId) !== undefined;

  /** Whether the write affects anything the query reads. */
  isTouchedBy(eventId: string): boolean {
    const applied = this.#applied.get(eventId);
    if (!applied) return false;
    const differs = (etype: string, id: string): boolean => this.#layer.row(etype, id) !== this.#store.row(etype, id);
    return [...applied.touched].some((id) => [...this.compiled.etypes].some((etype) => differs(etype, id)));
  }

  readonly writes = (): PendingMutation[] => [...this.#applied.all()].map(({ write }) => write);

  /** Whether the result or a pending write contains this entity in the namespace. */
  has(etype: string, e: EntityRef): boolean {
    const layer = this.#layer;
    if (typeof e === 'string') return layer.row(etype, e)?.exists(layer.attrs.idAttr(etype)) === true;
    return this.holders(e, [layer]).length > 0;
  }

  /** The entities that have this value in the result, or with the pending writes. */
  holders([attrId, value]: LookupRef, dbs: readonly Db[] = [this.#store, this.#layer]): readonly string[] {
    const attr = this.#layer.attrs.byId(attrId);
    return attr ? dbs.flatMap((db) => db.holders(attr, asStored(value, attr, this.#config.useDates))) : [];
  }

  /** The Db as seen, for lookups. */
  get db(): Layer {
    return this.#layer;
  }

  /** The base under the pending writes changed. */
  #rebase(changeSet: ChangeSet, info: ResultInfo): ChangeSet {
    this.#baseVersion = {};
    if (this.#live) this.#layer.baseChanged(changeSet);
    this.info = { ...info, isFromServer: true };
    this.#hasNewInfo = true;
    if (this.#applied.size > 0) this.#replay(this.#updateWide(touchedBy(changeSet)));
    return changeSet;
  }

  readonly newStore = (): Store => new Store(this.#attrs, { useDates: this.#config.useDates ?? false });

  #apply(applied: AppliedMutation): void {
    const find = (lookup: LookupRef): string | undefined => this.#config.known?.find(lookup, applied.write.eventId, this);
    this.#applied.apply(applied, this.#layer, this.#config.useDates ?? false, find);
    this.#searched ||= applied.searched;
  }

  /** Resets these entities to the result, and applies every write that depends on them again, in order. */
  #replay(changed: ReadonlySet<string>): 'all' | 'some' {
    if (this.#searched) return this.#rebuild();
    const ids = new Set(changed);
    if (this.loans.lookedFor(ids).size > 0) this.loans.update(this.#applied.dependingOn(ids), ids);
    const again = this.#applied.dependingOn(ids);
    // A write that is applied again must see the catalog as it was before later writes.
    if (!again.every((applied) => this.#applied.seesAllAttrs(applied))) return this.#rebuild();
    this.#layer.resetIds(ids);
    this.loans.putInto(this.#layer, ids);
    for (const applied of again) {
      this.#applied.forget(applied);
      this.#apply(applied);
    }
    return 'some';
  }

  #replayAll(): void {
    this.#layer.clear();
    this.#layer.setAttrs(undefined);
    this.loans.putInto(this.#layer);
    this.#searched = false;
    this.#applied.restart();
    for (const applied of this.#applied.all()) {
      this.#applied.forget(applied);
      applied.searched = false;
      this.#apply(applied);
    }
  }

  /** Call after the catalog or the list of writes changed as a whole. */
  #rebuild(): 'all' {
    this.#replayAll();
    this.#recompileIfNeeded();
    // Borrowing depends on what the query needs with all attrs.
    if (this.loans.update(this.#applied.all()).size > 0) this.#replayAll();
    return 'all';
  }

  #recompileIfNeeded(): void {
    if (!this.#compilation.update(this.#layer.attrs)) return;
    this.#live = undefined;
    this.#baseVersion = {};
  }
}
