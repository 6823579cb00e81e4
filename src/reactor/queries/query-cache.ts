// The persistent cache of results: read when a query is opened, written some time after a result changed. If the store fails, the next
// session starts without cached results, and nothing else is affected.
//
// A confirmed write stays stored while a result is that lacks it, of a query that is open or not: a start without a server, or a page that is
// opened again, shows what was shown before.

import { isObject } from '../../lib/json.ts';
import type { TripleResult } from '../../protocol/query-result.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import { packRows, packTriples, unpackTriples } from './cached-rows.ts';
import type { ClientContext } from '../context.ts';
import type { Effect } from '../effect.ts';
import { shouldCompact, type Manifest, manifestPrefix, isManifest, CachedResult, chunksOf } from './cached-result.ts';
import type { LiveQuery } from './live-query.ts';
import { type Mutation, removeMutation } from '../mutations/mutation.ts';
import { rebaseLoaded } from '../mutations/acknowledge.ts';
import { isIncluded, isOlder } from '../tx-position.ts';
import { TimeSlicer } from '../../lib/yielding.ts';
import { loadSlicing } from './slicing.ts';

/** Entities, or everything. */
type Changed = ReadonlySet<string> | 'all';
type Metadata = Pick<Manifest, 'processed' | 'pageInfo' | 'aggregate' | 'usedAtMs'>;

const debounceMs = 1_000;
/** What the tab that sends has not stored by then, it does not show. */
const otherTabDebounceMs = 2_000;
/** Larger changes would block for too long. */
const maxEntities = 1_000;
const failedText = 'Results cannot be cached';
/** Confirmed writes that are kept for queries that are not open. */
const mostConfirmed = 200;

