// What a subscriber sees: the server's answer with the pending writes on top, in order, and nothing else. The
// answer never contains a pending write. Each change is followed from the entities it touches to the rows they
// reach; pure, but for the state it holds.

import { type ApplyOptions, applySteps } from '../db/apply.ts';
import type { Attrs } from '../db/attrs.ts';
import { asStored } from '../db/ingest.ts';
import { Layer } from '../db/layer.ts';
import { patch } from '../db/patch.ts';
import type { Report } from '../db/report.ts';
import { Store } from '../db/store.ts';
import { touchedBy } from '../db/touched.ts';
import { applyUpdates, updatesOf, writtenEtypes } from '../db/updates.ts';
import type { EntityRef } from '../protocol/step.ts';
import type { QueryAnswer, ReadDelta } from '../protocol/query-answer.ts';
import { type CompiledQuery, compile } from '../query/compile.ts';
import type { Query } from '../query/query.ts';
import { type AnswerInfo, LiveResult } from '../query/run.ts';
import type { LinkIndex } from '../schema.ts';
import { type AnswerSource, Marked, type SeenResult } from './answer-source.ts';
import type { Ground, ReadAhead } from './ahead.ts';
import { comesBefore, type PendingWrite, type Shown, ShownWrites } from './shown.ts';

export type { PendingWrite } from './shown.ts';

export interface ViewConfig {
  readonly attrs: Attrs;
  readonly links?: LinkIndex | undefined;
  readonly useDates?: boolean | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

export class View {
  readonly #query: Query;
  readonly #config: ViewConfig;
  #attrs: Attrs;
  #store: Store;
  #source: AnswerSource = 'server';
  readonly #marked = new Marked();
  #layer: Layer;
  #compiled: CompiledQuery;
  #signature: string;
  readonly #shown = new ShownWrites();
  /** Whether any of them searched by value. */
  #searched = false;
  #info: AnswerInfo | undefined;
  #hasNewInfo = false;
  #live: LiveResult | undefined;
  /** Another one, whenever something changes that an answer is read by. */
  #ground: Ground = {};

  constructor(query: Query, config: ViewConfig) {
    this.#query = query;
    this.#config = config;
    this.#attrs = config.attrs;
    this.#store = this.newStore();
    this.#layer = new Layer(this.#store);
    this.#compiled = this.#compile();
    this.#signature = this.#sign();
  }

  /** An answer: the new ground under the pending writes. Gives what is different now. */
  answer({ triples, pageInfo, aggregate }: QueryAnswer, source: AnswerSource = 'server'): Report {
    this.#source = source;
    return this.#stand(this.#store.replace(triples), { pageInfo, aggregate });
  }

