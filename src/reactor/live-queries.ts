// The queries somebody listens to: what the server last answered to each, and the view on top of it. Equal queries are one.
// Confirmed writes leave a view query by query, as soon as *its* answer contains them. What is asked, and who listens, is known
// before: this is loaded with the way out, without which there is no answer.

import type { Attrs } from '../db/attrs.ts';
import type { Report } from '../db/report.ts';
import type { TriplaneError } from '../errors.ts';
import type { AddQuery, AddQueryOk, AnswerDelta, Processed, RefreshOk, WireQuery } from '../protocol/query-messages.ts';
import { type QueryAnswer, readAnswer, readDelta, type WireAnswer } from '../protocol/query-answer.ts';
import { queryKey } from '../query/key.ts';
import type { EntityRef } from '../protocol/step.ts';
import type { LinkIndex } from '../schema.ts';
import type { Random } from '../lib/random.ts';
import { Dues } from './dues.ts';
import type { Effect } from './effect.ts';
import type { AskedQuery, LiveQuery } from './live-query.ts';
import { Overlays } from './overlays.ts';
import { isOlder, processedOf } from './passed.ts';
import type { ReadAhead } from './ahead.ts';
import { Whereabouts } from './whereabouts.ts';
import { View, type ViewConfig } from './view.ts';
import type { Write } from './write.ts';

export interface LiveQueriesConfig {
  readonly links?: LinkIndex | undefined;
  readonly useDates?: boolean | undefined;
  readonly now: () => number;
}

export class LiveQueries {
  readonly #config: LiveQueriesConfig;
  readonly #byKey = new Map<string, LiveQuery>();
  readonly #overlays: Overlays;
  readonly #whereabouts = new Whereabouts(this.#byKey);
  readonly #dues = new Dues();
  /** Big answers, which were read while they waited for their turn. */
  readonly readAhead = new WeakMap<object, ReadAhead>();
  #attrs: Attrs;

  constructor(attrs: Attrs, config: LiveQueriesConfig) {
    this.#attrs = attrs;
    this.#config = config;
    this.#overlays = new Overlays(this.#byKey, this.#whereabouts, this.#dues, config.now);
  }

  get(key: string): LiveQuery | undefined {
    return this.#byKey.get(key);
  }

  list(): Iterable<LiveQuery> {
    return this.#byKey.values();
  }

  /** Whether any of them shows the entity. */
  holds(etype: string, e: EntityRef): boolean {
    const lives = typeof e === 'string' ? this.#whereabouts.of(new Set([e])) : this.#byKey.values();
    for (const { view } of lives) if (view.has(etype, e)) return true;
    return false;
  }

  /** A new one, that is not yet here. */
  open(asked: AskedQuery): Effect[] {
    const live: LiveQuery = {
      ...asked,
      view: this.#newView(asked.query),
      processed: undefined,
      source: undefined,
      isFresh: false,
      error: undefined,
      failures: 0,
      askAgainAtMs: undefined,
      recheckAtMs: undefined,
      rechecks: 0,
    };
    this.#byKey.set(live.key, live);
    return live.isLocal ? this.#answeredLocally(live) : [];
  }

  close(key: string): void {
    const live = this.#byKey.get(key);
    if (!live) return;
    this.#dues.delete(live);
    this.#whereabouts.closed(live);
    this.#byKey.delete(key);
  }

  ask(live: LiveQuery): AddQuery {
    live.askAgainAtMs = undefined;
    return { op: 'add-query', 'client-event-id': live.eventId, q: live.query };
  }

