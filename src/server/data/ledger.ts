// The data of one app: the triples in memory, the log they are stored in, and the results of writes. Writes are committed in
// groups. A group commit:
//
//   1. all waiting writes are checked and applied to memory, one after the other, numbered in this order
//   2. the log is appended to, once for all of them
//   3. each is answered, subscribers are notified, and waiting reads run
//
// So no client ever sees what is not durable, and many writes at once cost one flush. If the log fails, the group is undone, and
// memory is brought in step with the log before anything else is written; reads go on from what was last known to be durable.
// Other servers may append to the log too: their entries are applied between two groups, and a group that was made without
// knowing of them is undone and made again.

import type { Store } from '../../db/store.ts';
import type { InstantAPIError } from '../../errors.ts';
import type { Timer } from '../../lib/clock.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { busy, failure } from '../errors.ts';
import { othersServed } from '../slices.ts';
import { applyGroup } from './apply-group.ts';
import { applyWrite } from './apply-write.ts';
import { groupSize } from './group-size.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { cleanStates, type LedgerConfig, type LedgerPhase, patience, type Reader, runReader } from './ledger-config.ts';
import { LogFollower } from './log-follower.ts';
import type { Batch } from './batch.ts';
import { Replica } from './replica.ts';
import type { DataSnapshot } from './snapshot.ts';
import type { Outcome, Write } from './write.ts';

export type { Commit } from './log-follower.ts';
export type { LedgerConfig, Reader } from './ledger-config.ts';
export type { Outcome, Write } from './write.ts';

export class Ledger {
  readonly #config: LedgerConfig;
  readonly #replica: Replica;
  readonly #follower: LogFollower;
  readonly #openedAt: number;
  #waiting: Write[] = [];
  #readers: Reader[] = [];
  #state: LedgerPhase = 'committing';
  #running: Promise<void> = Promise.resolve();
  #attempts = 0;
  #retryMs: number = patience.minRetryMs;
  #retryTimer: Timer | undefined;
  #unsubscribe: () => void = () => {};

  private constructor(config: LedgerConfig) {
    const { rememberMs, rememberBytes, clock, size } = config;
    this.#config = config;
    this.#openedAt = clock.now();
    this.#replica = new Replica(new IdempotencyKeys(rememberMs, rememberBytes, () => clock.monotonicNow()), size);
    this.#follower = new LogFollower(config, this.#replica);
  }

  static async open(config: LedgerConfig): Promise<Ledger> {
    const ledger = new Ledger(config);
    await ledger.#open();
    return ledger;
  }

  get db(): Store {
    return this.#replica.store;
  }

  /** The time of the first transaction; without one, that of the opening. */
  get since(): number {
    return this.#replica.since ?? this.#openedAt;
  }

  /** Stored beside the data, by name. */
  get records(): ReadonlyMap<string, unknown> {
    return this.#replica.records;
  }

  /** Attrs that can be restored, by id. */
  get deletedAttrs(): ReadonlyMap<string, WireAttr> {
    return this.#replica.deleted;
  }

  /** The last durable transaction; inside callbacks of `read` and `committed`, it is the state of `db`. */
  get txId(): number {
    return this.#replica.txId;
  }

  /** Whether no commit is in progress. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** A snapshot of the data for later reads. Inside callbacks of `read` and `committed`. */
  snapshot(): DataSnapshot {
    return this.#replica.snapshot();
  }

  release(snapshot: DataSnapshot): void {
    this.#replica.release(snapshot);
  }

