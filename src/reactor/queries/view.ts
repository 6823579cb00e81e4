// What a subscriber sees: the server's result under the pending writes. The result itself never contains a pending write.

import type { Attrs } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import { asStored } from '../../db/ingest.ts';
import type { Layer } from '../../db/layer.ts';
import { patch } from '../../db/patch.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import { Store } from '../../db/store.ts';
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
import { PendingLayer } from './pending-layer.ts';

export class View {
  readonly #config: ViewConfig;
  #attrs: Attrs;
  #store: Store;
  #source: ResultSource = 'server';
  readonly #staleMarker = new StaleMarker();
  readonly #compilation: Compilation;
  readonly pending: PendingLayer;
  /** Equal for queries with equal read permissions. */
  readonly ruleParams: string;
  /** Parts of the result besides its triples. */
  info: ResultInfo | undefined;
  #hasNewInfo = false;
  #live: LiveResult | undefined;
  #baseVersion: BaseVersion = {};

  constructor(query: Query, config: ViewConfig) {
    this.#config = config;
    this.ruleParams = JSON.stringify(query.$$ruleParams ?? null);
    this.#attrs = config.attrs;
    this.#store = this.newStore();
    this.pending = new PendingLayer(this, config);
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
    this.#live = live;
    this.info = ingested.info;
    this.pending.restart();
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

  setAttrs(attrs: Attrs): void {
    if (attrs === this.#attrs) return;
    this.#baseVersion = {};
    const sharesSlots = attrs.sharesSlotsWith(this.#attrs);
    const triples = sharesSlots ? [] : [...this.#store.triples()];
    this.#attrs = attrs;
    if (sharesSlots) {
      this.#store.setAttrs(attrs);
      return this.pending.rebuild();
    }
    this.#store = this.newStore();
    this.#store.load(triples);
    this.#live = undefined;
    this.pending.restart();
  }

  /** Undefined before the first result. The same object while nothing in it changed. */
  read(): SubscriberResult | undefined {
    if (!this.info) return undefined;
    const { db } = this;
    if (this.#live) {
      this.#live.update(db.takeChangeSet(), db, this.#hasNewInfo ? this.info : undefined);
    } else {
      db.forgetChanges();
      this.#live = new LiveResult(this.compiled, db, this.info);
    }
    this.#hasNewInfo = false;
    return this.#staleMarker.mark(this.#live.result, this.#source);
  }

  /** Whether the result or a pending write contains this entity in the namespace. */
  has(etype: string, e: EntityRef): boolean {
    const layer = this.db;
    if (typeof e === 'string') return layer.row(etype, e)?.exists(layer.attrs.idAttr(etype)) === true;
    return this.holders(e, [layer]).length > 0;
  }

  /** The entities that have this value. */
  holders([attrId, value]: LookupRef, dbs: readonly Db[]): readonly string[] {
    return dbs.flatMap((db) => {
      const attr = db.attrs.byId(attrId);
      return attr ? db.holders(attr, asStored(value, attr, this.#config.useDates)) : [];
    });
  }

  /** The Db as seen. */
  get db(): Layer {
    this.pending.settle();
    return this.pending.db;
  }

  /** Of the server and the pending writes. */
  get attrs(): Attrs {
    return this.pending.db.attrs;
  }

  /** The base under the pending writes changed. */
  #rebase(changeSet: ChangeSet, info: ResultInfo): ChangeSet {
    this.#baseVersion = {};
    if (this.#live) this.pending.db.baseChanged(changeSet);
    this.info = { ...info, isFromServer: true };
    this.#hasNewInfo = true;
    this.#config.known?.onResultChanged(this, changeSet);
    this.pending.onBaseChanged(changeSet);
    return changeSet;
  }

  readonly newStore = (): Store => new Store(this.#attrs, { useDates: this.#config.useDates ?? false });

  /** The writes may change the catalog. */
  recompile(): void {
    if (!this.#compilation.update(this.attrs)) return;
    this.#live = undefined;
    this.#baseVersion = {};
  }
}
