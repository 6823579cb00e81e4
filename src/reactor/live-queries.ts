// The queries somebody listens to: what the server last answered to each, and the view on top of it. Equal queries are one.
// Confirmed writes leave a view query by query, as soon as *its* answer contains them. Who listens is kept here; that they
// are told is the Reactor's doing.

import type { Attrs } from '../db/attrs.ts';
import type { TriplaneError } from '../errors.ts';
import type { AddQuery, AddQueryOk, Processed, RefreshOk, RemoveQuery, WireQuery } from '../protocol/query-messages.ts';
import { readAnswer, type WireAnswer } from '../protocol/query-answer.ts';
import { queryKey } from '../query/key.ts';
import type { LinkIndex } from '../schema.ts';
import type { Random } from '../lib/random.ts';
import { earliest } from './alarm.ts';
import type { Effect } from './effect.ts';
import { isOlder, isPassed } from './passed.ts';
import type { LiveQuery } from './live-query.ts';
import { View, type ViewConfig } from './view.ts';
import type { Write } from './write.ts';

/** A server that sends no news of a confirmed write within this may never send any: the answer came out equal. */
const newsWithinMs = 5_000;

export interface LiveQueriesConfig {
  readonly links?: LinkIndex | undefined;
  readonly useDates?: boolean | undefined;
  readonly now: () => number;
}

export class LiveQueries {
  readonly #config: LiveQueriesConfig;
  readonly #byKey = new Map<string, LiveQuery>();
  /** The writes that may not be in every answer yet, in order; those of them that are confirmed. */
  readonly #writes = new Map<string, Write>();
  readonly #applied = new Map<string, Write>();
  #attrs: Attrs;

  constructor(attrs: Attrs, config: LiveQueriesConfig) {
    this.#attrs = attrs;
    this.#config = config;
  }

  get(key: string): LiveQuery | undefined {
    return this.#byKey.get(key);
  }

  list(): Iterable<LiveQuery> {
    return this.#byKey.values();
  }

  /** The one that is there, or a new one, to be asked. */
  open(query: WireQuery, eventId: string): { readonly live: LiveQuery; readonly isNew: boolean } {
    const key = queryKey(query);
    const known = this.#byKey.get(key);
    if (known) return { live: known, isNew: false };
    const live: LiveQuery = {
      key,
      query,
      eventId,
      view: this.#newView(query),
      listeners: new Map(),
      processed: undefined,
      isFresh: false,
      error: undefined,
      failures: 0,
      askAgainAtMs: undefined,
      recheckAtMs: undefined,
      rechecks: 0,
    };
    this.#byKey.set(key, live);
    return { live, isNew: true };
  }

  close(live: LiveQuery, eventId: string): RemoveQuery | undefined {
    return this.#byKey.delete(live.key) ? { op: 'remove-query', 'client-event-id': eventId, q: live.query } : undefined;
  }

  ask(live: LiveQuery): AddQuery {
    live.askAgainAtMs = undefined;
    return { op: 'add-query', 'client-event-id': live.eventId, q: live.query };
  }

  /** Somebody else asks from here on: what was answered before is not for them. */
  reset(): void {
    this.#writes.clear();
    this.#applied.clear();
    for (const live of this.#byKey.values()) {
      live.view = this.#newView(live.query);
      live.processed = undefined;
      live.error = undefined;
    }
    this.lineLost();
  }

  lineLost(): void {
    for (const live of this.#byKey.values()) {
      live.isFresh = false;
      live.failures = 0;
      live.askAgainAtMs = undefined;
      live.recheckAtMs = undefined;
    }
  }

  /** An answer. One that is older than what this session has told already is left aside. */
  answered(message: AddQueryOk): Effect[] {
    const live = this.#byKey.get(queryKey(message.q));
    if (!live || (live.isFresh && isOlder(message, live.processed))) return [];
    return this.#take(live, message.result, message);
  }

  /** The answers that changed; `coversAll`: those not listed are as they were, and as new. */
  refreshed(message: RefreshOk, coversAll: boolean): Effect[] {
    const effects: Effect[] = [];
    for (const computation of message.computations) {
      const live = this.#byKey.get(queryKey(computation['instaql-query']));
      if (!live || (live.isFresh && isOlder(message, live.processed))) continue;
      effects.push(...this.#take(live, computation['instaql-result'], message));
    }
    if (coversAll) {
      for (const live of this.#byKey.values()) {
        if (!live.isFresh || !isOlder(live.processed ?? {}, message)) continue;
        live.processed = processedOf(message);
        if (this.#dropPassed(live)) effects.push({ do: 'show', key: live.key });
        this.#expectNews(live);
      }
    }
    return effects;
  }

  /** A new write, shown by every query. */
  add(write: Write): Effect[] {
    this.#writes.set(write.eventId, write);
    return this.#answeredOnes((live) => live.view.add(write));
  }

  /** The server has it. Queries whose answer contains it already show it no longer. */
  confirmed(write: Write, nowMs: number): Effect[] {
    this.#writes.set(write.eventId, write);
    this.#applied.set(write.eventId, write);
    return this.#answeredOnes((live) => {
      if (isPassed(write, live.processed)) live.view.drop(write.eventId);
      else live.recheckAtMs ??= nowMs + newsWithinMs;
    });
  }

