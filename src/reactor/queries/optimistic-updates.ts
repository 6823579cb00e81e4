// Which writes each view applies on top of its result. A view applies a write until the write is rejected or the result of *that* query
// includes it: a confirmed write stays in the views whose results are older. Notifying listeners is up to the caller.

import { type ChangeSet, touchedBy } from '../../db/change-set.ts';
import type { Processed } from '../../protocol/query-messages.ts';
import type { Deadlines } from '../timer.ts';
import type { Effect } from '../effect.ts';
import type { LiveQuery } from './live-query.ts';
import { PendingAttrs } from '../mutations/pending-attrs.ts';
import { looksUp, updatedBy } from '../mutations/write-set.ts';
import { isIncluded } from '../tx-position.ts';
import { makesAttrs } from './pending-in-view.ts';
import { failed } from './query-errors.ts';
import type { EntityIndex } from './entity-index.ts';
import type { KnownRows } from './known-rows.ts';
import { DATED, keysOfChanges, LISTS, ROWS } from './loan-keys.ts';
import type { Mutation } from '../mutations/mutation.ts';

/** A server that sends no result for a confirmed write within this time may never send one: the result was unchanged. */
const refreshTimeoutMs = 5_000;

const NOTHING: ReadonlySet<string> = new Set();

export class OptimisticUpdates {
  readonly #liveQueries: ReadonlyMap<string, LiveQuery>;
  readonly #entityIndex: EntityIndex;
  readonly #known: KnownRows;
  readonly #deadlines: Deadlines;
  readonly #now: () => number;
  /** Writes that some result may lack; those of them that are confirmed. */
  readonly #writes = new Map<string, Mutation>();
  readonly #acknowledged = new Map<string, Mutation>();
  /** Confirmed write → queries that no longer wait for a result with it. */
  readonly #released = new Map<string, Set<LiveQuery>>();
  readonly #pendingAttrs = new PendingAttrs();
  #lastOrder = 0;

  constructor(
    liveQueries: ReadonlyMap<string, LiveQuery>,
    entityIndex: EntityIndex,
    known: KnownRows,
    deadlines: Deadlines,
    now: () => number,
  ) {
    this.#liveQueries = liveQueries;
    this.#entityIndex = entityIndex;
    this.#known = known;
    this.#deadlines = deadlines;
    this.#now = now;
  }

