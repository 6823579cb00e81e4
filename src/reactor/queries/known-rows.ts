// What the results of all live queries tell about an entity. A pending write that moves a row into another query is shown there with what
// this client knows of the row.

import type { KnownAttr, Namespace } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import { equal } from '../../lib/equal.ts';
import { addLink, type Links, listed } from '../../db/links.ts';
import { Row } from '../../db/row.ts';
import type { LookupRef, Step } from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import type { QueryNode } from '../../query/compile.ts';
import { type LinkEnd, linked } from '../../query/where.ts';
import { isOlder } from '../tx-position.ts';
import { isUpdate } from '../mutations/write-set.ts';
import { type CompleteList, completeLists, haveAllLinks } from './complete-lists.ts';
import { KeptRows, type Source } from './kept-rows.ts';
import type { EntityIndex } from './entity-index.ts';
import type { LiveQuery } from './live-query.ts';
import { keysOf, ReadLayer, ROWS } from './loan-keys.ts';
import { comesBefore, type PendingMutation } from './pending-in-view.ts';
import { PendingSteps } from './pending-steps.ts';
import { type Coverage, linkKey, NOTHING } from './query-needs.ts';
import { toldOf } from './shown-rows.ts';
import type { View } from './view.ts';

export interface KnownRow {
  readonly row: Row;
  /** Whether a result that contains it is newer than the asking query's. */
  readonly isNewer: boolean;
  /** Whether it would be another one if the results had other positions. */
  readonly isDated: boolean;
  /** Whether a missing value is known to be missing. */
  covers(attr: KnownAttr): boolean;
  /** Whether all linked entities that pass the filter are known. */
  coversLinks(end: LinkEnd, filter: string): boolean;
}

export class KnownRows {
  readonly #liveQueries: ReadonlyMap<string, LiveQuery>;
  readonly #index: EntityIndex;
  readonly #isMissing: (live: LiveQuery, eventId: string) => boolean;
  /** What all pending writes do; each view lacks some of them. */
  readonly pending = new PendingSteps((lookup) => this.#holders(lookup));
  readonly #kept = new KeptRows();

  /** @param isMissing whether the query's result lacks a pending write */
  constructor(liveQueries: ReadonlyMap<string, LiveQuery>, index: EntityIndex, isMissing: (live: LiveQuery, eventId: string) => boolean) {
    this.#liveQueries = liveQueries;
    this.#index = index;
    this.#isMissing = isMissing;
  }

  /** Returns what views know less of. */
  removePending(write: PendingMutation): ReadonlySet<string> {
    const ids = this.pending.keysOf(write.eventId);
    this.pending.remove(write.eventId);
    const dropped = this.hasPending ? this.#kept.prune((id) => this.pending.isAbout(id), ids) : this.#kept.prune(() => false);
    return keysOf(dropped);
  }

  get hasPending(): boolean {
    return !this.pending.isEmpty;
  }

  /** The pending writes that the asking query's result lacks. */
  missing(asking: View): PendingMutation[] {
    return [...this.pending.all()].filter(this.#isLacking(asking));
  }

  /** Their steps on the entity. */
  *stepsOn(id: string, asking: View): Generator<Step> {
    const isMissing = this.#isLacking(asking);
    for (const [write, steps] of this.pending.about(id))
      if (isMissing(write)) yield* asking.pending.rewritten(write)?.filter(([, e]) => e === id) ?? steps;
  }

  /** The entities that they link with this one. */
  newlyLinked({ attr, isForward }: LinkEnd, id: string, asking: View): string[] {
    const isMissing = this.#isLacking(asking);
    if (!isForward) return [...this.pending.adding(attr.id, id)].flatMap(([write, entities]) => (isMissing(write) ? entities : []));
    const targets: string[] = [];
    for (const [op, , attrId, value] of this.stepsOn(id, asking))
      if (op === 'add-triple' && attrId === attr.id && typeof value === 'string') targets.push(value);
    return targets;
  }

  /** The updates among them of these entities. */
  updatesOf(ids: Iterable<string>, asking: View): Set<PendingMutation> {
    const found = new Set<PendingMutation>();
    const isMissing = this.#isLacking(asking);
    for (const id of ids) for (const [write] of this.pending.about(id)) if (isUpdate(write.steps) && isMissing(write)) found.add(write);
    return found;
  }

  #isLacking(asking: View): (write: PendingMutation) => boolean {
    const live = this.#liveOf(asking);
    return ({ eventId }) => live !== undefined && this.#isMissing(live, eventId);
  }

  /** The entity that has the value in other results, and after the pending writes before this one. */
  find(lookup: LookupRef, write: PendingMutation, asking: View): string | undefined {
    const etype = asking.attrs.byId(lookup[0])?.etype;
    return [...this.#holders(lookup)].find((id) => {
      const earlier = [...this.pending.about(id)].filter(([other]) => comesBefore(other, write));
      const steps = earlier.sort(([a], [b]) => (comesBefore(a, b) ? -1 : 1)).flatMap(([, each]) => each);
      return steps.reduce((isHolder, [op, , attrId, value]) => {
        const isDeletion = op === 'delete-entity';
        if (isDeletion ? attrId !== undefined && attrId !== etype : attrId !== lookup[0]) return isHolder;
        return isDeletion ? false : equal(value, lookup[1]) ? op !== 'retract-triple' : isHolder && op === 'retract-triple';
      }, true);
    });
  }