  refused(eventId: string): Effect[] {
    this.#writes.delete(eventId);
    return this.#answeredOnes((live) => live.view.drop(eventId));
  }

  /** The confirmed writes that every answer contains: they are forgotten here, and may be everywhere. */
  takePassed(): string[] {
    if (this.#applied.size === 0) return [];
    const lives = [...this.#byKey.values()];
    const isNeeded = (eventId: string): boolean => lives.some(({ processed, view }) => processed === undefined || view.holds(eventId));
    const passed = [...this.#applied.values()].filter(({ eventId }) => !isNeeded(eventId));
    for (const { eventId } of passed) {
      this.#writes.delete(eventId);
      this.#applied.delete(eventId);
    }
    return passed.map(({ eventId }) => eventId);
  }

  /** The same writes in other words. */
  rewrite(rewritten: readonly Write[]): Effect[] {
    if (rewritten.length === 0) return [];
    for (const write of rewritten) {
      this.#writes.set(write.eventId, write);
      if (write.state === 'applied') this.#applied.set(write.eventId, write);
    }
    return this.#answeredOnes((live) => live.view.rewrite(this.#missingFrom(live)));
  }

  setAttrs(attrs: Attrs): Effect[] {
    if (attrs === this.#attrs) return [];
    this.#attrs = attrs;
    for (const live of this.#byKey.values()) live.view.setAttrs(attrs);
    return this.#answeredOnes(() => {});
  }

  byEvent(eventId: string): LiveQuery | undefined {
    for (const live of this.#byKey.values()) if (live.eventId === eventId) return live;
    return undefined;
  }

  /** It failed. One that may succeed later is asked again then, and its listeners are not bothered. */
  failed(live: LiveQuery, error: TriplaneError, askAgainAtMs: number | undefined): Effect[] {
    live.failures += 1;
    live.askAgainAtMs = askAgainAtMs;
    live.isFresh = false;
    if (askAgainAtMs !== undefined) return [];
    live.error = error;
    return [{ do: 'show', key: live.key }];
  }

  /** None can be answered any more. */
  allFailed(error: TriplaneError): Effect[] {
    return [...this.#byKey.values()].map((live) => {
      live.error = error;
      return { do: 'show', key: live.key };
    });
  }

  /** Anew on the same line: a query the server has is answered only after it was removed. */
  askAgain(live: LiveQuery, eventId: string): Effect[] {
    live.isFresh = false;
    return [
      { do: 'send', message: { op: 'remove-query', 'client-event-id': eventId, q: live.query } },
      { do: 'send', message: this.ask(live) },
    ];
  }

  nextDue(): number | undefined {
    let next: number | undefined;
    for (const { askAgainAtMs, recheckAtMs } of this.#byKey.values()) next = earliest(next, askAgainAtMs, recheckAtMs);
    return next;
  }

  due(nowMs: number, random: Random): Effect[] {
    const effects: Effect[] = [];
    for (const live of this.#byKey.values()) {
      if (isDue(live.askAgainAtMs, nowMs)) effects.push({ do: 'send', message: this.ask(live) });
      if (isDue(live.recheckAtMs, nowMs)) effects.push(...this.#recheck(live, random), { do: 'prune' });
    }
    return effects;
  }

  /** No news of confirmed writes: those that make a difference are asked about, a few times; then they are let go. */
  #recheck(live: LiveQuery, random: Random): Effect[] {
    live.recheckAtMs = undefined;
    live.rechecks += 1;
    const late = live.view.writes().filter(({ eventId }) => this.#applied.has(eventId));
    const isOfUse = live.rechecks <= 3 && late.some(({ eventId }) => live.view.isTouchedBy(eventId));
    if (isOfUse) return this.askAgain(live, random.eventId());
    for (const { eventId } of late) live.view.drop(eventId);
    return [{ do: 'show', key: live.key }];
  }

  #take(live: LiveQuery, answer: WireAnswer, processed: Processed): Effect[] {
    const isFirst = live.processed === undefined;
    live.error = undefined;
    live.failures = 0;
    live.askAgainAtMs = undefined;
    live.isFresh = true;
    live.processed = processedOf(processed);
    live.view.answer(readAnswer(answer));
    if (isFirst) live.view.rewrite(this.#missingFrom(live));
    else this.#dropPassed(live);
    this.#expectNews(live);
    return [{ do: 'show', key: live.key }];
  }

  #newView(query: WireQuery): View {
    const config: ViewConfig = { attrs: this.#attrs, ...this.#config };
    return new View(query, config);
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
    live.recheckAtMs = isBehind ? (live.recheckAtMs ?? this.#config.now() + newsWithinMs * 2 ** live.rechecks) : undefined;
  }

  #answeredOnes(change: (live: LiveQuery) => void): Effect[] {
    const effects: Effect[] = [];
    for (const live of this.#byKey.values()) {
      if (live.processed === undefined) continue;
      change(live);
      effects.push({ do: 'show', key: live.key });
    }
    return effects;
  }
}

function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}

function processedOf(message: Processed): Processed {
  return { 'processed-tx-id': message['processed-tx-id'], 'processed-isn': message['processed-isn'] };
}
