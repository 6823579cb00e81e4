// Which writes lie on top of which answers. A write is shown by every query until it is refused, or until the answer of *that* query
// contains it: a confirmed write stays on those whose answer is older. Who is told is not decided here.

import type { Processed } from '../protocol/query-messages.ts';
import type { Dues } from './dues.ts';
import type { Effect } from './effect.ts';
import type { LiveQuery } from './live-query.ts';
import { looksUp, updatedBy } from './footprint.ts';
import { isPassed } from './passed.ts';
import { makesAttrs } from './shown.ts';
import type { Whereabouts } from './whereabouts.ts';
import type { Write } from './write.ts';

/** A server that sends no news of a confirmed write within this may never send any: the answer came out equal. */
const newsWithinMs = 5_000;

export class Overlays {
  readonly #lives: ReadonlyMap<string, LiveQuery>;
  readonly #whereabouts: Whereabouts;
  readonly #dues: Dues;
  readonly #now: () => number;
  /** The writes that may not be in every answer yet; those of them that are confirmed. */
  readonly #writes = new Map<string, Write>();
  readonly #applied = new Map<string, Write>();
  /** Confirmed write → the queries that no longer wait for an answer with it. */
  readonly #letGo = new Map<string, Set<LiveQuery>>();
  #lastOrder = 0;

  constructor(lives: ReadonlyMap<string, LiveQuery>, whereabouts: Whereabouts, dues: Dues, now: () => number) {
    this.#lives = lives;
    this.#whereabouts = whereabouts;
    this.#dues = dues;
    this.#now = now;
  }

