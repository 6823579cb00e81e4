// Index from entity id to the live queries whose result contains it, so that a write visits only those queries. Passive: callers report
// changes of results.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { writeSetOf, isUpdate, looksUp } from '../mutations/write-set.ts';
import type { LiveQuery } from './live-query.ts';
import type { PendingMutation } from './pending-in-view.ts';
import { needsOf } from './query-needs.ts';

type ById = Map<string, LiveQuery | readonly LiveQuery[]>;

/** Up to this many queries are visited without an index. */
const indexThreshold = 4;

export class EntityIndex {
  readonly #liveQueries: ReadonlyMap<string, LiveQuery>;
  /** Entity id → the query or queries that contain it. Undefined until first used. */
  #byId: ById | undefined;

  /** Attr → the queries in which it decides which rows are returned. Undefined until needed. */
  #byAttr: ById | undefined;
  /** The queries that borrow rows, or may. */
  readonly #borrowers = new Set<LiveQuery>();

  /** Entity id → the number of pending writes that may create it, and so add it to any query. */
  readonly #pendingIds = new Map<string, number>();
  /** The number of pending writes with lookups. */
  #lookups = 0;

  constructor(liveQueries: ReadonlyMap<string, LiveQuery>) {
    this.#liveQueries = liveQueries;
  }

  /** At least the queries that an update of these entities can affect. */
  updatedBy(ids: ReadonlySet<string>, steps: readonly Step[]): Iterable<LiveQuery> {
    const showing = this.queriesWith(ids);
    const deciding = this.#decidedBy(steps);
    return deciding.size === 0 && this.#borrowers.size === 0 ? showing : new Set([...showing, ...deciding, ...this.#borrowers]);
  }

  /** The queries in which one of the steps decides which rows are returned. */
  #decidedBy(steps: readonly Step[]): ReadonlySet<LiveQuery> {
    if (!this.#byAttr) {
      this.#byAttr = new Map();
      for (const live of this.#liveQueries.values()) {
        for (const attrId of needsOf(live.view.compiled).deciding) add(this.#byAttr, attrId, live);
      }
    }
    const found = new Set<LiveQuery>();
    for (const step of steps) for (const live of asList(this.#byAttr.get(String(step[2])))) found.add(live);
    return found;
  }

  /** At least the queries that contain one of these entities. */
  queriesWith(ids: ReadonlySet<string>): Iterable<LiveQuery> {
    if (this.#liveQueries.size <= indexThreshold || this.#lookups > 0) return this.#liveQueries.values();
    this.#byId ??= this.#buildIndex();
    let found: readonly LiveQuery[] = NONE;
    for (const id of ids) {
      if (this.#pendingIds.has(id)) return this.#liveQueries.values();
      const matches = asList(this.#byId.get(id));
      found = found.length === 0 ? matches : [...found, ...matches.filter((live) => !found.includes(live))];
    }
    return found;
  }

  /** Adds a pending write. */
  addPending({ steps }: PendingMutation): void {
    if (isUpdate(steps)) return;
    // Queries may be compiled again with the attrs it creates.
    if (steps.some(([op]) => op.endsWith('-attr'))) this.#byAttr = undefined;
    if (looksUp(steps)) this.#lookups++;
    for (const id of writeSetOf(steps).touches) this.#pendingIds.set(id, (this.#pendingIds.get(id) ?? 0) + 1);
  }

  /** Removes a pending write. */
  removePending({ steps }: PendingMutation): void {
    if (isUpdate(steps)) return;
    if (looksUp(steps)) this.#lookups--;
    for (const id of writeSetOf(steps).touches) {
      const remaining = (this.#pendingIds.get(id) ?? 0) - 1;
      if (remaining > 0) this.#pendingIds.set(id, remaining);
      else this.#pendingIds.delete(id);
    }
  }

  /** The result of this query changed. */
  onResultChanged(live: LiveQuery, changeSet: ChangeSet): void {
    if (!this.#byId) return;
    for (const changes of changeSet.values()) {
      for (const [id, { before, after }] of changes) {
        if (after && !before) add(this.#byId, id, live);
        else if (!after && !live.view.baseStore.hasEntity(id)) remove(this.#byId, id, live);
      }
    }
  }

  /** What the query borrows changed. */
  onLoans(live: LiveQuery): void {
    if (live.view.pending.loans.isEmpty) this.#borrowers.delete(live);
    else this.#borrowers.add(live);
  }

  onOpened(): void {
    this.#byAttr = undefined;
  }

  onClosed(live: LiveQuery): void {
    this.#borrowers.delete(live);
    this.#byAttr = undefined;
    if (this.#byId) for (const id of live.view.baseStore.ids()) remove(this.#byId, id, live);
  }

  /** Results changed without a change set. */
  invalidate(): void {
    this.#byId = this.#byAttr = undefined;
  }

  #buildIndex(): ById {
    const byId: ById = new Map();
    for (const live of this.#liveQueries.values()) for (const id of live.view.baseStore.ids()) add(byId, id, live);
    return byId;
  }
}

function add(byId: ById, id: string, live: LiveQuery): void {
  const matches = byId.get(id);
  if (!matches) byId.set(id, live);
  else if (!asList(matches).includes(live)) byId.set(id, [...asList(matches), live]);
}

function remove(byId: ById, id: string, live: LiveQuery): void {
  const remaining = asList(byId.get(id)).filter((other) => other !== live);
  const [first, ...others] = remaining;
  if (!first) byId.delete(id);
  else byId.set(id, others.length === 0 ? first : remaining);
}

const NONE: readonly LiveQuery[] = [];

function asList(matches: LiveQuery | readonly LiveQuery[] | undefined): readonly LiveQuery[] {
  return matches === undefined ? NONE : isList(matches) ? matches : [matches];
}

function isList(matches: LiveQuery | readonly LiveQuery[]): matches is readonly LiveQuery[] {
  return Array.isArray(matches);
}
