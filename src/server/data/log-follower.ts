// Keeps a replica in step with its log: applies entries appended by other servers, detects that the log is not the one the replica was
// built from, rebuilds the replica in that case, and replaces a long log by a snapshot.
//
// Two logs may have equal transaction ids and different entries: a database that was restored from a backup, or failed over without its
// last commits, continues counting. So every entry has a random id and names its predecessor.

import { emptyChangeSet, type ChangeSet } from '../../db/change-set.ts';
import type { InstantAPIError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { failure } from '../errors.ts';
import { inSlices } from '../slices.ts';
import { listSizeSteps, sizeOfLogEntry } from '../storage/entry-size.ts';
import { replaySteps } from '../storage/replay.ts';
import type { Appended, AppLog, HeldLog, LogEntry, Snapshot } from '../storage/storage.ts';
import { RemoteTail } from './remote-tail.ts';
import type { Replica } from './replica.ts';

/** Log entries that justify a snapshot; more for large apps. */
const compactAfter = 2000;
/** The same in bytes. */
const compactAfterBytes = 16 * 1024 * 1024;

/** Changes that became durable together. */
export interface Commit {
  readonly changeSet: ChangeSet;
  readonly attrsChanged: boolean;
  /** More than the types that values have had: everybody is to hear of it. */
  readonly schemaChanged: boolean;
  readonly entries: readonly LogEntry[];
  /** Called after the replica was rebuilt: anything may have changed. */
  readonly isReload: boolean;
  /** Called when the log has lost entries that clients have seen: positions they know are invalid. */
  readonly isRollback: boolean;
}

export interface FollowerConfig {
  readonly log: AppLog;
  readonly clock: Clock;
  readonly logger: Log;
  readonly committed: (commit: Commit) => void;
}

export class LogFollower {
  readonly #config: FollowerConfig;
  readonly #replica: Replica;
  readonly #remoteTail = new RemoteTail();
  #sinceSnapshot = 0;
  #bytesSinceSnapshot = 0;
  #snapshotSize = 0;
  #snapshotBytes = 0;
  /** The log may have lost the entry the replica is at. */
  #isSuspect = false;
  /** At the last check, the log did not end where the replica is. */
  #isElsewhere = false;
  /** Whether the replica reflects a state of the log. */
  #isIntact = true;
  #held: HeldLog | undefined;

  constructor(config: FollowerConfig, replica: Replica) {
    this.#config = config;
    this.#replica = replica;
  }

  /** Whether there may be entries to apply. */
  get isBehind(): boolean {
    return this.#isSuspect || this.#isElsewhere || this.#remoteTail.isBeyond(this.#replica.txId);
  }

  get isIntact(): boolean {
    return this.#isIntact;
  }

  /** `isIdle`: the replica contains nothing that is not in the log. */
  onAppend(isIdle: boolean, txId: number, entries?: readonly LogEntry[], lastId?: string): void {
    this.#remoteTail.add(txId, entries);
    const replica = this.#replica;
    // May be outdated, or our own entries while a batch is in progress, so it is verified before use.
    const isOther = lastId !== undefined && (txId < replica.txId || (txId === replica.txId && differ(lastId, replica.lastId)));
    this.#isSuspect ||= isOther;
    if (isIdle) this.#remoteTail.forget(replica.txId);
  }

  async append(entries: readonly LogEntry[]): Promise<Appended | InstantAPIError> {
    try {
      const appended = await (this.#held ?? this.#config.log).append(entries);
      if (appended === 'appended') {
        this.#count(entries);
        this.#remoteTail.forget(this.#replica.txId);
      } else this.#isElsewhere = true;
      return appended;
    } catch (cause) {
      this.#config.logger.error('the log could not be written', cause);
      return failure(cause);
    }
  }

  /** Keeps other servers from appending until the next append or `letGo`, if the log can do that. @returns as `catchUp` */
  async hold(): Promise<boolean> {
    const { log, logger } = this.#config;
    try {
      this.#held = await log.hold?.();
    } catch (cause) {
      logger.warn('the log could not be held', cause);
    }
    if (!this.#held) return true;
    // What was announced may be less than there is.
    this.#remoteTail.setEnd(0);
    return this.catchUp();
  }

  async letGo(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.release();
  }

  /** Writes are not rejected because of another server's concurrent changes. */
  async confirm(): Promise<Appended> {
    try {
      const newEntries = await (this.#held ?? this.#config.log).since(this.#replica.txId);
      if (newEntries?.length === 0) return 'appended';
      this.#isElsewhere = true;
      return 'behind';
    } catch (cause) {
      this.#config.logger.warn('the log could not be read', cause);
      return 'appended';
    }
  }

  /** Applies new log entries. @returns whether replica and log agree */
  async catchUp(): Promise<boolean> {
    const { logger } = this.#config;
    try {
      return await this.#tryCatchUp();
    } catch (cause) {
      if (this.#isIntact) logger.error('the log could not be read', cause);
      else return this.reload();
      return false;
    }
  }

  async #tryCatchUp(): Promise<boolean> {
    const { log } = this.#config;
    const replica = this.#replica;
    if (!this.#isIntact) return this.reload();
    if (this.#isSuspect) {
      if (!(await this.#isOurLog())) return await this.reload();
      this.#isSuspect = false;
    }
    const entries = this.#remoteTail.drainAfter(replica.txId) ?? (await (this.#held ?? log).since(replica.txId));
    const isContinued = entries && follows(entries, replica.lastId);
    // A log that neither ends at the replica's position nor continues from it is a different log.
    if (!isContinued || (entries.length === 0 && this.#isElsewhere)) return this.reload();
    this.#isElsewhere = false;
    if (entries.length === 0) this.#remoteTail.setEnd(replica.txId);
    else await this.#take(entries);
    return true;
  }

  async #take(entries: readonly LogEntry[]): Promise<void> {
    this.#isIntact = false;
    const batch = await this.#replica.applyEntries(entries);
    this.#isIntact = true;
    this.#count(entries);
    this.#notify({ ...batch, isReload: false, isRollback: false });
  }

  /** An exception while delivering a change is not a failure of the log. */
  #notify(commit: Commit): void {
    const { committed, logger } = this.#config;
    try {
      committed(commit);
    } catch (error) {
      logger.error('a change could not be delivered', error);
    }
  }

  /** Whether the log still contains the replica's entry. */
  async #isOurLog(): Promise<boolean> {
    const { txId, lastId } = this.#replica;
    if (txId === 0) return true;
    const entries = await this.#config.log.since(txId - 1);
    const [own] = entries ?? [];
    return own?.txId === txId && !differ(own.id, lastId);
  }

  /** Rebuilds the replica. @returns whether that succeeded */
  async reload(): Promise<boolean> {
    const { logger } = this.#config;
    const { txId } = this.#replica;
    try {
      // A snapshot that covers the replica's position may be of either log: the entry is looked for beside it.
      const isOurs = await this.#isOurLog();
      await this.load();
      const isRollback = !isOurs || this.#replica.txId < txId;
      if (isRollback) logger.error(`the log is not the one that was read before: transaction ${txId} is not in it. It was read anew`);
      this.#notify({ changeSet: emptyChangeSet, attrsChanged: true, schemaChanged: true, entries: [], isReload: true, isRollback });
      return true;
    } catch (cause) {
      logger.error('the log could not be read', cause);
      return false;
    }
  }

  async load(): Promise<void> {
    // What is announced from here on may be later than what is read.
    this.#remoteTail.setEnd(0);
    const loaded = await this.#config.log.load();
    const { triples, bytes } = await this.#replica.load(loaded, this.#config.clock.now());
    this.#isIntact = true;
    this.#isSuspect = this.#isElsewhere = false;
    this.#remoteTail.forget(this.#replica.txId);
    this.#snapshotSize = triples;
    this.#snapshotBytes = bytes;
    this.#sinceSnapshot = this.#bytesSinceSnapshot = 0;
    this.#count(loaded.entries);
  }

  /** Log size since the last snapshot, relative to the threshold; above 1, a snapshot is due. */
  get length(): number {
    const entries = this.#sinceSnapshot / Math.max(compactAfter, this.#snapshotSize);
    return Math.max(entries, this.#bytesSinceSnapshot / Math.max(compactAfterBytes, this.#snapshotBytes));
  }

  async compact(): Promise<void> {
    const { idempotencyKeys, txId, lastId } = this.#replica;
    const { log, logger } = this.#config;
    try {
      // Read back rather than written from memory, because triples of deleted attrs exist only in the log.
      const snapshot: Snapshot = await inSlices(replaySteps(await log.load()));
      idempotencyKeys.forget();
      const isOurs = snapshot.txId === txId && !differ(snapshot.lastId, lastId);
      await log.compact(isOurs ? { ...snapshot, events: idempotencyKeys.list() } : snapshot);
      this.#sinceSnapshot = this.#bytesSinceSnapshot = 0;
      this.#snapshotSize = snapshot.triples.length;
      this.#snapshotBytes = await inSlices(listSizeSteps(snapshot.triples));
    } catch (cause) {
      logger.warn('the log could not be compacted', cause);
      // Delayed after a failure.
      this.#sinceSnapshot = this.#bytesSinceSnapshot = 0;
    }
  }

  #count(entries: readonly LogEntry[]): void {
    this.#sinceSnapshot += entries.length;
    for (const entry of entries) this.#bytesSinceSnapshot += sizeOfLogEntry(entry);
  }
}

/** Missing ids count as equal. */
function differ(one: string | undefined, other: string | undefined): boolean {
  return Boolean(one && other) && one !== other;
}

function follows(entries: readonly LogEntry[], lastId: string | undefined): boolean {
  let before = lastId;
  for (const { id, prev } of entries) {
    if (differ(prev, before)) return false;
    before = id;
  }
  return true;
}
