// The data of one app: the triples in memory, the log they are kept in, and which writes were done already. Writes are
// taken in turns. A turn:
//
//   1. all that wait are checked and applied to memory, one after the other, numbered in this order
//   2. the log is appended to, once for all of them
//   3. each is answered, those who watch are told, and whoever wants to read may read
//
// So nobody ever sees what is not durable, and many writers at once cost one flush. If the log fails, memory is made anew
// from it, as it may hold the turn or not. Other servers may append to the log too: what they did is played to memory between
// two turns; and a turn that was made without knowing of it is taken back and taken again.

import { emptyChangeSet, type ChangeSet } from '../../db/change-set.ts';
import type { Store } from '../../db/store.ts';
import { InstantAPIError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { RemoteTail } from './remote-tail.ts';
import { failure } from '../errors.ts';
import { type Batch, Replica } from './replica.ts';
import { type Appended, type AppLog, type LogEntry, replay, type Snapshot } from '../storage/storage.ts';
import type { AuthorizeWrite } from './touched.ts';
import { prepare } from './transact.ts';
import { type Derive, type Outcome, type Planned, withDerived, type Write } from './write.ts';

/** How many writes one turn takes. */
const maxBatchSize = 1000;
/** Log entries before a snapshot is worth it; more, if the app is larger than that. */
const compactAfter = 2000;

export type { Outcome, Write } from './write.ts';

/** A turn's worth of changes. */
export interface Commit {
  readonly changeSet: ChangeSet;
  readonly attrsChanged: boolean;
  readonly entries: readonly LogEntry[];
  /** Memory was made anew: anything may have changed. */
  readonly isReload: boolean;
}

export interface LedgerConfig {
  readonly log: AppLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Log;
  readonly rememberMs: number;
  /** Whether a transaction may be. */
  readonly authorizeWrite?: AuthorizeWrite | undefined;
  readonly derive?: Derive | undefined;
  readonly committed: (commit: Commit) => void;
}

export interface Reader {
  readonly run: () => void;
  readonly reject: (error: InstantAPIError) => void;
}

export class Ledger {
  readonly #config: LedgerConfig;
  readonly #replica: Replica;
  #sinceSnapshot = 0;
  #snapshotSize = 0;
  #waiting: Write[] = [];
  #readers: Reader[] = [];
  #state: 'idle' | 'turning' | 'stale' | 'closed' = 'turning';
  #running: Promise<void> = Promise.resolve();
  readonly #remoteTail = new RemoteTail();
  #unsubscribe: () => void = () => {};

  private constructor(config: LedgerConfig) {
    this.#config = config;
    this.#replica = new Replica(config.rememberMs);
  }

  static async open(config: LedgerConfig): Promise<Ledger> {
    const ledger = new Ledger(config);
    await ledger.#open();
    return ledger;
  }

  get db(): Store {
    return this.#replica.store;
  }

  /** What is kept beside the data, by name. */
  get records(): ReadonlyMap<string, unknown> {
    return this.#replica.records;
  }

  /** Attrs that can be restored, by id. */
  get deletedAttrs(): ReadonlyMap<string, WireAttr> {
    return this.#replica.deleted;
  }

  /** The last transaction that is durable and in `db`, for those who were called by `read` or `committed`. */
  get txId(): number {
    return this.#replica.txId;
  }

  write(write: Write): void {
    if (this.#state === 'closed') return write.settle({ is: 'refused', error: failure(new Error('the app is closed')) });
    this.#waiting.push(write);
    this.#start();
  }

  /** Calls when `db` holds what is durable and nothing else: at once, or after the turn under way. */
  read(reader: Reader): void {
    if (this.#state === 'idle') return reader.run();
    if (this.#state === 'closed') return reader.reject(failure(new Error('the app is closed')));
    this.#readers.push(reader);
    this.#start();
  }

  /** Finishes what was begun. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#running;
    this.#state = 'closed';
  }

  async #open(): Promise<void> {
    // Before it is read, so that nothing falls in between.
    this.#unsubscribe = this.#config.log.subscribe((txId, entries) => this.#onAppend(txId, entries));
    try {
      await this.#load();
    } catch (error) {
      this.#unsubscribe();
      throw error;
    }
    this.#state = 'idle';
    if (this.#isBehind) this.#start();
  }

  #onAppend(txId: number, entries?: readonly LogEntry[]): void {
    this.#remoteTail.add(txId, entries);
    // While a turn is under way its own numbers may be the others', too.
    if (this.#state === 'idle') this.#remoteTail.forget(this.#replica.txId);
    if (this.#isBehind) this.#start();
  }

  get #isBehind(): boolean {
    return this.#remoteTail.isBeyond(this.#replica.txId);
  }

  #start(): void {
    if (this.#state === 'turning' || this.#state === 'closed') return;
    const isConsistent = this.#state === 'idle';
    this.#state = 'turning';
    this.#running = this.#commitBatches(isConsistent);
  }

  async #commitBatches(wasConsistent: boolean): Promise<void> {
    // What arrives in the same moment goes into the same turn.
    await Promise.resolve();
    let isConsistent = wasConsistent || (await this.#reload());
    while (this.#waiting.length > 0 || (isConsistent && this.#isBehind)) {
      if (isConsistent && this.#isBehind) isConsistent = await this.#catchUp();
      else if (isConsistent) isConsistent = (await this.#commitBatch(this.#waiting.splice(0, maxBatchSize))) || (await this.#reload());
      else for (const write of this.#waiting.splice(0)) write.settle({ is: 'refused', error: unreadable() });
    }
    if (isConsistent && this.#sinceSnapshot > Math.max(compactAfter, this.#snapshotSize)) await this.#compact();
    this.#state = isConsistent ? 'idle' : 'stale';
    this.#runReaders(isConsistent);
    if (this.#waiting.length > 0) this.#start();
  }

  #runReaders(isConsistent: boolean): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) {
      if (isConsistent) reader.run();
      else reader.reject(unreadable());
    }
  }

  /** @returns whether memory and log still agree */
  async #commitBatch(writes: readonly Write[]): Promise<boolean> {
    const batch = this.#replica.begin();
    const outcomes = writes.map((write) => [write, this.#apply(write, batch)] as const);
    const isRejection = batch.entries.length === 0 && outcomes.some(([, outcome]) => outcome.is === 'refused');
    const appended = batch.entries.length > 0 ? await this.#append(batch.entries) : isRejection ? await this.#confirm() : 'appended';
    if (appended === 'behind') {
      this.#replica.undo(batch);
      this.#remoteTail.add(this.#replica.txId + 1);
      this.#waiting = [...writes, ...this.#waiting];
      return true;
    }
    const error = appended === 'appended' ? undefined : appended;
    for (const [write, outcome] of outcomes) {
      write.settle(error && outcome.is === 'done' ? { is: 'refused', error } : outcome);
    }
    if (error) return false;
    if (outcomes.some(([, outcome]) => outcome.is === 'done')) this.#config.committed({ ...batch, isReload: false });
    this.#runReaders(true);
    return true;
  }

  async #append(entries: readonly LogEntry[]): Promise<Appended | InstantAPIError> {
    try {
      const appended = await this.#config.log.append(entries);
      if (appended === 'appended') this.#sinceSnapshot += entries.length;
      return appended;
    } catch (cause) {
      this.#config.logger.error('the log could not be written', cause);
      return failure(cause);
    }
  }

  /** Nobody is refused for want of what another server has done already. An append would have told; here there was none. */
  async #confirm(): Promise<Appended> {
    try {
      const newEntries = await this.#config.log.since(this.#replica.txId);
      return newEntries?.length === 0 ? 'appended' : 'behind';
    } catch (cause) {
      this.#config.logger.warn('the log could not be read', cause);
      return 'appended';
    }
  }

  /** What others appended, played to memory. */
  async #catchUp(): Promise<boolean> {
    const { log, logger: report, committed } = this.#config;
    try {
      const entries = this.#remoteTail.drainAfter(this.#replica.txId) ?? (await log.since(this.#replica.txId));
      if (!entries) return await this.#reload();
      const batch = this.#replica.applyEntries(entries);
      this.#sinceSnapshot += entries.length;
      if (entries.length > 0) committed({ ...batch, isReload: false });
      else this.#remoteTail.setEnd(this.#replica.txId);
      this.#runReaders(true);
      return true;
    } catch (cause) {
      report.error('what others appended could not be taken over', cause);
      return this.#reload();
    }
  }

  #apply(write: Write, batch: Batch): Outcome {
    const { event } = write;
    const replica = this.#replica;
    const done = event && replica.idempotencyKeys.find(event);
    if (done !== undefined) return { is: 'done', txId: done, isRepeat: true, attrsRemapped: false };
    const at = Math.max(replica.at, this.#config.clock.now());
    try {
      const { steps, records } = this.#planned(write, at);
      const { changeSet: report, catalog } = prepare(replica.store, replica.deleted, steps, {
        actor: write.actor,
        at,
        uuid: () => this.#config.random.uuid(),
        authorizeWrite: this.#config.authorizeWrite,
      });
      const all = withDerived(records, this.#config.derive?.(report, replica.store));
      replica.apply({ changeSet: report, catalog, records: all, event, at }, batch);
      return { is: 'done', txId: replica.txId, isRepeat: false, attrsRemapped: catalog.renamed.size > 0 };
    } catch (error) {
      if (error instanceof InstantAPIError) return { is: 'refused', error };
      this.#config.logger.error('a transaction could not be made', error);
      return { is: 'refused', error: failure(error) };
    }
  }

  #planned({ steps }: Write, at: number): Planned {
    return typeof steps === 'function' ? steps({ db: this.#replica.store, records: this.#replica.records, at }) : { steps };
  }

  async #reload(): Promise<boolean> {
    try {
      await this.#load();
    } catch (cause) {
      this.#config.logger.error('the log could not be read', cause);
      return false;
    }
    this.#config.committed({ changeSet: emptyChangeSet, attrsChanged: true, entries: [], isReload: true });
    return true;
  }

  async #load(): Promise<void> {
    const loaded = await this.#config.log.load();
    this.#snapshotSize = this.#replica.load(loaded, this.#config.clock.now());
    this.#sinceSnapshot = loaded.entries.length;
  }

  async #compact(): Promise<void> {
    const { idempotencyKeys, txId } = this.#replica;
    try {
      // Read back rather than written from memory: triples of deleted attrs are in the log only.
      const snapshot: Snapshot = replay(await this.#config.log.load());
      idempotencyKeys.forget(this.#config.clock.now());
      await this.#config.log.compact(snapshot.txId === txId ? { ...snapshot, events: idempotencyKeys.list() } : snapshot);
      this.#sinceSnapshot = 0;
      this.#snapshotSize = snapshot.triples.length;
    } catch (cause) {
      this.#config.logger.warn('the log could not be made shorter', cause);
    }
  }
}

const unreadable = (): InstantAPIError => failure(new Error('the log cannot be read'));