  /** The same, of an answer that was read beforehand. Undefined if that was done on other ground. */
  answerRead(read: ReadAhead, source: AnswerSource): Report | undefined {
    if (read.ground !== this.#ground) return undefined;
    this.#source = source;
    if (!read.fresh) return this.#stand(this.#store.commit(read.changes), read.info);
    const { store, live, report } = read.fresh;
    this.#store = store;
    this.#layer = new Layer(store);
    this.#live = live;
    this.#rebuild();
    this.#info = read.info;
    this.#ground = {};
    return report;
  }

  /** What an answer is read by. */
  get ground(): Ground {
    return this.#ground;
  }

  get compiled(): CompiledQuery {
    return this.#compiled;
  }

  /** The answer as it is held, without the pending writes. */
  get answered(): Store {
    return this.#store;
  }

  /** What came and went in the answer. Gives what is different now. */
  amend(delta: ReadDelta): Report {
    const { pageInfo = this.#info?.pageInfo, aggregate = this.#info?.aggregate } = delta;
    return this.#stand(patch(this.#store, delta, { useDates: this.#config.useDates ?? false }), { pageInfo, aggregate });
  }

  /** What came with the answer besides its triples. */
  get info(): AnswerInfo | undefined {
    return this.#info;
  }

  /**
   * Whether a write can make a difference here, as things are. One that cannot need not be added, until the answer changes or a write
   * before it is dropped.
   */
  concerns({ steps }: PendingWrite): boolean {
    if (this.#searched) return true;
    const { attrs } = this.#layer;
    const updates = updatesOf(steps, attrs, this.#config.useDates ?? false);
    if (updates) return updates.list.some(({ etype, id }) => this.#layer.row(etype, id) !== undefined);
    const etypes = writtenEtypes(steps, attrs);
    return !etypes || etypes.some((etype) => this.#compiled.etypes.has(etype));
  }

  /** Shows one more write, in its place. */
  add(write: PendingWrite): void {
    const { last } = this.#shown;
    if (last && !comesBefore(last.write, write)) return this.rewrite([...this.writes(), write]);
    const shown = this.#append(write);
    this.#apply(shown);
    if (shown.makesAttrs) this.#recompileIfNeeded();
  }

  /** Shows a write no longer: it was refused, or the answer has it. Whether it was shown. */
  drop(eventId: string): boolean {
    const gone = this.#shown.remove(eventId);
    if (!gone) return false;
    if (gone.makesAttrs || this.#shown.makesAttrs) this.#rebuild();
    else if (gone.searched) this.#replayAll();
    else this.#replay(gone.touched);
    return true;
  }

  /** The pending writes anew, all of them. */
  rewrite(writes: readonly PendingWrite[]): void {
    const sorted = [...writes].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
    this.#shown.clear();
    for (const write of sorted) this.#append(write);
    this.#rebuild();
  }

  setAttrs(attrs: Attrs): void {
    if (attrs === this.#attrs) return;
    this.#ground = {};
    const isKin = attrs.isKin(this.#attrs);
    const triples = isKin ? [] : [...this.#store.triples()];
    this.#attrs = attrs;
    if (isKin) this.#store.setAttrs(attrs);
    else {
      this.#store = this.newStore();
      this.#store.load(triples);
      this.#layer = new Layer(this.#store);
      this.#live = undefined;
    }
    this.#rebuild();
  }

  /** Undefined before the first answer. The same object while nothing in it changed. */
  read(): SeenResult | undefined {
    if (!this.#info) return undefined;
    if (this.#live) {
      this.#live.update(this.#layer.takeReport(), this.#layer, this.#hasNewInfo ? this.#info : undefined);
    } else {
      this.#layer.forgetChanges();
      this.#live = new LiveResult(this.#compiled, this.#layer, this.#info);
    }
    this.#hasNewInfo = false;
    return this.#marked.mark(this.#live.result, this.#source);
  }

  /** Whether the write is still put on top of the answer. */
  holds(eventId: string): boolean {
    return this.#shown.get(eventId) !== undefined;
  }

  /** Whether the write makes a difference to anything the query asks about. */
  isTouchedBy(eventId: string): boolean {
    const shown = this.#shown.get(eventId);
    if (!shown) return false;
    const differs = (etype: string, id: string): boolean => this.#layer.row(etype, id) !== this.#store.row(etype, id);
    return [...shown.touched].some((id) => [...this.#compiled.etypes].some((etype) => differs(etype, id)));
  }

  writes(): PendingWrite[] {
    return [...this.#shown.all()].map(({ write }) => write);
  }

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
  #stand(report: Report, info: AnswerInfo): Report {
    this.#ground = {};
    if (this.#live) this.#layer.baseChanged(report);
    if (this.#shown.size > 0) this.#replay(touchedBy(report));
    this.#info = info;
    this.#hasNewInfo = true;
    return report;
  }

  /** With nothing in it. */
  newStore(): Store {
    return new Store(this.#attrs, { useDates: this.#config.useDates ?? false });
  }

  #compile(): CompiledQuery {
    return compile(this.#query, this.#layer.attrs, { singular: this.#config.links });
  }

  #sign(): string {
    return [...this.#compiled.etypes].map((etype) => this.#layer.attrs.signature(etype)).join('\n');
  }

  #append(write: PendingWrite): Shown {
    return this.#shown.append(write, this.#config.now?.() ?? Date.now());
  }

  #apply(shown: Shown): void {
    const { steps } = shown.write;
    const updates = updatesOf(steps, this.#layer.attrs, this.#config.useDates ?? false);
    if (updates) {
      shown.touched = updates.ids;
      applyUpdates(this.#layer, updates);
    } else applySteps(this.#layer, steps, this.#applyOptions(shown));
    this.#shown.applied(shown);
  }

  #applyOptions(shown: Shown): ApplyOptions {
    let time = shown.since;
    const touched = new Set<string>();
    shown.touched = touched;
    return {
      now: () => time++,
      useDates: this.#config.useDates ?? false,
      touch: (id) => touched.add(id),
      search: () => (this.#searched = shown.searched = true),
    };
  }

  /** These entities as the answer has them, and every write that depends on them again, in order. */
  #replay(changed: ReadonlySet<string>): void {
    // A write applied again must find the catalogue as it was before the writes after it.
    if (this.#shown.makesAttrs) return this.#rebuild();
    if (this.#searched) return this.#replayAll();
    const ids = new Set(changed);
    const again = this.#shown.dependingOn(ids);
    this.#layer.resetIds(ids);
    for (const shown of again) {
      this.#shown.forget(shown);
      this.#apply(shown);
    }
  }

  #replayAll(): void {
    this.#layer.clear();
    this.#searched = false;
    for (const shown of this.#shown.all()) {
      this.#shown.forget(shown);
      shown.searched = false;
      this.#apply(shown);
    }
  }

  /** After the catalogue or the list of writes changed as a whole. */
  #rebuild(): void {
    this.#layer.clear();
    this.#layer.setAttrs(undefined);
    this.#replayAll();
    this.#recompileIfNeeded();
  }

  #recompileIfNeeded(): void {
    const before = this.#signature;
    this.#compiled = this.#compile();
    this.#signature = this.#sign();
    if (before === this.#signature) return;
    this.#live = undefined;
    this.#ground = {};
  }
}