  /** The entities that have the value in any result. */
  *#holders(lookup: LookupRef): Generator<string> {
    for (const { view, source } of this.#liveQueries.values()) {
      if (source === undefined) continue;
      yield* view.holders(lookup, [view.baseStore]);
      const attr = view.baseStore.attrs.byId(lookup[0]);
      if (attr) for (const { row } of this.#kept.holders(attr, lookup[1])) yield row.id;
    }
  }

  /** Whether any result other than the asking query's contains the entity. */
  has(id: string, asking: View): boolean {
    if (this.#kept.has(id, asking)) return true;
    for (const { view } of others(this.#index.queriesWith(new Set([id])), asking)) if (view.baseStore.hasEntity(id)) return true;
    return false;
  }

  /** The ids in other results. */
  *ids(etype: string, asking: View): Generator<string> {
    for (const { view } of others(this.#liveQueries.values(), asking)) for (const { id } of view.baseStore.rows(etype)) yield id;
  }

  /** The results with all rows of a list. */
  lists({ etype, options }: QueryNode, asking: View): Generator<CompleteList> {
    return completeLists(this.#alike(asking), etype, options.where);
  }

  /** What other results know of the entity, on top of the asking query's own result. @param keys receives what that depends on */
  row(etype: string, id: string, asking: View, keys: Set<string>): KnownRow | undefined {
    const sources = this.#sources(etype, id, asking, keys);
    if (sources.length === 0) return undefined;
    const position = this.#liveOf(asking)?.processed;
    const own = asking.baseStore.row(etype, id);
    const rows = sources.map(({ row }) => row);
    return {
      row: merged(id, own ? [own, ...rows] : rows, asking.baseStore.attrs.namespace(etype)),
      isNewer:
        position !== undefined &&
        sources.some(({ live, isKept }) => !isKept && live.processed !== undefined && isOlder(position, live.processed)),
      isDated: sources.length > 1,
      covers: (attr) => sources.some(({ coverage }) => coverage.attrs.has(attr.id)),
      coversLinks: (end, filter) =>
        sources.some(({ coverage: { links } }) => links.has(linkKey(end, filter)) || links.has(linkKey(end, 'null'))) ||
        haveAllLinks(this.#alike(asking), end, (JSON.parse(filter) ?? {}) as Record<string, unknown>),
    };
  }

  /** The entities linked with this one, as far as any result contains them. */
  linked(end: LinkEnd, id: string, asking: View): ReadonlySet<string> {
    const found = new Set(linked(asking.baseStore, end, id));
    for (const { view } of others(this.#liveQueries.values(), asking)) for (const far of linked(view.baseStore, end, id)) found.add(far);
    const kept = end.isForward ? [this.#kept.get(end.attr.etype, id)] : this.#kept.holders(end.attr, id);
    for (const source of kept) {
      if (!source || source.live.view === asking) continue;
      for (const far of end.isForward ? source.row.targets(end.attr) : [source.row.id]) found.add(far);
    }
    return found;
  }

  /** A result changed: values it no longer contains are kept if they may be needed. */
  onResultChanged(view: View, changeSet: ChangeSet): void {
    const live = this.hasPending ? this.#liveOf(view) : undefined;
    if (!live) return;
    for (const [etype, changes] of changeSet) {
      for (const { before, after } of changes.values()) if (before && !after) this.#keep(etype, before, live);
    }
  }

  onClosed(live: LiveQuery): void {
    if (!this.hasPending || live.source === undefined) return;
    const { baseStore } = live.view;
    for (const etype of baseStore.etypes()) for (const row of baseStore.rows(etype)) this.#keep(etype, row, live);
  }

  clear(): void {
    this.#kept.clear();
  }

  #keep(etype: string, row: Row, live: LiveQuery): void {
    if (!this.pending.isAbout(row.id) && !this.#isNeeded(row.id)) return;
    this.#kept.keep(etype, { live, row, coverage: toldBy(live, etype, row, new Set()), isKept: true });
  }

  #isNeeded(id: string): boolean {
    for (const { view } of this.#liveQueries.values()) if (view.pending.loans.dependsOn(id)) return true;
    return false;
  }

  /** Newest first. */
  #sources(etype: string, id: string, asking: View, keys: Set<string>): readonly Source[] {
    const sources: Source[] = [];
    for (const live of others(this.#index.queriesWith(new Set([id])), asking)) {
      const row = live.view.baseStore.row(etype, id);
      if (row) sources.push({ live, row, coverage: toldBy(live, etype, row, keys), isKept: false });
    }
    const kept = this.#kept.get(etype, id);
    if (sources.length === 0) return kept && kept.live.view !== asking ? [kept] : [];
    return sources.sort((a, b) => (isOlder(a.live.processed ?? {}, b.live.processed) ? 1 : -1));
  }

  /** The asking query, and those whose results it may use. */
  *#alike(asking: View): Generator<LiveQuery> {
    const own = this.#liveOf(asking);
    if (own?.source !== undefined) yield own;
    yield* others(this.#liveQueries.values(), asking);
  }

  #liveOf(view: View): LiveQuery | undefined {
    for (const live of this.#liveQueries.values()) if (live.view === view) return live;
    return undefined;
  }
}

/** What a result tells of a row by what it does not contain. One evaluated on other results tells nothing by that. */
function toldBy({ view, source }: LiveQuery, etype: string, row: Row, keys: Set<string>): Coverage {
  if (source === 'local' || !row.exists(view.baseStore.attrs.idAttr(etype))) return NOTHING;
  return toldOf(view, etype, row, () => new ReadLayer(view.baseStore, keys, ROWS));
}

/** Rules may hide an entity from one query and show it to another with other parameters. */
function* others(liveQueries: Iterable<LiveQuery>, asking: View): Generator<LiveQuery> {
  for (const live of liveQueries) {
    const { view, source } = live;
    if (view === asking || source === undefined || view.ruleParams !== asking.ruleParams) continue;
    if (view.baseStore.attrs.sharesSlotsWith(asking.baseStore.attrs)) yield live;
  }
}

/** Of differing values, the first counts; of links, a result may contain only those it needs. */
function merged(id: string, rows: readonly Row[], { links }: Namespace): Row {
  const [first] = rows;
  if (first && rows.length === 1) return first;
  const values = Array<Value>(Math.max(...rows.map((row) => row.values.length))).fill(undefined);
  for (const row of rows) {
    row.values.forEach((value, slot) => {
      if (values[slot] === undefined) values[slot] = value;
    });
  }
  for (const { slot, isMany } of links) {
    if (isMany) values[slot] = rows.flatMap((row) => listed(row.values[slot] as Links)).reduce<Links>(addLink, undefined);
  }
  return new Row(id, Math.max(...rows.map(({ t }) => t)), values);
}
