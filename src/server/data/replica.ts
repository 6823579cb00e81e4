// An app's data in memory: the state of the log up to one transaction. Advanced by transactions of this server, which can be undone until
// they are in the log, and by log entries of other servers.

import { Attrs, type KnownAttr } from '../../db/attrs.ts';
import { Layer } from '../../db/layer.ts';
import { emptyChangeSet, type ChangeSet, type RowChange } from '../../db/change-set.ts';
import { Store } from '../../db/store.ts';
import { completed } from '../../lib/yielding.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import { inSlices, sliceItems } from '../slices.ts';
import type { AttrCatalog } from './attr-steps.ts';
import { changeSetSteps, partsOf, tripleChangeSteps } from './triple-changes.ts';
import { isOnlyTypes } from './inferred-types.ts';
import type { IdempotencyKeys } from './idempotency.ts';
import { applyChangesSteps } from './apply-changes.ts';
import { DataSnapshot } from './snapshot.ts';
import { fillSteps } from './fill-store.ts';
import { countEntrySteps, listSizeSteps } from '../storage/entry-size.ts';
import { replayRecords, replaySteps, startOf } from '../storage/replay.ts';
import { type AttrChanges, emptySnapshot, type Loaded, type LogEntry } from '../storage/storage.ts';
import { type AppliedWrite, type Batch, record, type RejectedWrite } from './batch.ts';
import { StoredSize } from './stored-size.ts';
import { systemAttrs } from './system-attrs.ts';

/** With more entries than this, applying them to the snapshot's triples is cheaper than applying them to rows. */
const maxPlayed = 1000;
/** So many changes are played in one go. */
const maxPlayedChanges = 2 * sliceItems;
/** Changes that cost as much as an entry beside its changes. */
const changesPerEntry = 20;

export class Replica {
  readonly idempotencyKeys: IdempotencyKeys;
  readonly #size: StoredSize;
  #store = new Store(Attrs.empty, { times: true });
  #deleted: ReadonlyMap<string, WireAttr> = new Map();
  #records = new Map<string, unknown>();
  readonly #snapshots = new Set<DataSnapshot>();
  #txId = 0;
  #lastId: string | undefined;
  #at = 0;
  #since: number | undefined;
  #isWhole = true;

  constructor(idempotencyKeys: IdempotencyKeys, size = new StoredSize()) {
    this.idempotencyKeys = idempotencyKeys;
    this.#size = size;
  }

  get store(): Store {
    return this.#store;
  }

  /** False while a large change is being applied, or those of another server: nothing is to be read then. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Attrs that can be restored, by id. */
  get deleted(): ReadonlyMap<string, WireAttr> {
    return this.#deleted;
  }

  get records(): ReadonlyMap<string, unknown> {
    return this.#records;
  }

  get txId(): number {
    return this.#txId;
  }

  get lastId(): string | undefined {
    return this.#lastId;
  }

  /** The time of the last transaction. */
  get at(): number {
    return this.#at;
  }

  /** The time of the first transaction. */
  get since(): number | undefined {
    return this.#since;
  }