  /** Somebody else asks from here on: what was answered before is not for them. */
  reset(): void {
    this.#overlays.clear();
    this.#whereabouts.lookAgain();
    for (const live of this.#byKey.values()) {
      live.view = this.#newView(live.query);
      live.processed = undefined;
      live.source = undefined;
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

  /** An answer. One that is older than what this session has told already, or to a query since closed, is left aside. */
  answered(message: AddQueryOk): Effect[] {
    const live = this.#byKey.get(queryKey(message.q));
    const isOurs = live && (message['client-event-id'] ?? live.eventId) === live.eventId;
    if (!isOurs || (live.isFresh && isOlder(message, live.processed))) return [];
    return this.#take(live, message.result, message);
  }

  /** The answers that changed; `coversAll`: those not listed are as they were, and as new. */
  refreshed(message: RefreshOk, coversAll: boolean, random: Random): Effect[] {
    const effects: Effect[] = [];
    for (const computation of message.computations) {
      const live = this.#byKey.get(queryKey(computation['instaql-query']));
      if (!live || (live.isFresh && isOlder(message, live.processed))) continue;
      effects.push(...this.#take(live, computation['instaql-result'], message));
    }
    for (const delta of message.deltas ?? []) {
      const live = this.#byKey.get(queryKey(delta['instaql-query']));
      // One that is not fresh has been asked again: its answer has this in it.
      if (live?.isFresh && !isOlder(message, live.processed)) effects.push(...this.#amend(live, delta, message, random));
    }
    if (coversAll) {
      for (const live of this.#byKey.values()) {
        if (!live.isFresh || !isOlder(live.processed ?? {}, message)) continue;
        if (this.#overlays.reaches(live, processedOf(message))) effects.push({ do: 'show', key: live.key });
      }
    }
    return effects;
  }

  /** A new write, shown by every query. */
  add(write: Write): Effect[] {
    return this.#overlays.add(write);
  }

  /** The server has it. Queries whose answer contains it already show it no longer. */
  confirmed(write: Write, nowMs: number): Effect[] {
    return this.#overlays.confirmed(write, nowMs);
  }

  refused(eventId: string): Effect[] {
    return this.#overlays.refused(eventId);
  }

  /** The confirmed writes that every answer contains: they are forgotten here, and may be everywhere. */
  takePassed(): string[] {
    return this.#overlays.takePassed();
  }

  /** The same writes in other words. */
  rewrite(rewritten: readonly Write[]): Effect[] {
    return this.#overlays.rewrite(rewritten);
  }

  /** What was kept from an earlier start, while the server has not answered. */
  recalled(live: LiveQuery, answer: QueryAnswer, processed: Processed): Effect[] {
    if (live.source === 'server') return [];
    live.source = 'cache';
    live.processed = processed;
    return this.#provisional(live, answer);
  }

  /** What other queries hold, for one that nothing is known of. */
  #answeredLocally(live: LiveQuery): Effect[] {
    const others = [...this.#byKey.values()].filter((other) => other !== live && other.source !== undefined);
    live.source = 'local';
    return this.#provisional(live, {
      triples: others.flatMap(({ view }) => [...view.answered.triples()]),
      pageInfo: undefined,
      aggregate: undefined,
    });
  }

  setAttrs(attrs: Attrs): Effect[] {
    if (attrs === this.#attrs) return [];
    this.#attrs = attrs;
    for (const live of this.#byKey.values()) live.view.setAttrs(attrs);
    this.#whereabouts.lookAgain();
    return this.#overlays.attrsChanged();
  }

  byEvent(eventId: string): LiveQuery | undefined {
    for (const live of this.#byKey.values()) if (live.eventId === eventId) return live;
    return undefined;
  }

  /** It failed. One that may succeed later is asked again then, and its listeners are not bothered. */
  failed(live: LiveQuery, error: TriplaneError, askAgainAtMs: number | undefined): Effect[] {
    live.failures += 1;
    live.askAgainAtMs = askAgainAtMs;
    this.#dues.add(live);
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
    return this.#dues.next();
  }

  due(nowMs: number, random: Random): Effect[] {
    const effects: Effect[] = [];
    for (const live of this.#dues.all()) {
      if (isDue(live.askAgainAtMs, nowMs)) effects.push({ do: 'send', message: this.ask(live) });
      if (isDue(live.recheckAtMs, nowMs)) effects.push(...this.#recheck(live, random));
    }
    return effects;
  }

  #recheck(live: LiveQuery, random: Random): Effect[] {
    if (this.#overlays.recheck(live)) return this.askAgain(live, random.eventId());
    return [{ do: 'show', key: live.key }, { do: 'prune' }];
  }

  #provisional(live: LiveQuery, answer: QueryAnswer): Effect[] {
    this.#stands(live, this.#read(live, answer) ?? live.view.answer(answer, live.source), true);
    return [{ do: 'show', key: live.key }];
  }

  #take(live: LiveQuery, answer: WireAnswer, processed: Processed): Effect[] {
    const isFirst = live.source !== 'server';
    live.error = undefined;
    live.failures = 0;
    live.askAgainAtMs = undefined;
    live.isFresh = true;
    live.source = 'server';
    live.processed = processedOf(processed);
    return this.#taken(live, this.#read(live, answer) ?? live.view.answer(readAnswer(answer), live.source), isFirst);
  }

  #read({ view, source }: LiveQuery, answer: object): Report | undefined {
    const read = this.readAhead.get(answer);
    return read && view.answerRead(read, source ?? 'server');
  }

  #amend(live: LiveQuery, delta: AnswerDelta, processed: Processed, random: Random): Effect[] {
    const read = readDelta(delta);
    const held = live.processed?.['processed-tx-id'] ?? -1;
    if (!read || held < delta['base-tx-id']) return this.askAgain(live, random.eventId());
    live.processed = processedOf(processed);
    return this.#taken(live, live.view.amend(read), false);
  }

  #taken(live: LiveQuery, report: Report, isFirst: boolean): Effect[] {
    this.#stands(live, report, isFirst);
    return [
      { do: 'show', key: live.key },
      { do: 'keep', key: live.key, report },
    ];
  }

  #stands(live: LiveQuery, report: Report, isFirst: boolean): void {
    this.#whereabouts.changed(live, report);
    this.#overlays.answered(live, isFirst);
  }

  #newView(query: WireQuery): View {
    const config: ViewConfig = { attrs: this.#attrs, ...this.#config };
    return new View(query, config);
  }
}

function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}