  clear(): void {
    for (const write of this.#writes.values()) this.#remove(write.eventId);
    this.#acknowledged.clear();
    this.#released.clear();
    this.#known.clear();
  }

  /** Queries that the write does not affect are skipped. */
  add(write: Mutation): Effect[] {
    const isLast = write.order > this.#lastOrder;
    this.#lastOrder = Math.max(this.#lastOrder, write.order);
    const makesNewAttrs = makesAttrs(write, ({ id }) => this.#pendingAttrs.has(id));
    this.#put(write);
    // Later writes, and writes with its attrs, were evaluated without it; lookups need no check.
    const isForOthers = !isLast || makesNewAttrs || looksUp(write.steps);
    const updated = isForOthers ? undefined : updatedBy(write.steps);
    const liveQueries = updated ? this.#entityIndex.updatedBy(updated, write.steps) : this.#liveQueries.values();
    const effects = notifyChanged(liveQueries, (live) => this.#applyTo(live, write) && (!isForOthers || this.#applyAffecting(live)));
    return [...effects, ...this.#renamed(write), ...(makesNewAttrs ? this.attrsChanged() : [])];
  }

  acknowledge(write: Mutation, nowMs: number): Effect[] {
    this.#put(write);
    this.#acknowledged.set(write.eventId, write);
    const keys = this.#known.pending.keysOf(write.eventId);
    return this.notifyChanged((live) => {
      if (isIncluded(write, live.processed)) return live.view.pending.drop([write.eventId], keys);
      live.recheckAtMs ??= nowMs + refreshTimeoutMs;
      this.#deadlines.add(live);
      return false;
    });
  }

  reject(eventId: string): Effect[] {
    const write = this.#writes.get(eventId);
    const keys = this.#remove(eventId);
    const effects = this.notifyChanged((live) => live.view.pending.drop([eventId], keys) && this.#applyAffecting(live));
    if (!write) return effects;
    return [...effects, ...this.#renamed(write), ...(makesAttrs(write, ({ id }) => this.#pendingAttrs.has(id)) ? this.attrsChanged() : [])];
  }

  rewrite(rewritten: readonly Mutation[]): Effect[] {
    if (rewritten.length === 0) return [];
    for (const write of rewritten) {
      this.#put(write);
      if (write.state === 'acknowledged') this.#acknowledged.set(write.eventId, write);
    }
    return this.notifyChanged((live) => (live.view.pending.rewrite(this.#missingFrom(live)), this.#expectRefresh(live), true));
  }

  /** Of the server, or by pending writes. */
  attrsChanged(): Effect[] {
    return this.notifyChanged((live) => {
      live.view.pending.loans.invalidateAll();
      this.#entityIndex.onLoans(live);
      return this.#applyAffecting(live);
    });
  }

  drainIncluded(): string[] {
    if (this.#acknowledged.size === 0) return [];
    const liveQueries = [...this.#liveQueries.values()].filter(isAwaited);
    const included = [...this.#acknowledged.values()].filter(
      (write) => !liveQueries.some((live) => live.processed === undefined || this.#isMissing(live, write)),
    );
    for (const write of included) {
      const { eventId } = write;
      this.#remove(eventId);
      this.#renamed(write);
      this.#acknowledged.delete(eventId);
      this.#released.delete(eventId);
    }
    return included.map(({ eventId }) => eventId);
  }

  /** A new result lies under the writes. Returns what else that changes. */
  onResult(live: LiveQuery, changeSet: ChangeSet, isFirst: boolean): Effect[] {
    if (isFirst) live.view.pending.rewrite(this.#missingFrom(live));
    else {
      this.#dropIncluded(live);
      this.#applyAffecting(live);
    }
    this.#expectRefresh(live);
    this.#entityIndex.onLoans(live);
    if (!this.#known.hasPending) return [];
    const keys = keysOfChanges(changeSet, ROWS, ...(isFirst ? [LISTS] : []));
    return this.#onOthersChanged(keys, () => touchedBy(changeSet), live);
  }

  /** Results that contain the same row differently: another one of them may be the newest now. */
  positionsChanged(): Effect[] {
    if (!this.#known.hasPending) return [];
    return this.notifyChanged(({ view }) => view.pending.loans.invalidate([DATED]));
  }

  onClosed(live: LiveQuery): void {
    this.#known.onClosed(live);
    if (this.#known.hasPending) for (const { view } of this.#liveQueries.values()) view.pending.loans.invalidateAll();
  }

  /** The result is unchanged and reflects a later transaction. */
  advance(live: LiveQuery, processed: Processed): Effect[] {
    live.processed = processed;
    const isChanged = this.#dropIncluded(live) && this.#applyAffecting(live);
    this.#expectRefresh(live);
    return isChanged ? [{ do: 'show', key: live.key }] : [];
  }

  /** No result for confirmed writes: returns whether to request one, because they affect the query; after a few attempts they are dropped. */
  recheck(live: LiveQuery): boolean {
    live.recheckAtMs = undefined;
    live.rechecks += 1;
    const late = [...this.#acknowledged.values()].filter((write) => this.#isMissing(live, write));
    if (live.rechecks <= 3 && late.some(({ eventId }) => live.view.pending.isTouchedBy(eventId))) return true;
    const lateIds = late.map(({ eventId }) => eventId);
    for (const eventId of lateIds) this.#released.set(eventId, (this.#released.get(eventId) ?? new Set<LiveQuery>()).add(live));
    live.view.pending.drop(lateIds, this.#keysOf(lateIds));
    this.#applyAffecting(live);
    return false;
  }

  /** `change` returns whether the visible rows may have changed. */
  notifyChanged(change: (live: LiveQuery) => boolean): Effect[] {
    return notifyChanged(this.#liveQueries.values(), change);
  }

  #put(write: Mutation): void {
    const before = this.#writes.get(write.eventId);
    this.#writes.set(write.eventId, write);
    if (before?.steps === write.steps) return;
    if (before) this.#forget(before);
    this.#entityIndex.addPending(write);
    this.#known.pending.add(write);
    this.#pendingAttrs.add(write.steps);
  }

  /** Returns what views may borrow differently without it. */
  #remove(eventId: string): ReadonlySet<string> {
    const write = this.#writes.get(eventId);
    this.#writes.delete(eventId);
    return write ? this.#forget(write) : new Set();
  }

  #forget(write: Mutation): ReadonlySet<string> {
    const keys = this.#known.pending.keysOf(write.eventId);
    this.#entityIndex.removePending(write);
    this.#pendingAttrs.remove(write.steps);
    const lost = this.#known.removePending(write);
    for (const { view } of lost.size > 0 ? this.#liveQueries.values() : []) view.pending.loans.invalidate(lost);
    return keys;
  }

  readonly isMissing = (live: LiveQuery, eventId: string): boolean => {
    const write = this.#writes.get(eventId);
    return write !== undefined && this.#isMissing(live, write);
  };

  /** Whether the result lacks the write, and it is still waited for. */
  #isMissing(live: LiveQuery, write: Mutation): boolean {
    if (write.state !== 'acknowledged') return true;
    return !isIncluded(write, live.processed) && !this.#released.get(write.eventId)?.has(live);
  }

  #missingFrom(live: LiveQuery): Mutation[] {
    return [...this.#writes.values()].filter((write) => this.#isMissing(live, write));
  }

  /** Writes without effect on the view may have one now. */
  #applyAffecting(live: LiveQuery): true {
    let needsAnotherPass = false;
    for (const write of this.#writes.values()) {
      if (!live.view.pending.hasWrite(write.eventId) && this.#isMissing(live, write) && this.#applyTo(live, write))
        needsAnotherPass ||= looksUp(write.steps);
    }
    return needsAnotherPass ? this.#applyAffecting(live) : true;
  }

  /** Adds the write if it can affect the view. Returns whether it can. */
  #applyTo(live: LiveQuery, write: Mutation): boolean {
    const canAffect = live.view.pending.consider(write);
    this.#entityIndex.onLoans(live);
    return canAffect;
  }

  /** Results, or writes, changed, and by that what each query knows. @param names the entities and texts of what changed */
  #onOthersChanged(keys: ReadonlySet<string>, names: () => ReadonlySet<string>, changed?: LiveQuery): Effect[] {
    const { pending } = this.#known;
    const [first] = this.#liveQueries.values();
    const lookups = first && pending.hasLookups ? pending.renamed(names(), first.view.attrs) : [];
    return this.notifyChanged((live) => {
      const naming = lookups.filter(({ eventId }) => this.isMissing(live, eventId));
      return live.view.pending.onOthersChanged(live === changed ? NOTHING : keys, naming);
    });
  }

  /** A write that comes or goes may give a text to another entity. */
  #renamed({ steps }: Mutation): Effect[] {
    if (!this.#known.pending.hasLookups) return [];
    const names = new Set(steps.flatMap((step) => [step[1], step[3]]).filter((part) => typeof part === 'string'));
    return this.#onOthersChanged(names, () => names);
  }

  #dropIncluded(live: LiveQuery): boolean {
    const applied = live.view.pending.writes().map(({ eventId }) => eventId);
    const waiting = new Set([...applied, ...this.#acknowledged.keys()]);
    const included = [...waiting].filter((eventId) => !this.isMissing(live, eventId));
    return live.view.pending.drop(included, this.#keysOf(included));
  }

  #keysOf(eventIds: readonly string[]): Set<string> {
    return new Set(eventIds.flatMap((eventId) => [...this.#known.pending.keysOf(eventId)]));
  }

  /** A result lacks a confirmed write: it was computed before the write, or no further one will come. Requested at growing intervals. */
  #expectRefresh(live: LiveQuery): void {
    const isBehind = [...this.#acknowledged.values()].some((write) => this.#isMissing(live, write));
    if (!isBehind) live.rechecks = 0;
    live.recheckAtMs = isBehind ? (live.recheckAtMs ?? this.#now() + refreshTimeoutMs * 2 ** live.rechecks) : undefined;
    if (isBehind) this.#deadlines.add(live);
  }
}

/** One that is refused for good has no answer, and none is on its way unless it is asked again. */
function isAwaited({ processed, error, isAsked }: LiveQuery): boolean {
  return processed !== undefined || error === undefined || error.code === 'unreachable' || isAsked;
}

function notifyChanged(liveQueries: Iterable<LiveQuery>, change: (live: LiveQuery) => boolean): Effect[] {
  const effects: Effect[] = [];
  for (const live of liveQueries) {
    try {
      if (live.source !== undefined && change(live)) effects.push({ do: 'show', key: live.key });
    } catch (cause) {
      effects.push(failed(live, cause));
    }
  }
  return effects;
}
