// What a subscriber sees: the server's answer with the pending writes on top, in order, and what these bring in from other answers. The answer
// never contains a pending write. Each change is followed from the entities it touches to the rows they reach.

import type { Attrs } from '../../db/attrs.ts';
import { asStored } from '../../db/ingest.ts';
import { Layer } from '../../db/layer.ts';
import { patch } from '../../db/patch.ts';
import { type ChangeSet, touchedBy } from '../../db/change-set.ts';
import { Store } from '../../db/store.ts';
import { updatesOf, writtenEtypes } from '../../db/updates.ts';
import type { TriplaneError } from '../../errors.ts';
import type { EntityRef } from '../../protocol/transact-messages.ts';
import type { TripleResult, ReadDelta } from '../../protocol/query-result.ts';
import type { CompiledQuery } from '../../query/compile.ts';
import type { Query } from '../../query/query.ts';
import { type ResultInfo, LiveResult } from '../../query/live-result.ts';
import { type BaseVersion, type IngestedResult, type ResultSource, StaleMarker, type SubscriberResult } from './view-input.ts';
import { Compilation, type ViewOptions } from './compilation.ts';
import { updatedBy } from '../mutations/write-set.ts';
import type { KnownRows } from './known-rows.ts';
import { Loans } from './loans.ts';
import { comesBefore, type PendingMutation, type AppliedMutation, AppliedMutations } from './pending-in-view.ts';

export type { PendingMutation } from './pending-in-view.ts';

export interface ViewConfig extends ViewOptions {
  /** What the answers of other queries tell. */
  readonly known?: KnownRows | undefined;
  readonly attrs: Attrs;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

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
  /** What the writes need of other answers. */
  readonly loans: Loans;
  /** Equal for queries to which rules show the same. */
  readonly ruleParams: string;
  /** Whether any of them searched by value. */
  #searched = false;
  /** What came with the answer besides its triples. */
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

  /** An answer: the new ground under the pending writes. Gives what is different now. */
  setResult({ triples, pageInfo, aggregate }: TripleResult, source: ResultSource = 'server'): ChangeSet {
    this.#source = source;
    return this.#rebase(this.#store.replace(triples), { pageInfo, aggregate });
  }

