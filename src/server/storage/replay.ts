// A snapshot with log entries applied to it.

import type { WireAttr } from '../../protocol/attr.ts';
import type { Triple } from '../../protocol/triple.ts';
import { sliceItems } from '../slices.ts';
import { type AnsweredEvent, type AttrChanges, emptySnapshot, type Loaded, type LogEntry, type Records, type Snapshot } from './storage.ts';

export function replay(loaded: Loaded): Snapshot {
  const steps = replaySteps(loaded);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same in steps: yields where others can be served. */
export function* replaySteps({ snapshot = emptySnapshot, entries }: Loaded): Generator<void, Snapshot> {
  if (entries.length === 0) return snapshot;
  const state = yield* SnapshotState.from(snapshot);
  let changes = 0;
  for (const entry of entries) {
    yield* state.applySteps(entry);
    changes += 1 + (entry.changes.length % sliceItems);
    if (changes < sliceItems) continue;
    changes = 0;
    yield;
  }
  return state.snapshot();
}

/** The time of the first transaction; undefined if there is none. Of snapshots of earlier versions it is that of the oldest triple. */
export function startOf({ since, txId, at, triples }: Snapshot): number | undefined {
  if (since !== undefined || txId === 0) return since;
  return triples.reduce((oldest, [, , , time]) => Math.min(oldest, time), at);
}

/** A snapshot advanced entry by entry. Its memory depends on the data, not on the log. */
export class SnapshotState {
  #txId: number;
  #at: number;
  #lastId: string | undefined;
  #since: number | undefined;
  readonly #attrs: Map<string, WireAttr>;
  readonly #deleted: Map<string, WireAttr>;
  readonly #triples = new Map<string, Triple>();
  readonly #events: AnsweredEvent[];
  readonly #records: Map<string, unknown>;
  /** Of every attr that ever existed. */
  readonly #isValue = new Map<string, boolean>();

  private constructor(snapshot: Snapshot) {
    this.#txId = snapshot.txId;
    this.#at = snapshot.at;
    this.#lastId = snapshot.lastId;
    this.#since = snapshot.since;
    this.#attrs = new Map(snapshot.attrs.map((attr) => [attr.id, attr]));
    this.#deleted = new Map(snapshot.deletedAttrs.map((attr) => [attr.id, attr]));
    for (const attr of [...snapshot.attrs, ...snapshot.deletedAttrs]) this.#learn(attr);
    this.#events = snapshot.events.slice();
    this.#records = new Map(Object.entries(snapshot.records ?? {}));
  }

  /** In steps: yields where others can be served. */
  static *from(snapshot: Snapshot): Generator<void, SnapshotState> {
    const state = new SnapshotState(snapshot);
    for (const [at, triple] of snapshot.triples.entries()) {
      state.#triples.set(state.#nameOf(triple), triple);
      if (at % sliceItems === sliceItems - 1) yield;
    }
    return state;
  }

  static empty(): SnapshotState {
    return new SnapshotState(emptySnapshot);
  }

  get txId(): number {
    return this.#txId;
  }

  /** In steps: yields where others can be served. An entry that was left half-way may be applied anew. */
  *applySteps({ id, txId, at, attrs, changes, event, rejected, records }: LogEntry): Generator<void, void> {
    if (attrs) this.#applyAttrs(attrs);
    for (const [index, { action, triple }] of changes.entries()) {
      if (index % sliceItems === sliceItems - 1) yield;
      if (action === 'added') this.#triples.set(this.#nameOf(triple), triple);
      else this.#triples.delete(this.#nameOf(triple));
    }
    if (event) this.#events.push({ ...event, txId, at, ...(rejected && { rejected }) });
    if (records) replayRecords(records, this.#records);
    if (this.#txId === 0) this.#since = at;
    this.#txId = txId;
    this.#at = at;
    this.#lastId = id;
  }

  snapshot(): Snapshot {
    return {
      txId: this.#txId,
      at: this.#at,
      ...(this.#lastId !== undefined && { lastId: this.#lastId }),
      ...(this.#since !== undefined && { since: this.#since }),
      attrs: [...this.#attrs.values()],
      deletedAttrs: [...this.#deleted.values()],
      triples: [...this.#triples.values()],
      events: this.#events.slice(),
      records: Object.fromEntries(this.#records),
    };
  }

  #applyAttrs({ put, deleted: gone }: AttrChanges): void {
    for (const attr of put) {
      this.#learn(attr);
      this.#deleted.delete(attr.id);
      this.#attrs.set(attr.id, attr);
    }
    for (const id of gone) {
      const attr = this.#attrs.get(id);
      if (attr) this.#deleted.set(id, attr);
      this.#attrs.delete(id);
    }
  }

  #learn(attr: WireAttr): void {
    this.#isValue.set(attr.id, attr['value-type'] === 'blob');
  }

  /** An entity has one value per attr, but many links. */
  #nameOf([e, a, v]: Triple): string {
    return this.#isValue.get(a) ? `${e} ${a}` : `${e} ${a} ${JSON.stringify(v)}`;
  }
}

export function replayRecords(changes: Records, records: Map<string, unknown>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) records.delete(name);
    else records.set(name, value);
  }
}