export class QueryCache {
  readonly #context: ClientContext;
  readonly #entries = new Map<string, CachedResult>();
  #deadlineMs: number | undefined;
  #isPruned = false;
  /** Confirmed writes that all open queries contain, in order. What is stored of others may lack them. */
  readonly #confirmed = new Map<string, Mutation>();
  #isFlushing = false;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** The cached result of a query that was just opened. */
  async hydrate(live: LiveQuery): Promise<void> {
    const { state, config } = this.#context;
    const { session, queries } = state;
    const { owner } = session;
    const isRelevant = (): boolean => queries.get(live.key) === live && live.source !== 'server' && session.owner === owner;
    if (!isRelevant()) return;
    const cached = this.#entryOf(live.key);
    try {
      const manifest = await config.store.get(cached.manifestKey);
      const records = cached.recordsIn(manifest, await config.store.list(cached.prefix));
      if (!records || !isManifest(manifest)) return;
      const result = await this.#read(live, records, manifest, isRelevant);
      if (!result || !isRelevant()) return;
      const { processed = {} } = manifest;
      const lacking = [...this.#confirmed.values()].filter((write) => !isIncluded(write, processed));
      this.#context.run([...queries.rewrite(rebaseLoaded(state, lacking)), ...queries.hydrate(live, result, processed)]);
    } catch (error) {
      config.log.warn(failedText, error);
    }
  }

  /** The result changed. It is stored after a delay, together with later changes. */
  markDirty({ key, changeSet }: Extract<Effect, { readonly do: 'keep' }>): void {
    const cached = this.#entryOf(key);
    this.#setDeadline();
    if (!cached.manifest && !cached.isWriting) cached.changed = 'all';
    if (cached.changed === 'all') return;
    cached.changed ??= new Set();
    for (const changes of changeSet.values()) for (const id of changes.keys()) cached.changed.add(id);
  }

  nextDeadline(): number | undefined {
    return this.#deadlineMs;
  }

  /** All open queries contain these writes. */
  release(writes: readonly Mutation[]): void {
    for (const write of writes) this.#confirmed.set(write.eventId, write);
    if (writes.length > 0) this.#setDeadline();
  }

  onDeadline(nowMs: number): void {
    if (this.#deadlineMs === undefined || this.#deadlineMs > nowMs) return;
    this.#deadlineMs = undefined;
    for (const key of this.#entries.keys()) void this.#storeUnlessStored(key);
    void this.#tidy();
  }

  /** Stores what changed now: when the page is hidden, and before the database closes. There is no time to see what other tabs have stored. */
  flush(): void {
    this.#deadlineMs = undefined;
    this.#isFlushing = true;
    for (const key of this.#entries.keys()) this.flushQuery(key);
    this.#isFlushing = false;
    if (this.#confirmed.size > 0) this.#setDeadline();
  }

  /** The query is about to be closed: its result is stored first. A tab that does not send leaves the base of others alone. */
  flushQuery(key: string): void {
    const cached = this.#entries.get(key);
    if (!cached?.changed) return;
    if (cached.isWriting) return this.#setDeadline();
    const changed = this.#context.isLeader ? cached.changed : 'all';
    const live = this.#takeChanged(key, cached);
    if (live) this.#write(live, cached, changed);
  }

  #setDeadline(): void {
    const { isLeader, config } = this.#context;
    this.#deadlineMs ??= config.clock.monotonicNow() + (isLeader ? debounceMs : otherTabDebounceMs + config.random.next() * debounceMs);
  }

  /** Undefined if the result is not the server's. */
  #takeChanged(key: string, cached: CachedResult): LiveQuery | undefined {
    cached.changed = undefined;
    const live = this.#context.state.queries.get(key);
    return live?.source === 'server' ? live : undefined;
  }

  /** Tabs that show the same do not store it twice; nor do two of them add changes to one base, of which each would lack the other's. */
  async #storeUnlessStored(key: string): Promise<void> {
    const cached = this.#entries.get(key);
    if (!cached?.changed || cached.isReading) return;
    if (cached.isWriting) return this.#setDeadline();
    cached.isReading = true;
    const head: unknown = await this.#context.config.store.get(cached.manifestKey).catch(() => undefined);
    cached.isReading = false;
    // What changed meanwhile is part of the result as it is now.
    const { changed } = cached;
    if (!changed || this.#entries.get(key) !== cached) return;
    if (cached.isWriting) return this.#setDeadline();
    const live = this.#takeChanged(key, cached);
    if (live && !cached.isReplacedBy(head)) this.#write(live, cached, changed);
    else if (live && isManifest(head)) this.#follow(live, cached, head);
    void this.#tidy();
  }

  /** Another tab has stored the result. If it is as new as this one, that is enough: mutations that a newer one contains are no longer stored. */
  #follow(live: LiveQuery, cached: CachedResult, head: Manifest): void {
    const [own, stored] = [live.processed ?? {}, head.processed ?? {}];
    const isEnough = isOlder(own, stored) || (!this.#context.isLeader && !isOlder(stored, own));
    cached.manifest = isEnough ? undefined : head;
    if (!isEnough) this.#write(live, cached, 'all');
  }

  /** Whether everything that changed is stored. */
  #isSettled(): boolean {
    for (const [key, { changed, isWriting }] of this.#entries) {
      if (isWriting || (changed && this.#context.state.queries.get(key)?.source === 'server')) return false;
    }
    return true;
  }

  /** Drops results that are not stored: another user signed in, or the client closes. Confirmed writes stay stored. */
  clear(): void {
    this.#confirmed.clear();
    this.#entries.clear();
    this.#deadlineMs = undefined;
    this.#isPruned = false;
  }

  #entryOf(key: string): CachedResult {
    const cached = this.#entries.get(key) ?? new CachedResult(this.#context.state.session.owner, key);
    this.#entries.set(key, cached);
    return cached;
  }

  #store(...edits: KeyValueOp[]): void {
    if (edits.length === 0) return;
    this.#context.run([{ do: 'store', edits }]);
  }

  #write(live: LiveQuery, cached: CachedResult, changed: Changed): void {
    const { view, processed } = live;
    const { manifest } = cached;
    const usedAtMs = this.#context.config.clock.now();
    const metadata: Metadata = { processed, pageInfo: view.info?.pageInfo, aggregate: view.info?.aggregate, usedAtMs };
    if (!manifest || changed === 'all' || changed.size > maxEntities || shouldCompact(manifest))
      return void this.#writeSnapshot(live, cached, metadata);
    const gone = [...changed];
    const text = packTriples(gone.flatMap((id) => view.baseStore.triplesOf(id)));
    this.#store(
      { put: cached.recordKey(manifest.base, 'd', manifest.changes), value: { gone, text } },
      ...cached.commit({ ...manifest, ...metadata, changes: manifest.changes + 1, changesSize: manifest.changesSize + text.length }),
    );
  }