  write(write: Write): void {
    if (this.#state === 'closed') return write.settle({ is: 'rejected', error: failure(new Error('the app is closed')) });
    this.#waiting.push(write);
    this.#start();
  }

  /** Calls `run` when `db` contains durable data only: immediately, or after the group commit in progress. */
  read(reader: Reader): void {
    if (cleanStates.has(this.#state) && this.#follower.isIntact && this.#replica.isWhole) return runReader(reader);
    if (this.#state === 'closed') return reader.reject(failure(new Error('the app is closed')));
    this.#readers.push(reader);
    this.#start();
  }

  /** Finishes accepted writes, then closes. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#config.clock.clearTimeout(this.#retryTimer);
    await this.#running;
    this.#config.clock.clearTimeout(this.#retryTimer);
    this.#state = 'closed';
  }

  async #open(): Promise<void> {
    // Subscribed before loading, so that no entry is missed.
    this.#unsubscribe = this.#config.log.subscribe((txId, entries, lastId) => {
      this.#follower.onAppend(this.#state === 'idle', txId, entries, lastId);
      if (this.#follower.isBehind) this.#start();
    });
    try {
      await this.#follower.load();
    } catch (error) {
      this.#unsubscribe();
      throw error;
    }
    this.#state = 'idle';
    if (this.#follower.isBehind) this.#start();
  }

  #start(): void {
    if (this.#state !== 'idle' && this.#state !== 'stale') return;
    this.#config.clock.clearTimeout(this.#retryTimer);
    const isCurrent = this.#state === 'idle';
    this.#state = isCurrent ? 'committing' : 'recovering';
    this.#running = this.#work(isCurrent);
  }

  async #work(wasCurrent: boolean): Promise<void> {
    // Writes of the same moment join one group.
    await Promise.resolve();
    const follower = this.#follower;
    let isCurrent = wasCurrent || (await this.#answerOf(follower.catchUp()));
    while (this.#waiting.length > 0 || (isCurrent && follower.isBehind)) {
      if (!isCurrent) this.#rejectWaiting();
      else if (follower.isBehind) isCurrent = await this.#answerOf(follower.catchUp());
      else if (this.#attempts >= patience.maxHastyAttempts) isCurrent = await this.#commitHeld();
      else isCurrent = (await this.#commitGroup()) || (await this.#recover());
      if (isCurrent && follower.length > patience.overdueLength) await this.#compact();
    }
    if (isCurrent && follower.length > 1) await this.#compact();
    this.#state = isCurrent ? 'idle' : 'stale';
    this.#retryMs = isCurrent ? patience.minRetryMs : Math.min(patience.maxRetryMs, this.#retryMs * 2);
    if (!isCurrent) this.#retryTimer = this.#config.clock.setTimeout(() => this.#start(), this.#retryMs / 2);
    this.#runReaders();
    if (this.#waiting.length > 0) this.#start();
  }

  /** Memory stays as it is, so others read meanwhile. */
  async #compact(): Promise<void> {
    this.#state = 'preparing';
    this.#runReaders();
    await this.#follower.compact();
    this.#state = 'committing';
  }

  /** While other servers wait. */
  async #commitHeld(): Promise<boolean> {
    try {
      return ((await this.#answerOf(this.#follower.hold())) && (await this.#commitGroup())) || (await this.#recover());
    } finally {
      await this.#follower.letGo();
    }
  }

  /** After the log failed, it is unknown whether the last group was stored. */
  #recover(): Promise<boolean> {
    this.#state = 'recovering';
    this.#runReaders();
    return this.#follower.catchUp();
  }

  #rejectWaiting(): void {
    for (const write of this.#waiting.splice(0)) this.#settle(write, { is: 'rejected', error: unreadable() });
  }

  #runReaders(): void {
    if (!this.#replica.isWhole) return;
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) {
      this.#safely(() => (this.#follower.isIntact ? runReader(reader) : reader.reject(unreadable())));
    }
  }

  async #commitGroup(): Promise<boolean> {
    const { count, isLarge } = groupSize(this.#waiting);
    const isCurrent = await this.#commitBatch(this.#waiting.splice(0, count));
    if (isCurrent && this.#waiting.length > 0 && isLarge) {
      await othersServed();
      this.#runReaders();
    }
    return isCurrent;
  }

  /** @returns whether memory and log still agree */
  async #commitBatch(group: readonly Write[]): Promise<boolean> {
    this.#state = 'committing';
    let batch = this.#replica.begin();
    const applied = (write: Write): Generator<void, Outcome> => applyWrite(write, batch, this.#replica, this.#config);
    const { outcomes, rest } = await applyGroup(group, applied, (steps) => this.#inSlices(steps));
    this.#waiting.unshift(...rest);
    const isRejection = batch.entries.length === 0 && outcomes.some(([, outcome]) => outcome.is === 'rejected');
    const follower = this.#follower;
    let isUndone = false;
    const undo = (): void => {
      if (!isUndone) this.#replica.undo(batch);
      isUndone = true;
    };
    const appended =
      batch.entries.length > 0
        ? await this.#answerOf(follower.append(batch.entries), undo)
        : isRejection
          ? await this.#answerOf(follower.confirm())
          : 'appended';
    this.#state = 'committing';
    if (appended === 'behind' && ++this.#attempts < patience.maxAttempts) {
      undo();
      this.#waiting.unshift(...outcomes.map(([write]) => write));
      return true;
    }
    this.#attempts = 0;
    if (appended === 'appended') {
      if (isUndone) batch = await this.#replica.applyEntries(batch.entries);
      return this.#acknowledge(outcomes, batch);
    }
    undo();
    const error = appended === 'behind' ? busy('Others write too fast') : appended;
    for (const [write] of outcomes) this.#settle(write, { is: 'rejected', error });
    return false;
  }

  async #inSlices<T>(steps: Generator<void, T>): Promise<T> {
    for (;;) {
      this.#state = 'preparing';
      const { done, value } = steps.next();
      this.#state = 'committing';
      if (done) return value;
      this.#state = 'preparing';
      this.#runReaders();
      await othersServed();
    }
  }

  /** Reads the log. While it is slow, reads continue: `undo` restores the durable state. */
  async #answerOf<T>(answer: Promise<T>, undo: () => void = () => {}): Promise<T> {
    const { clock } = this.#config;
    const timer = clock.setTimeout(() => {
      undo();
      this.#state = 'recovering';
      this.#runReaders();
    }, patience.slowLogMs);
    try {
      return await answer;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  #acknowledge(outcomes: readonly (readonly [Write, Outcome])[], batch: Batch): true {
    for (const [write, outcome] of outcomes) this.#settle(write, outcome);
    const isDone = outcomes.some(([, outcome]) => outcome.is === 'done');
    if (isDone || batch.entries.length > 0) this.#safely(() => this.#config.committed({ ...batch, isReload: false, isRollback: false }));
    this.#runReaders();
    return true;
  }

  #settle(write: Write, outcome: Outcome): void {
    this.#safely(() => write.settle(outcome));
  }

  /** An exception in one caller's callback must not affect other writes. */
  #safely(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#config.logger.error('a result could not be delivered', error);
    }
  }
}

const unreadable = (): InstantAPIError => failure(new Error('the log cannot be read'));
