// Which writes each view applies on top of its result. A view applies a write until the write is rejected or the result of *that* query
// includes it: a confirmed write stays in the views whose results are older. Notifying listeners is up to the caller.

import { type ChangeSet, touchedBy } from '../../db/change-set.ts';
import type { Processed } from '../../protocol/query-messages.ts';
import type { Deadlines } from '../timer.ts';
import type { Effect } from '../effect.ts';
import type { LiveQuery } from './live-query.ts';
import { PendingAttrs } from '../mutations/pending-attrs.ts';
import { isUpdate, looksUp, updatedBy } from '../mutations/write-set.ts';
import { isIncluded } from '../tx-position.ts';
import { makesAttrs } from './pending-in-view.ts';
import { failed } from './query-errors.ts';
import type { EntityIndex } from './entity-index.ts';
import type { KnownRows } from './known-rows.ts';
import type { Mutation } from '../mutations/mutation.ts';

/** A server that sends no result for a confirmed write within this time may never send one: the result was unchanged. */
const refreshTimeoutMs = 5_000;

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
    return makesNewAttrs ? [...effects, ...this.attrsChanged()] : effects;
  }

  acknowledge(write: Mutation, nowMs: number): Effect[] {
    this.#put(write);
    this.#acknowledged.set(write.eventId, write);
    return this.notifyChanged((live) => {
      if (isIncluded(write, live.processed)) return live.view.pending.drop([write.eventId]);
      live.recheckAtMs ??= nowMs + refreshTimeoutMs;
      this.#deadlines.add(live);
      return false;
    });
  }

  reject(eventId: string): Effect[] {
    const write = this.#writes.get(eventId);
    this.#remove(eventId);
    const effects = this.notifyChanged((live) => live.view.pending.drop([eventId]) && this.#applyAffecting(live));
    return write && makesAttrs(write, ({ id }) => this.#pendingAttrs.has(id)) ? [...effects, ...this.attrsChanged()] : effects;
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
      live.view.pending.onAttrsChanged();
      this.#catchUp(live, live.view.pending.loans.ids);
      return this.#applyAffecting(live);
    });
  }

  drainIncluded(): string[] {
    if (this.#acknowledged.size === 0) return [];
    const liveQueries = [...this.#liveQueries.values()].filter(isAwaited);
    const included = [...this.#acknowledged.values()].filter(
      (write) => !liveQueries.some((live) => live.processed === undefined || this.#isMissing(live, write)),
    );
    for (const { eventId } of included) {
      this.#remove(eventId);
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
    this.#catchUp(live, live.view.pending.loans.ids);
    this.#expectRefresh(live);
    return !this.#known.hasPending ? [] : [...this.#onOthersChanged(live, touchedBy(changeSet)), ...this.positionsChanged()];
  }

  /** Results that contain the same row differently: another one of them may be the newest now. */
  positionsChanged(): Effect[] {
    if (!this.#known.hasPending) return [];
    return this.notifyChanged((live) => {
      const isChanged = live.view.pending.onPositionsChanged();
      if (isChanged) this.#catchUp(live, live.view.pending.loans.ids);
      return isChanged;
    });
  }

  onClosed(live: LiveQuery): void {
    this.#known.onClosed(live);
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
    live.view.pending.drop(lateIds);
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
    this.#known.addPending(write);
    this.#pendingAttrs.add(write.steps);
  }

  #remove(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (write) this.#forget(write);
    this.#writes.delete(eventId);
  }

  #forget(write: Mutation): void {
    this.#entityIndex.removePending(write);
    this.#known.removePending(write);
    this.#pendingAttrs.remove(write.steps);
  }

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
    if (!live.view.pending.isAffectedBy(write)) return false;
    live.view.pending.add(write);
    this.#catchUp(live, live.view.pending.borrowedBy(write.eventId));
    return true;
  }

  /** Writes to rows that are borrowed now had no effect before. */
  #catchUp(live: LiveQuery, ids: Iterable<string>): void {
    const { view } = live;
    if (view.pending.loans.isEmpty) this.#entityIndex.borrowers.delete(live);
    else this.#entityIndex.borrowers.add(live);
    const missed = this.#notIn(live, this.#known.pendingAbout(ids));
    if (missed.every(({ steps }) => isUpdate(steps))) for (const write of missed) view.pending.add(write);
    else view.pending.rewrite([...view.pending.writes(), ...missed]);
  }

  /** Another query's result changed: more rows, or other values, may be known now. */
  #onOthersChanged(changed: LiveQuery, ids: ReadonlySet<string>): Effect[] {
    const naming = this.#known.naming(ids, changed.view);
    const pending = this.#known.pendingAbout(ids);
    return this.notifyChanged((live) => {
      if (live === changed) return false;
      let shows = live.view.pending.onOthersChanged(ids, naming);
      for (const write of this.#notIn(live, pending)) if (this.#applyTo(live, write)) shows = true;
      if (shows) this.#catchUp(live, live.view.pending.loans.ids);
      return shows;
    });
  }

  /** Writes missing from both the result and the view. */
  #notIn(live: LiveQuery, eventIds: ReadonlySet<string>): Mutation[] {
    return [...eventIds].flatMap((eventId) => {
      const write = this.#writes.get(eventId);
      return write && !live.view.pending.hasWrite(eventId) && this.#isMissing(live, write) ? [write] : [];
    });
  }

  #dropIncluded(live: LiveQuery): boolean {
    const included = live.view.pending.writes().filter(({ eventId }) => {
      const write = this.#writes.get(eventId);
      return !write || !this.#isMissing(live, write);
    });
    return live.view.pending.drop(included.map(({ eventId }) => eventId));
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
