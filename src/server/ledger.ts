// The data of one app: the triples in memory, the log they are kept in, and which writes were done already. Writes are
// taken in turns. A turn:
//
//   1. all that wait are checked and applied to memory, one after the other, numbered in this order
//   2. the log is appended to, once for all of them
//   3. each is answered, those who watch are told, and whoever wants to read may read
//
// So nobody ever sees what is not durable, and many writers at once cost one flush. If the log fails, memory is made anew
// from it, as it may hold the turn or not.

import { Attrs } from '../db/attrs.ts';
import { Layer } from '../db/layer.ts';
import { noChange, type Report } from '../db/report.ts';
import { Store } from '../db/store.ts';
import { InstantAPIError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { WireAttr } from '../protocol/attr.ts';
import { factsOf, together } from './facts.ts';
import { RememberedEvents } from './remembered-events.ts';
import { failure } from './refusal.ts';
import { type AppLog, type LogEntry, replay, replayRecords, type Snapshot } from './storage.ts';
import { systemAttrs } from './system-attrs.ts';
import type { Permit } from './touched.ts';
import { prepare } from './transact.ts';
import type { Outcome, Planned, Write } from './write.ts';

/** How many writes one turn takes. */
const turnLength = 1000;
/** Log entries before a snapshot is worth it; more, if the app is larger than that. */
const compactAfter = 2000;

export type { Outcome, Write } from './write.ts';

/** A turn's worth of changes. */
export interface Commit {
  readonly report: Report;
  readonly attrsChanged: boolean;
  readonly entries: readonly LogEntry[];
  /** Memory was made anew: anything may have changed. */
  readonly isReload: boolean;
}

export interface LedgerConfig {
  readonly log: AppLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Log;
  readonly rememberMs: number;
  /** Whether a transaction may be. */
  readonly permit?: Permit | undefined;
  readonly committed: (commit: Commit) => void;
}

export interface Reader {
  readonly run: () => void;
  readonly refuse: (error: InstantAPIError) => void;
}

interface Turn {
  readonly entries: LogEntry[];
  report: Report;
  attrsChanged: boolean;
}

export class Ledger {
  readonly #config: LedgerConfig;
  readonly #events: RememberedEvents;
  #store = new Store(Attrs.empty, { times: true });
  #deleted: ReadonlyMap<string, WireAttr> = new Map();
  #records = new Map<string, unknown>();
  #txId = 0;
  #at = 0;
  #sinceSnapshot = 0;
  #snapshotSize = 0;
  #waiting: Write[] = [];
  #readers: Reader[] = [];
  #state: 'idle' | 'turning' | 'stale' | 'closed' = 'idle';
  #ended: Promise<void> = Promise.resolve();

  private constructor(config: LedgerConfig) {
    this.#config = config;
    this.#events = new RememberedEvents(config.rememberMs);
  }

  static async open(config: LedgerConfig): Promise<Ledger> {
    const ledger = new Ledger(config);
    await ledger.#load();
    return ledger;
  }

  get db(): Store {
    return this.#store;
  }

  /** What is kept beside the data, by name. */
  get records(): ReadonlyMap<string, unknown> {
    return this.#records;
  }

  /** Attrs that can be restored, by id. */
  get deletedAttrs(): ReadonlyMap<string, WireAttr> {
    return this.#deleted;
  }

  /** The last transaction that is durable and in `db`, for those who were called by `read` or `committed`. */
  get txId(): number {
    return this.#txId;
  }

  write(write: Write): void {
    if (this.#state === 'closed') return write.settle({ is: 'refused', error: failure(new Error('the app is closed')) });
    this.#waiting.push(write);
    this.#go();
  }

  /** Calls when `db` holds what is durable and nothing else: at once, or after the turn under way. */
  read(reader: Reader): void {
    if (this.#state === 'idle') return reader.run();
    if (this.#state === 'closed') return reader.refuse(failure(new Error('the app is closed')));
    this.#readers.push(reader);
    this.#go();
  }

  /** Finishes what was begun. */
  async close(): Promise<void> {
    await this.#ended;
    this.#state = 'closed';
  }

  #go(): void {
    if (this.#state === 'turning' || this.#state === 'closed') return;
    const isSound = this.#state === 'idle';
    this.#state = 'turning';
    this.#ended = this.#turns(isSound);
  }

  async #turns(wasSound: boolean): Promise<void> {
    // What arrives in the same moment goes into the same turn.
    await Promise.resolve();
    let isSound = wasSound || (await this.#reload());
    while (this.#waiting.length > 0) {
      const writes = this.#waiting.splice(0, turnLength);
      if (isSound) isSound = (await this.#turn(writes)) || (await this.#reload());
      else for (const write of writes) write.settle({ is: 'refused', error: unsound() });
    }
    if (isSound && this.#sinceSnapshot > Math.max(compactAfter, this.#snapshotSize)) await this.#compact();
    this.#state = isSound ? 'idle' : 'stale';
    this.#letRead(isSound);
    if (this.#waiting.length > 0) this.#go();
  }

  #letRead(isSound: boolean): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) {
      if (isSound) reader.run();
      else reader.refuse(unsound());
    }
  }

  /** @returns whether memory and log still agree */
  async #turn(writes: readonly Write[]): Promise<boolean> {
    const turn: Turn = { entries: [], report: noChange, attrsChanged: false };
    const outcomes = writes.map((write) => [write, this.#apply(write, turn)] as const);
    const error = turn.entries.length > 0 ? await this.#append(turn.entries) : undefined;
    for (const [write, outcome] of outcomes) {
      write.settle(error && outcome.is === 'done' ? { is: 'refused', error } : outcome);
    }
    if (error) return false;
    if (outcomes.some(([, outcome]) => outcome.is === 'done')) this.#config.committed({ ...turn, isReload: false });
    this.#letRead(true);
    return true;
  }

  async #append(entries: readonly LogEntry[]): Promise<InstantAPIError | undefined> {
    try {
      await this.#config.log.append(entries);
    } catch (cause) {
      this.#config.report.error('the log could not be written', cause);
      return failure(cause);
    }
    this.#sinceSnapshot += entries.length;
    return undefined;
  }

  #apply(write: Write, turn: Turn): Outcome {
    const { event } = write;
    const done = event && this.#events.find(event);
    if (done !== undefined) return { is: 'done', txId: done, isRepeat: true, isMended: false };
    const at = Math.max(this.#at, this.#config.clock.now());
    try {
      const { steps, records } = this.#planned(write, at);
      const { report, catalogue } = prepare(this.#store, this.#deleted, steps, {
        actor: write.actor,
        at,
        uuid: () => this.#config.random.uuid(),
        permit: this.#config.permit,
      });
      const facts = factsOf(report, catalogue.attrs);
      const attrsChanged = catalogue.attrs !== this.#store.attrs;
      takeOver(this.#store, catalogue.attrs, report);
      this.#deleted = catalogue.deleted;
      if (records) replayRecords(records, this.#records);
      this.#at = at;
      const txId = ++this.#txId;
      const attrs = { put: catalogue.put, deleted: catalogue.gone };
      turn.entries.push({ txId, at, ...(event && { event }), ...(attrsChanged && { attrs }), changes: facts, ...(records && { records }) });
      turn.report = together(turn.report, report);
      turn.attrsChanged ||= attrsChanged;
      if (event) this.#events.add({ ...event, txId, at });
      return { is: 'done', txId, isRepeat: false, isMended: catalogue.renamed.size > 0 };
    } catch (error) {
      if (error instanceof InstantAPIError) return { is: 'refused', error };
      this.#config.report.error('a transaction could not be made', error);
      return { is: 'refused', error: failure(error) };
    }
  }

  #planned({ steps }: Write, at: number): Planned {
    return typeof steps === 'function' ? steps({ db: this.#store, records: this.#records, at }) : { steps };
  }

  async #reload(): Promise<boolean> {
    try {
      await this.#load();
    } catch (cause) {
      this.#config.report.error('the log could not be read', cause);
      return false;
    }
    this.#config.committed({ report: noChange, attrsChanged: true, entries: [], isReload: true });
    return true;
  }

  async #load(): Promise<void> {
    const loaded = await this.#config.log.load();
    const { txId, at, attrs, deletedAttrs, triples, events, records } = replay(loaded);
    const known = new Set(systemAttrs.map(({ id }) => id));
    const own = attrs.filter(({ id }) => !known.has(id));
    const all = Attrs.from([...systemAttrs, ...own, ...deletedAttrs]);
    this.#store = new Store(all, { times: true });
    this.#store.load(triples);
    if (deletedAttrs.length > 0) this.#store.setAttrs(all.without(new Set(deletedAttrs.map(({ id }) => id))));
    this.#deleted = new Map(deletedAttrs.map((attr) => [attr.id, attr]));
    this.#records = new Map(Object.entries(records ?? {}));
    this.#events.replace(events, this.#config.clock.now());
    this.#txId = txId;
    this.#at = at;
    this.#sinceSnapshot = loaded.entries.length;
    this.#snapshotSize = triples.length;
  }

  async #compact(): Promise<void> {
    try {
      // Read back rather than written from memory: triples of deleted attrs are in the log only.
      const snapshot: Snapshot = replay(await this.#config.log.load());
      this.#events.forget(this.#config.clock.now());
      await this.#config.log.compact({ ...snapshot, events: this.#events.list() });
      this.#sinceSnapshot = 0;
      this.#snapshotSize = snapshot.triples.length;
    } catch (cause) {
      this.#config.report.warn('the log could not be made shorter', cause);
    }
  }
}

const unsound = (): InstantAPIError => failure(new Error('the log cannot be read'));

function takeOver(store: Store, attrs: Attrs, report: Report): void {
  const layer = new Layer(store);
  if (attrs !== store.attrs) layer.setAttrs(attrs);
  for (const [etype, changes] of report) for (const [id, { after }] of changes) layer.put(etype, id, after);
  store.commit(layer);
}
