// What the results of all live queries tell about an entity. A pending write that moves a row into another query is shown there with what
// this client knows of the row.

import type { KnownAttr, Namespace } from '../../db/attrs.ts';
import { isUniqueText } from '../../db/apply.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import { equal } from '../../lib/equal.ts';
import { addLink, type Links, listed } from '../../db/links.ts';
import { Row } from '../../db/row.ts';
import type { LookupRef, Step } from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import type { QueryNode } from '../../query/compile.ts';
import { type LinkEnd, linked } from '../../query/where.ts';
import { isOlder } from '../tx-position.ts';
import { lookupsIn, looksUp, writeSetOf } from '../mutations/write-set.ts';
import { type CompleteList, completeLists, haveAllLinks } from './complete-lists.ts';
import type { LiveQuery } from './live-query.ts';
import { comesBefore, type PendingMutation } from './pending-in-view.ts';
import { type Coverage, linkKey, NOTHING } from './query-needs.ts';
import { toldOf } from './shown-rows.ts';
import type { View } from './view.ts';

/** A row as contained in a result. */
interface Source {
  readonly live: LiveQuery;
  readonly row: Row;
  readonly coverage: Coverage;
  /** The result no longer contains it. */
  readonly isKept: boolean;
}

interface Named {
  readonly write: PendingMutation;
  readonly lookups: readonly LookupRef[];
  readonly ids: Set<string>;
}

export interface KnownRow {
  readonly row: Row;
  /** Whether a result that contains it is newer than the asking query's. */
  readonly isNewer: boolean;
  /** Whether a missing value is known to be missing. */
  covers(attr: KnownAttr): boolean;
  /** Whether all linked entities that pass the filter are known. */
  coversLinks(end: LinkEnd, filter: string): boolean;
}

export class KnownRows {
  readonly #liveQueries: ReadonlyMap<string, LiveQuery>;
  readonly #holding: (ids: ReadonlySet<string>) => Iterable<LiveQuery>;
  /** Entity → event id → each pending write that changes it. */
  readonly #writes = new Map<string, Map<string, PendingMutation>>();
  /** Entity → etype → its row in the last result that contained it. Kept while a pending write changes the entity. */
  readonly #kept = new Map<string, Map<string, Source>>();
  /** Event id of each pending write that names entities by a value → the lookups, and the entities they may mean. */
  readonly #named = new Map<string, Named>();

  /** @param holding finds at least the live queries whose results contain one of these entities */
  constructor(liveQueries: ReadonlyMap<string, LiveQuery>, holding: (ids: ReadonlySet<string>) => Iterable<LiveQuery>) {
    this.#liveQueries = liveQueries;
    this.#holding = holding;
  }

  addPending(write: PendingMutation): void {
    const { eventId, steps } = write;
    if (looksUp(steps)) this.#named.set(eventId, { write, lookups: lookupsIn(steps), ids: new Set() });
    for (const id of writeSetOf(steps).touches) this.#addWrite(id, write);
  }

