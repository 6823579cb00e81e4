// The subscribed queries, each with the server's last result and the view on top of it. Equal queries share one entry.
// Acknowledged writes leave a view query by query, as soon as *its* result contains them.

import type { Attrs } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { TriplaneError } from '../../errors.ts';
import type { AddQuery, AddQueryOk, ResultDelta, Processed, RefreshOk, WireQuery } from '../../protocol/query-messages.ts';
import { type TripleResult, readResult, readDelta, type WireResult } from '../../protocol/query-result.ts';
import { queryKey } from '../../query/key.ts';
import type { EntityRef } from '../../protocol/transact-messages.ts';
import type { LinkIndex } from '../../schema/schema.ts';
import type { Random } from '../../lib/random.ts';
import { Deadlines, isDue } from '../timer.ts';
import type { Effect } from '../effect.ts';
import type { QueryRequest, LiveQuery } from './live-query.ts';
import { OptimisticUpdates } from './optimistic-updates.ts';
import { isOlder, processedOf } from '../tx-position.ts';
import type { IngestedResult } from './view-input.ts';
import { isolated } from './query-errors.ts';
import { renamedResults } from './renamed-attrs.ts';
import { EntityIndex } from './entity-index.ts';
import { KnownRows } from './known-rows.ts';
import { View } from './view.ts';
import type { Mutation } from '../mutations/mutation.ts';

export interface LiveQueriesConfig {
  readonly links?: LinkIndex | undefined;
  readonly useDates?: boolean | undefined;
  /** Milliseconds since 1970, for new entities. */
  readonly now: () => number;
  /** For deadlines. */
  readonly monotonicNow: () => number;
}