  /** The same, of an answer that was read beforehand. Undefined if that was done on other ground. */
  setIngested(ingested: IngestedResult, source: ResultSource): ChangeSet | undefined {
    if (ingested.baseVersion !== this.#baseVersion) return undefined;
    this.#source = source;
    if (!ingested.fresh) return this.#rebase(this.#store.commit(ingested.changes), ingested.info);
    const { store, live, changeSet } = ingested.fresh;
    this.#store = store;
    this.#layer = new Layer(store);
    this.#live = live;
    this.#rebuild();
    this.info = ingested.info;
    this.#baseVersion = {};
    return changeSet;
  }

  /** What an answer is read by. */
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

  /** The answer as it is held, without the pending writes. */
  get baseStore(): Store {
    return this.#store;
  }

  /** What came and went in the answer. Gives what is different now. */
  applyDelta(delta: ReadDelta): ChangeSet {
    const { pageInfo = this.info?.pageInfo, aggregate = this.info?.aggregate } = delta;
    return this.#rebase(patch(this.#store, delta, { useDates: this.#config.useDates ?? false }), { pageInfo, aggregate });
  }

  /**
   * Whether a write can make a difference here, as things are. One that cannot need not be added, until the answer changes or a write
   * before it is dropped.
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

  /** Shows one more write, in its place. */
  add(write: PendingMutation): void {
    const { last } = this.#applied;
    if (last && !comesBefore(last.write, write)) return this.#insert(write);
    const applied = this.#applied.append(write, this.#now());
    const changed = this.loans.update(this.#applied.makesAttrs ? [] : [applied]);
    if (changed.size > 0 && this.#searched) return this.#rebuild();
    if (changed.size > 0) this.#replay(changed);
    this.#apply(applied);
    if (applied.makesAttrs) this.#rebuild();
  }

  /** A write that comes before others: of these, only those about the same entities are applied again. */
  #insert(write: PendingMutation): void {
    const ids = updatedBy(write.steps);
    if (!ids || this.#searched || this.#applied.makesAttrs) return this.rewrite([...this.writes(), write]);
    this.#replay(this.loans.update([this.#applied.insert(write, ids)], new Set(ids)));
  }

  /** The answers of other queries changed. Whether that may show here. */
  onOthersChanged(ids: ReadonlySet<string>): boolean {
    const changed = this.loans.lookedFor(ids);
    if (changed.size > 0) this.#replay(changed);
    return changed.size > 0;
  }

  /** Shows a write no longer: it was refused, or the answer has it. Whether it was shown. */
  drop(eventId: string): boolean {
    const removed = this.#applied.remove(eventId);
    if (!removed) return false;
    this.loans.end(removed);
    if (removed.makesAttrs || this.#applied.makesAttrs || removed.searched) this.#rebuild();
    else this.#replay(removed.touched);
    return true;
  }

  /** The pending writes anew, all of them. */
  rewrite(writes: readonly PendingMutation[]): void {
    const sorted = [...writes].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
    this.#applied.clear();
    this.loans.clear();
    for (const write of sorted) this.#applied.append(write, this.#now());
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

  /** Undefined before the first answer. The same object while nothing in it changed. */
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

  /** The entities whose rows a write borrows of other answers. */
  readonly borrowedBy = (eventId: string): readonly string[] => this.#applied.get(eventId)?.loan.rows.map(({ row }) => row.id) ?? [];

  /** Whether the write is still put on top of the answer. */
  readonly hasWrite = (eventId: string): boolean => this.#applied.get(eventId) !== undefined;

  /** Whether the write makes a difference to anything the query asks about. */
  isTouchedBy(eventId: string): boolean {
    const applied = this.#applied.get(eventId);
    if (!applied) return false;
    const differs = (etype: string, id: string): boolean => this.#layer.row(etype, id) !== this.#store.row(etype, id);
    return [...applied.touched].some((id) => [...this.compiled.etypes].some((etype) => differs(etype, id)));
  }

  readonly writes = (): PendingMutation[] => [...this.#applied.all()].map(({ write }) => write);

  /** Whether the answer or a pending write holds this entity in the namespace. */
  has(etype: string, e: EntityRef): boolean {
    const layer = this.#layer;
    if (typeof e === 'string') return layer.row(etype, e) !== undefined;
    const attr = layer.attrs.byId(e[0]);
    return attr !== undefined && layer.find(attr, asStored(e[1], attr, this.#config.useDates)) !== undefined;
  }

  /** The Db as seen, for those who must look something up. */
  get db(): Layer {
    return this.#layer;
  }

  /** The ground changed under the pending writes. */
  #rebase(changeSet: ChangeSet, info: ResultInfo): ChangeSet {
    this.#baseVersion = {};
    if (this.#live) this.#layer.baseChanged(changeSet);
    if (this.#applied.size > 0) this.#replay(touchedBy(changeSet));
    this.info = { ...info, isFromServer: true };
    this.#hasNewInfo = true;
    return changeSet;
  }

  readonly newStore = (): Store => new Store(this.#attrs, { useDates: this.#config.useDates ?? false });

  #apply(applied: AppliedMutation): void {
    this.#applied.apply(applied, this.#layer, this.#config.useDates ?? false);
    this.#searched ||= applied.searched;
  }

  /** These entities as the answer has them, and every write that depends on them again, in order. */
  #replay(changed: ReadonlySet<string>): void {
    // A write applied again must find the catalogue as it was before the writes after it.
    if (this.#applied.makesAttrs || this.#searched) return this.#rebuild();
    const ids = new Set(changed);
    if (this.loans.lookedFor(ids).size > 0) this.loans.update(this.#applied.dependingOn(ids), ids);
    const again = this.#applied.dependingOn(ids);
    this.#layer.resetIds(ids);
    this.loans.putInto(this.#layer, ids);
    for (const applied of again) {
      this.#applied.forget(applied);
      this.#apply(applied);
    }
  }

  #replayAll(): void {
    this.#layer.clear();
    this.loans.putInto(this.#layer);
    this.#searched = false;
    this.#applied.restart();
    for (const applied of this.#applied.all()) {
      this.#applied.forget(applied);
      applied.searched = false;
      this.#apply(applied);
    }
  }

  /** After the catalogue or the list of writes changed as a whole. */
  #rebuild(): void {
    this.#layer.clear();
    this.#layer.setAttrs(undefined);
    this.#replayAll();
    this.#recompileIfNeeded();
    // What is to be borrowed depends on what the query asks. While its catalog is uncertain, nothing is.
    const all = this.#applied.all();
    if ((this.#applied.makesAttrs ? this.loans.endAll(all) : this.loans.update(all)).size > 0) this.#replayAll();
  }

  #recompileIfNeeded(): void {
    if (!this.#compilation.update(this.#layer.attrs)) return;
    this.#live = undefined;
    this.#baseVersion = {};
  }
}