  #addWrite(id: string, write: PendingMutation): void {
    const writes = this.#writes.get(id);
    if (writes) writes.set(write.eventId, write);
    else this.#writes.set(id, new Map([[write.eventId, write]]));
  }

  removePending({ eventId, steps }: PendingMutation): void {
    const named = this.#named.get(eventId)?.ids ?? [];
    this.#named.delete(eventId);
    for (const id of [...writeSetOf(steps).touches, ...named]) {
      const writes = this.#writes.get(id);
      writes?.delete(eventId);
      if (writes?.size !== 0) continue;
      this.#writes.delete(id);
      this.#kept.delete(id);
    }
  }

  get hasPending(): boolean {
    return this.#writes.size + this.#named.size > 0;
  }

  /**
   * The steps of a pending write, with every entity that has or had a value by which the write names one: in its turn, the write finds the
   * right one among them.
   */
  resolved(eventId: string, steps: readonly Step[], asking: View): readonly Step[] {
    const found = this.#named.get(eventId);
    if (!found) return steps;
    const named = (ref: unknown): readonly unknown[] => {
      const ids = Array.isArray(ref) ? this.#holders(ref as unknown as LookupRef, asking) : [];
      for (const id of ids) {
        this.#addWrite(id, found.write);
        found.ids.add(id);
      }
      return ids.length > 0 ? ids : [ref];
    };
    const { attrs } = asking.db;
    return steps.flatMap(([op, e, attrId, value, ...options]) => {
      const ends = attrs.byId(String(attrId))?.isRef ? named(value) : [value];
      return named(e).flatMap((id) => ends.map((end) => [op, id, attrId, end, ...options] as unknown as Step));
    });
  }

  /** Event ids of the pending writes that name one of these entities by a value. @param ids also the texts of their rows, before and now */
  naming(ids: ReadonlySet<string>, asking: View): ReadonlySet<string> {
    const found = new Set<string>();
    const { attrs } = asking.db;
    const mayMean = ([attrId, value]: LookupRef): boolean => {
      const attr = attrs.byId(attrId);
      return !attr || !isUniqueText(attr, value) || ids.has(value);
    };
    for (const [eventId, { write, lookups, ids: named }] of this.#named) {
      if (lookups.some(mayMean)) this.resolved(eventId, write.steps, asking);
      if ([...named].some((id) => ids.has(id))) found.add(eventId);
    }
    return found;
  }

  /** The entity that has the value in other results, and after the pending writes before this one. */
  find(lookup: LookupRef, write: PendingMutation, asking: View): string | undefined {
    const earlier = (id: string): Step[] => {
      const writes = [...(this.#writes.get(id)?.values() ?? [])].filter((other) => comesBefore(other, write));
      return writes.sort((a, b) => (comesBefore(a, b) ? -1 : 1)).flatMap(({ steps }) => steps);
    };
    const etype = asking.db.attrs.byId(lookup[0])?.etype;
    return this.#holders(lookup, asking, false).find((id) =>
      earlier(id).reduce((isHolder, [op, e, attrId, value]) => {
        const isDeletion = op === 'delete-entity';
        if (isDeletion ? attrId !== undefined && attrId !== etype : attrId !== lookup[0]) return isHolder;
        const isOf = e === id || (Array.isArray(e) && this.#holders(e as unknown as LookupRef, asking, false).includes(id));
        if (!isOf) return isHolder;
        return isDeletion ? false : equal(value, lookup[1]) ? op !== 'retract-triple' : isHolder && op === 'retract-triple';
      }, true),
    );
  }

  #holders(lookup: LookupRef, asking: View, withPending = true): readonly string[] {
    const views = [asking, ...[...others(this.#liveQueries.values(), asking)].map(({ view }) => view)];
    const ids = new Set(views.flatMap((view) => view.holders(lookup, withPending ? undefined : [view.baseStore])));
    const attr = asking.db.attrs.byId(lookup[0]);
    for (const rows of this.#kept.values())
      for (const [etype, { row }] of rows) if (attr?.etype === etype && equal(row.value(attr), lookup[1])) ids.add(row.id);
    return [...ids];
  }

  /** Event ids of the pending writes that change these entities. */
  pendingAbout(ids: Iterable<string>): ReadonlySet<string> {
    const found = new Set<string>();
    for (const id of ids) for (const eventId of this.#writes.get(id)?.keys() ?? []) found.add(eventId);
    return found;
  }

  /** Whether a pending write sets the attr of the entity. */
  isWritten(id: string, attrId: string): boolean {
    for (const { steps } of this.#writes.get(id)?.values() ?? [])
      if (steps.some(([, e, a]) => (e === id || Array.isArray(e)) && a === attrId)) return true;
    return false;
  }

  /** Whether any result other than the asking query's contains the entity. */
  has(id: string, asking: View): boolean {
    for (const { live } of this.#kept.get(id)?.values() ?? []) if (live.view !== asking) return true;
    for (const { view } of others(this.#holding(new Set([id])), asking)) if (view.baseStore.hasEntity(id)) return true;
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

  /** What other results know of the entity, on top of the asking query's own result. */
  row(etype: string, id: string, asking: View): KnownRow | undefined {
    const sources = this.#sources(etype, id, asking);
    if (sources.length === 0) return undefined;
    const position = this.#liveOf(asking)?.processed;
    const own = asking.baseStore.row(etype, id);
    const rows = sources.map(({ row }) => row);
    return {
      row: merged(id, own ? [own, ...rows] : rows, asking.baseStore.attrs.namespace(etype)),
      isNewer:
        position !== undefined &&
        sources.some(({ live, isKept }) => !isKept && live.processed !== undefined && isOlder(position, live.processed)),
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
    for (const [source, rows] of this.#kept) {
      const kept = rows.get(end.attr.etype);
      const targets = kept && kept.live.view !== asking ? kept.row.targets(end.attr) : [];
      if (end.isForward && source === id) for (const target of targets) found.add(target);
      if (!end.isForward && targets.includes(id)) found.add(source);
    }
    return found;
  }

  /** A result changed: values it no longer contains are kept if they may be needed. */
  onResultChanged(view: View, changeSet: ChangeSet): void {
    const live = this.hasPending ? this.#liveOf(view) : undefined;
    if (!live) return;
    for (const [etype, changes] of changeSet) {
      for (const [id, { before, after }] of changes) if (before && !after && this.#writes.has(id)) this.#keep(etype, before, live);
    }
  }

  onClosed(live: LiveQuery): void {
    const { baseStore } = live.view;
    for (const id of this.#writes.keys()) {
      for (const etype of baseStore.etypes()) {
        const row = baseStore.row(etype, id);
        if (row) this.#keep(etype, row, live);
      }
    }
  }

  clear(): void {
    this.#kept.clear();
  }

  #keep(etype: string, row: Row, live: LiveQuery): void {
    const rows = this.#kept.get(row.id) ?? new Map<string, Source>();
    this.#kept.set(row.id, rows.set(etype, { live, row, coverage: toldBy(live, etype, row), isKept: true }));
  }

  /** Newest first. */
  #sources(etype: string, id: string, asking: View): readonly Source[] {
    const sources: Source[] = [];
    for (const live of others(this.#holding(new Set([id])), asking)) {
      const row = live.view.baseStore.row(etype, id);
      if (row) sources.push({ live, row, coverage: toldBy(live, etype, row), isKept: false });
    }
    const kept = this.#kept.get(id)?.get(etype);
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
function toldBy({ view, source }: LiveQuery, etype: string, row: Row): Coverage {
  return source !== 'local' && row.exists(view.baseStore.attrs.idAttr(etype)) ? toldOf(view, etype, row) : NOTHING;
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