export class LiveQueries {
  readonly #config: LiveQueriesConfig;
  readonly #byKey = new Map<string, LiveQuery>();
  readonly #optimisticUpdates: OptimisticUpdates;
  readonly #entityIndex = new EntityIndex(this.#byKey);
  readonly known = new KnownRows(this.#byKey, this.#entityIndex, (live, eventId) => this.#optimisticUpdates.isMissing(live, eventId));
  readonly #deadlines = new Deadlines();
  /** Large results that were ingested while they waited for their turn. */
  readonly ingested = new WeakMap<object, IngestedResult>();
  #attrs: Attrs;

  constructor(attrs: Attrs, config: LiveQueriesConfig) {
    this.#attrs = attrs;
    this.#config = config;
    this.#optimisticUpdates = new OptimisticUpdates(this.#byKey, this.#entityIndex, this.known, this.#deadlines, config.monotonicNow);
  }

  readonly get = (key: string): LiveQuery | undefined => this.#byKey.get(key);
  readonly list = (): Iterable<LiveQuery> => this.#byKey.values();

  /** Whether any query returns the entity. */
  showsEntity(etype: string, e: EntityRef): boolean {
    const liveQueries = typeof e === 'string' ? this.#entityIndex.queriesWith(new Set([e])) : this.#byKey.values();
    for (const { view } of liveQueries) if (view.has(etype, e)) return true;
    return false;
  }

  /** A query that is not open yet. */
  open(request: QueryRequest): LiveQuery {
    const live: LiveQuery = {
      ...request,
      listeners: new Map(),
      view: this.#newView(request.query),
      processed: undefined,
      source: undefined,
      isFresh: false,
      isAsked: false,
      error: undefined,
      failures: 0,
      refetchAtMs: undefined,
      recheckAtMs: undefined,
      rechecks: 0,
    };
    this.#byKey.set(live.key, live);
    this.#entityIndex.onOpened();
    return live;
  }

  close(key: string): void {
    const live = this.#byKey.get(key);
    if (!live) return;
    this.#deadlines.delete(live);
    this.#optimisticUpdates.onClosed(live);
    this.#entityIndex.onClosed(live);
    this.#byKey.delete(key);
  }

  request(live: LiveQuery): AddQuery {
    [live.refetchAtMs, live.isAsked] = [undefined, true];
    return { op: 'add-query', 'client-event-id': live.eventId, q: live.query };
  }

  /** Another user from here on: earlier results are not for them. */
  reset(): void {
    this.#optimisticUpdates.clear();
    this.#entityIndex.invalidate();
    for (const live of this.#byKey.values()) {
      live.view = this.#newView(live.query);
      live.processed = undefined;
      live.source = undefined;
      live.error = undefined;
    }
    this.onDisconnect();
  }

  onDisconnect(): void {
    for (const live of this.#byKey.values()) {
      live.isFresh = false;
      live.failures = 0;
      live.refetchAtMs = undefined;
      live.recheckAtMs = undefined;
    }
  }

  /** Applies a result. One that is older than the session's position, or for a closed query, is ignored. */
  applyResult(message: AddQueryOk): readonly Effect[] {
    const live = this.#byKey.get(queryKey(message.q));
    if (!live || (message['client-event-id'] ?? live.eventId) !== live.eventId) return [];
    live.isAsked = false;
    if (live.isFresh && isOlder(message, live.processed)) return [];
    const effects = isolated(live, () => this.#applyServerResult(live, message.result, message));
    return [...effects, ...this.#optimisticUpdates.positionsChanged()];
  }

  /** Applies changed results; `coversAll`: queries not listed are unchanged and up to date. */
  applyRefresh(message: RefreshOk, coversAll: boolean, random: Random): Effect[] {
    const effects: Effect[] = [];
    for (const computation of message.computations) {
      const live = this.#byKey.get(queryKey(computation['instaql-query']));
      if (!live || (live.isFresh && isOlder(message, live.processed))) continue;
      effects.push(...isolated(live, () => this.#applyServerResult(live, computation['instaql-result'], message)));
    }
    for (const delta of message.deltas ?? []) {
      const live = this.#byKey.get(queryKey(delta['instaql-query']));
      // A query that was requested again: its next result includes this change.
      if (live?.isFresh && !live.isAsked && !isOlder(message, live.processed))
        effects.push(...isolated(live, () => this.#applyDelta(live, delta, message, random)));
    }
    for (const live of coversAll ? this.#byKey.values() : []) {
      if (!live.isFresh || live.isAsked || !isOlder(live.processed ?? {}, message)) continue;
      effects.push(...isolated(live, () => this.#optimisticUpdates.advance(live, processedOf(message))));
    }
    return [...effects, ...this.#optimisticUpdates.positionsChanged()];
  }

  /** Shows a new write in every query. */
  add(write: Mutation): Effect[] {
    return this.#optimisticUpdates.add(write);
  }

  /** The write is confirmed. Queries whose result contains it no longer apply it. */
  acknowledge(write: Mutation, nowMs: number): Effect[] {
    return this.#optimisticUpdates.acknowledge(write, nowMs);
  }

  reject(eventId: string): Effect[] {
    return this.#optimisticUpdates.reject(eventId);
  }

  /** Confirmed writes that every result contains: they are dropped here, and can be dropped everywhere. */
  drainIncluded(): string[] {
    return this.#optimisticUpdates.drainIncluded();
  }

  /** The same writes, rewritten. */
  rewrite(rewritten: readonly Mutation[]): Effect[] {
    return this.#optimisticUpdates.rewrite(rewritten);
  }

  /** Applies a cached result, unless the server has answered. */
  hydrate(live: LiveQuery, result: TripleResult, processed: Processed): Effect[] {
    if (live.source === 'server') return [];
    live.source = 'cache';
    live.processed = processed;
    return this.#applyProvisional(live, result);
  }

  /** Evaluates a new query over the results of the other ones. */
  hydrateLocally(live: LiveQuery): Effect[] {
    const others = [...this.#byKey.values()].filter((other) => other !== live && other.source !== undefined);
    live.source = 'local';
    return this.#applyProvisional(live, {
      triples: others.flatMap(({ view }) => [...view.baseStore.triples()]),
      pageInfo: undefined,
      aggregate: undefined,
    });
  }

  setAttrs(attrs: Attrs): Effect[] {
    if (attrs === this.#attrs) return [];
    const renamed = renamedResults(this.#byKey.values(), this.#attrs, attrs);
    if (renamed.length > 0 || !attrs.sharesSlotsWith(this.#attrs)) this.known.clear();
    this.#attrs = attrs;
    const recompile = ({ key, view }: LiveQuery): Effect[] => (view.setAttrs(attrs), view.error ? [{ do: 'show', key }] : []);
    const failed = [...this.#byKey.values()].flatMap((live) => isolated(live, () => recompile(live)));
    this.#entityIndex.invalidate();
    for (const [live, result] of renamed) failed.push(...isolated(live, () => this.#applyProvisional(live, result)));
    return [...failed, ...this.#optimisticUpdates.attrsChanged()];
  }

  readonly byEvent = (eventId: string): LiveQuery | undefined => [...this.#byKey.values()].find((live) => live.eventId === eventId);

  /** The query failed. If the error is temporary, it is requested again later and listeners are not notified. */
  onError(live: LiveQuery, error: TriplaneError, refetchAtMs: number | undefined): Effect[] {
    live.failures += 1;
    live.refetchAtMs = refetchAtMs;
    this.#deadlines.add(live);
    live.isFresh = false;
    if (refetchAtMs !== undefined) return [];
    [live.isAsked, live.error] = [false, error];
    return [{ do: 'show', key: live.key }, { do: 'prune' }];
  }

  /** There has been no connection for a while: queries without a result report that until they have one. */
  onUnreachable(error: TriplaneError): Effect[] {
    return this.failAll(error, (live) => live.source === undefined && live.error === undefined);
  }

  /** None of these queries can be answered any more. */
  failAll(error: TriplaneError, isAffected = (_live: LiveQuery): boolean => true): Effect[] {
    return [...this.#byKey.values()].filter(isAffected).map((live) => {
      live.error = error;
      return { do: 'show', key: live.key };
    });
  }

  /** Requests a query again on the same connection: the server answers a known query only after it was removed. */
  refetch(live: LiveQuery, random: Random): Effect[] {
    live.isFresh = false;
    live.eventId = random.eventId();
    return [
      { do: 'send', message: { op: 'remove-query', 'client-event-id': random.eventId(), q: live.query } },
      { do: 'send', message: this.request(live) },
    ];
  }

  nextDeadline(): number | undefined {
    return this.#deadlines.next();
  }

  onDeadline(nowMs: number, random: Random): Effect[] {
    const effects: Effect[] = [];
    for (const live of this.#deadlines.all()) {
      if (isDue(live.refetchAtMs, nowMs)) effects.push({ do: 'send', message: this.request(live) });
      if (isDue(live.recheckAtMs, nowMs)) effects.push(...isolated(live, () => this.#recheck(live, random)));
    }
    return effects;
  }

  #recheck(live: LiveQuery, random: Random): Effect[] {
    if (this.#optimisticUpdates.recheck(live)) return this.refetch(live, random);
    return [{ do: 'show', key: live.key }, { do: 'prune' }];
  }

  #applyProvisional(live: LiveQuery, result: TripleResult): Effect[] {
    if (live.error?.code === 'unreachable') live.error = undefined;
    const changeSet = this.#takeIngested(live, result) ?? live.view.setResult(result, live.source);
    return [{ do: 'show', key: live.key }, ...this.#rebase(live, changeSet, true), ...this.#optimisticUpdates.positionsChanged()];
  }

  #applyServerResult(live: LiveQuery, result: WireResult, processed: Processed): Effect[] {
    const isFirst = live.source !== 'server';
    live.error = undefined;
    live.failures = 0;
    live.refetchAtMs = undefined;
    live.isFresh = true;
    live.source = 'server';
    live.processed = processedOf(processed);
    return this.#applied(live, this.#takeIngested(live, result) ?? live.view.setResult(readResult(result), live.source), isFirst);
  }

  #takeIngested({ view, source }: LiveQuery, result: object): ChangeSet | undefined {
    const ingested = this.ingested.get(result);
    return ingested && view.setIngested(ingested, source ?? 'server');
  }

  #applyDelta(live: LiveQuery, delta: ResultDelta, processed: Processed, random: Random): Effect[] {
    const ingested = readDelta(delta);
    const processedTxId = live.processed?.['processed-tx-id'] ?? -1;
    if (!ingested || processedTxId < delta['base-tx-id']) return this.refetch(live, random);
    live.processed = processedOf(processed);
    return this.#applied(live, live.view.applyDelta(ingested), false);
  }

  #applied(live: LiveQuery, changeSet: ChangeSet, isFirst: boolean): Effect[] {
    const others = this.#rebase(live, changeSet, isFirst);
    return [{ do: 'show', key: live.key }, { do: 'keep', key: live.key, changeSet }, ...others];
  }

  #rebase(live: LiveQuery, changeSet: ChangeSet, isFirst: boolean): Effect[] {
    this.#entityIndex.onResultChanged(live, changeSet);
    return this.#optimisticUpdates.onResult(live, changeSet, isFirst);
  }

  readonly #newView = (query: WireQuery): View => new View(query, { attrs: this.#attrs, known: this.known, ...this.#config });
}