  /** A snapshot for long-running readers. Costs memory until released. */
  snapshot(): DataSnapshot {
    const snapshot = new DataSnapshot(this.#store, this.#txId);
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  release(snapshot: DataSnapshot): void {
    this.#snapshots.delete(snapshot);
  }

  /** The time of the next transaction: later than the last, so that log order is creation order whatever the clocks say. */
  nextAt(now: number): number {
    return Math.max(this.#at + 1, now);
  }

  /** In slices; until it is done, everything is as it was. @returns the amount of data */
  async load(loaded: Loaded, now: number): Promise<{ readonly triples: number; readonly bytes: number }> {
    const { entries } = loaded;
    const isPlayed = entries.length <= maxPlayed && countOf(entries) <= maxPlayedChanges;
    const snapshot = isPlayed ? (loaded.snapshot ?? emptySnapshot) : await inSlices(replaySteps(loaded));
    const { txId, at, lastId, attrs, deletedAttrs, triples, events, records } = snapshot;
    const known = new Set(systemAttrs.map(({ id }) => id));
    const own = attrs.filter(({ id }) => !known.has(id));
    // If a deleted attr has the same name, the live one counts.
    const all = Attrs.from([...systemAttrs, ...deletedAttrs, ...own]);
    const store = new Store(all, { times: true });
    await inSlices(fillSteps(store, triples));
    const bytes = await inSlices(listSizeSteps(triples));
    const stored = await inSlices(this.#size.countSteps(snapshot));
    this.#store = store;
    this.#snapshots.clear();
    this.#size.bytes = stored;
    if (deletedAttrs.length > 0) this.#store.setAttrs(all.without(new Set(deletedAttrs.map(({ id }) => id))));
    this.#deleted = new Map(deletedAttrs.map((attr) => [attr.id, attr]));
    this.#records = new Map(Object.entries(records ?? {}));
    this.idempotencyKeys.replace(events, now);
    this.#txId = txId;
    this.#lastId = lastId;
    this.#at = at;
    this.#since = startOf(snapshot);
    if (isPlayed) for (const entry of entries) completed(this.#playSteps(entry));
    return { triples: triples.length, bytes };
  }

  begin(): Batch {
    const catalog = { attrs: this.#store.attrs, deleted: this.#deleted };
    const place = { txId: this.#txId, lastId: this.#lastId, at: this.#at, bytes: this.#size.bytes };
    const before = { ...place, catalog, records: new Map<string, unknown>() };
    return { changeSet: emptyChangeSet, attrsChanged: false, schemaChanged: false, entries: [], before };
  }

  /**
   * Applies a transaction that is not in the log yet. `id`: of the log entry. `check` may throw if the app becomes larger by so many bytes;
   * then nothing is changed. In steps: yields where others can be served.
   */
  *applySteps(
    { id, changeSet, changes, catalog, records, event, at }: AppliedWrite,
    batch: Batch,
    check?: (growth: number) => void,
  ): Generator<void, void> {
    const attrsChanged = catalog.attrs !== this.#store.attrs;
    const schemaChanged = attrsChanged && this.#changesSchema({ put: catalog.put, deleted: catalog.removed });
    const attrs = { put: catalog.put, deleted: catalog.removed };
    const what = { ...(event && { event }), ...(attrsChanged && { attrs }), changes, ...(records && { records }) };
    const growth = yield* this.#growthSteps(what);
    check?.(growth);
    const entry: LogEntry = { ...this.#nextPlace(id), at, ...what };
    yield* countEntrySteps(entry);
    yield* this.#asOne(this.#commitSteps(catalog, changeSet));
    this.#size.bytes += growth;
    for (const name of Object.keys(records ?? {})) {
      if (!batch.before.records.has(name)) batch.before.records.set(name, this.#records.get(name));
    }
    this.#advance(entry);
    record(batch, entry, changeSet, { attrsChanged, schemaChanged });
  }

  /** A final rejection takes a position in the log too. */
  reject({ id, event, rejected, at }: RejectedWrite, batch: Batch): void {
    const entry: LogEntry = { ...this.#nextPlace(id), at, event, rejected, changes: [] };
    this.#advance(entry);
    record(batch, entry, emptyChangeSet, { attrsChanged: false, schemaChanged: false });
  }

  /** Restores the previous state. */
  undo({ changeSet, entries, before }: Batch): void {
    this.#commitPart(before.catalog.attrs, inverted(changeSet));
    this.#deleted = before.catalog.deleted;
    for (const [name, value] of before.records) {
      if (value === undefined) this.#records.delete(name);
      else this.#records.set(name, value);
    }
    for (const { event } of entries) if (event) this.idempotencyKeys.remove(event);
    this.#txId = before.txId;
    this.#lastId = before.lastId;
    this.#at = before.at;
    this.#size.bytes = before.bytes;
    if (before.txId === 0) this.#since = undefined;
  }

  /** Applies entries of other servers that follow ours. */
  applyEntries(entries: readonly LogEntry[]): Promise<Batch> {
    return inSlices(this.#asOne(this.#entriesSteps(entries)));
  }

  *#entriesSteps(entries: readonly LogEntry[]): Generator<void, Batch> {
    const batch = this.begin();
    let changes = 0;
    for (const entry of entries) {
      const schemaChanged = entry.attrs !== undefined && this.#changesSchema(entry.attrs);
      record(batch, entry, yield* this.#playSteps(entry), { attrsChanged: entry.attrs !== undefined, schemaChanged });
      changes += changesPerEntry + (entry.changes.length % sliceItems);
      if (changes < sliceItems) continue;
      changes = 0;
      yield;
    }
    return batch;
  }

  /** Runs steps between which nothing is to be read. */
  *#asOne<T>(steps: Generator<void, T>): Generator<void, T> {
    this.#isWhole = false;
    try {
      return yield* steps;
    } finally {
      this.#isWhole = true;
    }
  }

  *#playSteps(entry: LogEntry): Generator<void, ChangeSet> {
    const current = { attrs: this.#store.attrs, deleted: this.#deleted };
    const catalog = entry.attrs ? catalogAfter(current, entry.attrs) : current;
    const layer = new Layer(this.#store);
    if (entry.attrs) layer.setAttrs(catalog.attrs);
    yield* applyChangesSteps(layer, entry.changes, hiddenIn(catalog));
    const changeSet = yield* changeSetSteps(layer);
    const growth = yield* this.#growthSteps(entry);
    yield* this.#commitSteps(catalog, changeSet);
    this.#size.bytes += growth;
    this.#advance(entry);
    return changeSet;
  }

  *#commitSteps({ attrs, deleted }: AttrCatalog, changeSet: ChangeSet): Generator<void, void> {
    for (const part of partsOf(changeSet)) {
      if (part !== changeSet) yield;
      this.#commitPart(attrs, part);
    }
    this.#deleted = deleted;
  }

  #commitPart(attrs: Attrs, changeSet: ChangeSet): void {
    this.#store.commit({ attrs, takeChangeSet: () => changeSet });
    for (const snapshot of this.#snapshots) snapshot.keep(changeSet);
  }

  #growthSteps(entry: Pick<LogEntry, 'changes' | 'attrs' | 'records'>): Generator<void, number> {
    const hasAttr = (id: string): boolean => this.#deleted.has(id) || this.#store.attrs.byId(id) !== undefined;
    return this.#size.growthSteps(entry, { records: this.#records, hasAttr });
  }

  #changesSchema({ put, deleted }: AttrChanges): boolean {
    return deleted.length > 0 || !isOnlyTypes(this.#store.attrs, put);
  }

  #nextPlace(id: string): Pick<LogEntry, 'id' | 'prev' | 'txId'> {
    return { id, ...(this.#lastId !== undefined && { prev: this.#lastId }), txId: this.#txId + 1 };
  }

  #advance({ id, txId, at, event, rejected, records }: LogEntry): void {
    if (records) replayRecords(records, this.#records);
    if (event) this.idempotencyKeys.add({ ...event, txId, at, ...(rejected && { rejected }) });
    this.#txId = txId;
    this.#lastId = id;
    this.#at = at;
    this.#since ??= at;
  }
}

/** What a transaction changes, as triples. A generator: yields where others can be served. */
export function changeSteps(changeSet: ChangeSet, catalog: AttrCatalog): Generator<void, SyncChange[]> {
  return tripleChangeSteps(changeSet, catalog.attrs, hiddenIn(catalog));
}

function inverted(changeSet: ChangeSet): ChangeSet {
  const invert = ([id, { before, after }]: readonly [string, RowChange]) => [id, { before: after, after: before }] as const;
  return new Map([...changeSet].map(([etype, changes]) => [etype, new Map([...changes].map(invert))]));
}

const countOf = (entries: readonly LogEntry[]): number => entries.reduce((sum, { changes }) => sum + changes.length, 0);

function catalogAfter({ attrs, deleted }: AttrCatalog, { put, deleted: gone }: AttrChanges): AttrCatalog {
  const nextDeleted = new Map(deleted);
  for (const { id } of put) nextDeleted.delete(id);
  const all = attrs.with(put);
  for (const id of gone) {
    const attr = all.byId(id);
    if (attr) nextDeleted.set(id, attr.wire);
  }
  return { attrs: gone.length > 0 ? all.without(new Set(gone)) : all, deleted: nextDeleted };
}

/** The deleted attrs, with the slots that still hold their values. */
function hiddenIn({ attrs, deleted }: AttrCatalog): KnownAttr[] {
  if (deleted.size === 0) return [];
  return attrs.with([...deleted.values()]).list.filter(({ id }) => deleted.has(id));
}