  clear(): void {
    for (const write of this.#writes.values()) this.#remove(write.eventId);
    this.#applied.clear();
    this.#letGo.clear();
  }

  /** A query that the write makes no difference to is not bothered with it. */
  add(write: Write): Effect[] {
    const isLast = write.order > this.#lastOrder;
    this.#lastOrder = Math.max(this.#lastOrder, write.order);
    this.#put(write);
    // What comes after it, or is of an attr it makes, was looked at without it; what it looks up was looked at without need.
    const isForOthers = !isLast || makesAttrs(write) || looksUp(write.steps);
    const updated = isForOthers ? undefined : updatedBy(write.steps);
    const lives = updated ? this.#whereabouts.of(updated) : this.#lives.values();
    return onAnswered(lives, (live) => show(live, write) && (!isForOthers || this.#showConcerning(live)));
  }

  confirmed(write: Write, nowMs: number): Effect[] {
    this.#put(write);
    this.#applied.set(write.eventId, write);
    return this.onAnswered((live) => {
      if (isPassed(write, live.processed)) return live.view.drop(write.eventId);
      live.recheckAtMs ??= nowMs + newsWithinMs;
      this.#dues.add(live);
      return false;
    });
  }

  refused(eventId: string): Effect[] {
    this.#remove(eventId);
    return this.onAnswered((live) => live.view.drop(eventId) && this.#showConcerning(live));
  }

  rewrite(rewritten: readonly Write[]): Effect[] {
    if (rewritten.length === 0) return [];
    for (const write of rewritten) {
      this.#put(write);
      if (write.state === 'applied') this.#applied.set(write.eventId, write);
    }
    return this.onAnswered((live) => (live.view.rewrite(this.#missingFrom(live)), true));
  }

  attrsChanged(): Effect[] {
    return this.onAnswered((live) => this.#showConcerning(live));
  }

  takePassed(): string[] {
    if (this.#applied.size === 0) return [];
    const lives = [...this.#lives.values()];
    const passed = [...this.#applied.values()].filter(
      (write) => !lives.some((live) => live.processed === undefined || this.#isMissing(live, write)),
    );
    for (const { eventId } of passed) {
      this.#remove(eventId);
      this.#applied.delete(eventId);
      this.#letGo.delete(eventId);
    }
    return passed.map(({ eventId }) => eventId);
  }

  /** A new answer lies under them. */
  answered(live: LiveQuery, isFirst: boolean): void {
    if (isFirst) live.view.rewrite(this.#missingFrom(live));
    else {
      this.#dropPassed(live);
      this.#showConcerning(live);
    }
    this.#expectNews(live);
  }

  /** The answer is as it was, and reaches further. Whether that changed what is shown. */
  reaches(live: LiveQuery, processed: Processed): boolean {
    live.processed = processed;
    const isChanged = this.#dropPassed(live) && this.#showConcerning(live);
    this.#expectNews(live);
    return isChanged;
  }

  /** No news of confirmed writes: whether to ask for them, as they make a difference; a few times, then they are let go. */
  recheck(live: LiveQuery): boolean {
    live.recheckAtMs = undefined;
    live.rechecks += 1;
    const late = [...this.#applied.values()].filter((write) => this.#isMissing(live, write));
    if (live.rechecks <= 3 && late.some(({ eventId }) => live.view.isTouchedBy(eventId))) return true;
    for (const { eventId } of late) {
      this.#letGo.set(eventId, (this.#letGo.get(eventId) ?? new Set<LiveQuery>()).add(live));
      live.view.drop(eventId);
    }
    this.#showConcerning(live);
    return false;
  }

  /** `change` tells whether what is shown may be another now. */
  onAnswered(change: (live: LiveQuery) => boolean): Effect[] {
    return onAnswered(this.#lives.values(), change);
  }

  #put(write: Write): void {
    const before = this.#writes.get(write.eventId);
    this.#writes.set(write.eventId, write);
    if (before?.steps === write.steps) return;
    if (before) this.#whereabouts.settled(before);
    this.#whereabouts.expect(write);
  }

  #remove(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (write) this.#whereabouts.settled(write);
    this.#writes.delete(eventId);
  }

  /** Whether the answer does not contain the write, as far as that is still waited for. */
  #isMissing(live: LiveQuery, write: Write): boolean {
    if (write.state !== 'applied') return true;
    return !isPassed(write, live.processed) && !this.#letGo.get(write.eventId)?.has(live);
  }

  #missingFrom(live: LiveQuery): Write[] {
    return [...this.#writes.values()].filter((write) => this.#isMissing(live, write));
  }

  /** Writes that made no difference to the view may make one now. */
  #showConcerning(live: LiveQuery): true {
    let isNews = false;
    for (const write of this.#writes.values()) {
      if (!live.view.holds(write.eventId) && this.#isMissing(live, write) && show(live, write)) isNews ||= looksUp(write.steps);
    }
    return isNews ? this.#showConcerning(live) : true;
  }

  #dropPassed(live: LiveQuery): boolean {
    let isChanged = false;
    for (const { eventId } of live.view.writes()) {
      const write = this.#writes.get(eventId);
      if (write && this.#isMissing(live, write)) continue;
      isChanged = live.view.drop(eventId) || isChanged;
    }
    return isChanged;
  }

  /** An answer without a confirmed write: it was computed before the write, or no news of it will come. Asked ever less often. */
  #expectNews(live: LiveQuery): void {
    const isBehind = [...this.#applied.values()].some((write) => this.#isMissing(live, write));
    if (!isBehind) live.rechecks = 0;
    live.recheckAtMs = isBehind ? (live.recheckAtMs ?? this.#now() + newsWithinMs * 2 ** live.rechecks) : undefined;
    if (isBehind) this.#dues.add(live);
  }
}

function onAnswered(lives: Iterable<LiveQuery>, change: (live: LiveQuery) => boolean): Effect[] {
  const effects: Effect[] = [];
  for (const live of lives) if (live.source !== undefined && change(live)) effects.push({ do: 'show', key: live.key });
  return effects;
}

/** If it can make a difference. Whether it can. */
function show(live: LiveQuery, write: Write): boolean {
  if (!live.view.concerns(write)) return false;
  live.view.add(write);
  return true;
}
