// Which writes lie on top of which answers. A write is shown by every query until it is refused, or until the answer of *that* query
// contains it: a confirmed write stays on those whose answer is older. Who is told is not decided here.

import type { Processed } from '../protocol/query-messages.ts';
import type { Effect } from './effect.ts';
import type { LiveQuery } from './live-query.ts';
import { isPassed } from './passed.ts';
import type { Write } from './write.ts';

/** A server that sends no news of a confirmed write within this may never send any: the answer came out equal. */
const newsWithinMs = 5_000;

export class Overlays {
  readonly #lives: ReadonlyMap<string, LiveQuery>;
  readonly #now: () => number;
  /** The writes that may not be in every answer yet, in order; those of them that are confirmed. */
  readonly #writes = new Map<string, Write>();
  readonly #applied = new Map<string, Write>();

  constructor(lives: ReadonlyMap<string, LiveQuery>, now: () => number) {
    this.#lives = lives;
    this.#now = now;
  }

  clear(): void {
    this.#writes.clear();
    this.#applied.clear();
  }

  add(write: Write): Effect[] {
    this.#writes.set(write.eventId, write);
    return this.onAnswered((live) => live.view.add(write));
  }

  confirmed(write: Write, nowMs: number): Effect[] {
    this.#writes.set(write.eventId, write);
    this.#applied.set(write.eventId, write);
    return this.onAnswered((live) => {
      if (isPassed(write, live.processed)) live.view.drop(write.eventId);
      else live.recheckAtMs ??= nowMs + newsWithinMs;
    });
  }

  refused(eventId: string): Effect[] {
    this.#writes.delete(eventId);
    return this.onAnswered((live) => live.view.drop(eventId));
  }

  rewrite(rewritten: readonly Write[]): Effect[] {
    if (rewritten.length === 0) return [];
    for (const write of rewritten) {
      this.#writes.set(write.eventId, write);
      if (write.state === 'applied') this.#applied.set(write.eventId, write);
    }
    return this.onAnswered((live) => live.view.rewrite(this.#missingFrom(live)));
  }

  takePassed(): string[] {
    if (this.#applied.size === 0) return [];
    const lives = [...this.#lives.values()];
    const isNeeded = (eventId: string): boolean => lives.some(({ processed, view }) => processed === undefined || view.holds(eventId));
    const passed = [...this.#applied.values()].filter(({ eventId }) => !isNeeded(eventId));
    for (const { eventId } of passed) {
      this.#writes.delete(eventId);
      this.#applied.delete(eventId);
    }
    return passed.map(({ eventId }) => eventId);
  }

  /** A new answer lies under them. */
  answered(live: LiveQuery, isFirst: boolean): void {
    if (isFirst) live.view.rewrite(this.#missingFrom(live));
    else this.#dropPassed(live);
    this.#expectNews(live);
  }

  /** The answer is as it was, and reaches further. Whether that changed what is shown. */
  reaches(live: LiveQuery, processed: Processed): boolean {
    live.processed = processed;
    const isChanged = this.#dropPassed(live);
    this.#expectNews(live);
    return isChanged;
  }

  /** No news of confirmed writes: whether to ask for them, as they make a difference; a few times, then they are let go. */
  recheck(live: LiveQuery): boolean {
    live.recheckAtMs = undefined;
    live.rechecks += 1;
    const late = live.view.writes().filter(({ eventId }) => this.#applied.has(eventId));
    if (live.rechecks <= 3 && late.some(({ eventId }) => live.view.isTouchedBy(eventId))) return true;
    for (const { eventId } of late) live.view.drop(eventId);
    return false;
  }

  onAnswered(change: (live: LiveQuery) => void): Effect[] {
    const effects: Effect[] = [];
    for (const live of this.#lives.values()) {
      if (live.source === undefined) continue;
      change(live);
      effects.push({ do: 'show', key: live.key });
    }
    return effects;
  }

  /** What the answer of this query does not contain. */
  #missingFrom(live: LiveQuery): Write[] {
    return [...this.#writes.values()].filter((write) => write.state !== 'applied' || !isPassed(write, live.processed));
  }

  #dropPassed(live: LiveQuery): boolean {
    let isChanged = false;
    for (const { eventId } of live.view.writes()) {
      const write = this.#writes.get(eventId);
      if (write && (write.state !== 'applied' || !isPassed(write, live.processed))) continue;
      live.view.drop(eventId);
      isChanged = true;
    }
    return isChanged;
  }

  /** An answer without a confirmed write: it was computed before the write, or no news of it will come. Asked ever less often. */
  #expectNews(live: LiveQuery): void {
    const isBehind = live.view.writes().some(({ eventId }) => this.#applied.has(eventId));
    if (!isBehind) live.rechecks = 0;
    live.recheckAtMs = isBehind ? (live.recheckAtMs ?? this.#now() + newsWithinMs * 2 ** live.rechecks) : undefined;
  }
}