  /** In slices if it is large. A part is then a store transaction of its own, so that the user's writes need not wait for all of them. */
  async #writeSnapshot({ key, view }: LiveQuery, cached: CachedResult, metadata: Metadata): Promise<void> {
    const { config } = this.#context;
    const parts = chunksOf(view.baseStore);
    const base = config.random.eventId();
    let baseSize = 0;
    cached.isWriting = true;
    try {
      const slicer = parts.length > 1 ? new TimeSlicer(config) : undefined;
      for (const [at, rows] of parts.entries()) {
        if (slicer?.shouldYield) await slicer.yieldToMain();
        if (this.#entries.get(key) !== cached) return;
        const text = packRows(rows);
        baseSize += text.length;
        this.#store({ put: cached.recordKey(base, 'b', at), value: { text } });
      }
      this.#store(...cached.commit({ ...metadata, base, parts: parts.length, changes: 0, baseSize, changesSize: 0 }));
    } catch (error) {
      // Tried again with the next change.
      cached.changed = 'all';
      config.log.warn(failedText, error);
    }
    cached.isWriting = false;
    void this.#tidy();
  }

  /** The latest record of an entity is read first: older ones are skipped. In slices if requested. Undefined if the result is no longer wanted. */
  async #read(
    { view }: LiveQuery,
    cachedRecords: readonly unknown[],
    { pageInfo, aggregate }: Manifest,
    isRelevant: () => boolean,
  ): Promise<TripleResult | undefined> {
    const { state, config } = this.#context;
    // If the module cannot be loaded, the result is read at once.
    const slicing = config.yieldEvery === undefined ? undefined : await loadSlicing().catch(() => undefined);
    const slicer = slicing && new TimeSlicer(config);
    const triples: Triple[] = [];
    const seen = new Set<unknown>();
    for (const record of [...cachedRecords].reverse()) {
      if (!isRelevant()) return undefined;
      if (!isObject(record)) continue;
      for (const triple of unpackTriples(record['text'])) if (!seen.has(triple[0])) triples.push(triple);
      if (Array.isArray(record['gone'])) for (const id of record['gone']) seen.add(id);
      if (slicer?.shouldYield) await slicer.yieldToMain();
    }
    const result = { triples, pageInfo, aggregate };
    const ingested = slicer && (await slicing.slicedIngest(view, result, slicer, isRelevant));
    if (ingested) state.queries.ingested.set(result, ingested);
    return result;
  }

  /**
   * Removes the records of writes that every stored result contains, or will with what is in the queue of the store: a restart at any moment
   * finds either the write or results that contain it. Also the least recently used results beyond the limit, for which once per start is enough.
   */
  async #tidy(): Promise<void> {
    // What is written behind a read is lost if the page ends.
    if (this.#isFlushing || !this.#isSettled() || (this.#isPruned && this.#confirmed.size === 0)) return;
    this.#isPruned = true;
    const { state, config } = this.#context;
    const { owner } = state.session;
    const prefix = manifestPrefix(owner);
    const writes = [...this.#confirmed.values()];
    const stored = await config.store.list(prefix).catch((error: unknown) => config.log.warn(failedText, error));
    if (!stored || state.session.owner !== owner) return;
    const heads = stored.map(([name, manifest]) => [name.slice(prefix.length), manifest] as const);
    const older = heads.flatMap(([key, head]) => (isManifest(head) && state.queries.get(key)?.source !== 'server' ? head : []));
    const kept = writes.filter((write) => older.some(({ processed }) => !isIncluded(write, processed))).slice(-mostConfirmed);
    const gone = writes.filter((write) => !kept.includes(write));
    for (const { eventId } of gone) this.#confirmed.delete(eventId);
    this.#store(...gone.map(removeMutation));
    const idle = heads.filter(([key]) => !state.queries.get(key) && !this.#entries.get(key)?.isWriting);
    idle.sort(([, a], [, b]) => usedAt(b) - usedAt(a));
    for (const [key, manifest] of idle.slice(config.queryCacheLimit)) {
      this.#entries.delete(key);
      this.#store(...new CachedResult(owner, key).removals(manifest));
    }
  }
}

function usedAt(manifest: unknown): number {
  return isManifest(manifest) ? manifest.usedAtMs : 0;
}
