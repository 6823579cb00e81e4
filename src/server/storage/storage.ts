// The storage port: for each app a log of transactions, and now and then a snapshot that replaces the log so far. The log is the
// truth; what a server holds in memory can be rebuilt from it at any time.

import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { FileStore } from '../files/file-store.ts';

export interface Storage {
  /** The app's log; made empty if there is none. */
  open(appId: string): Promise<AppLog>;
  /** Apps that have a log. */
  apps(): Promise<readonly string[]>;
  /**
   * Builds an app's state from parts. Continues what an earlier process staged for the same app. Missing = the storage cannot take
   * an app over from elsewhere.
   */
  stage?(appId: string): Promise<Stage>;
  /**
   * Copies everything that is stored, files apart, to a new file while the storage is in use. Missing = it has a way of its own.
   * Rejects with TriplaneError `config-invalid` if there is such a file, `storage-failed` if it cannot be written.
   */
  backup?(file: string): Promise<void>;
  /** The last call on the storage. */
  close(): Promise<void>;
  /** Where files are kept unless the server is told otherwise; missing = nowhere. */
  readonly files?: FileStore;
  /** Missing = no other server can use it at the same time. */
  readonly relay?: Relay;
}

/**
 * The state of an app under construction: texts of `snapshot-chunks.ts`, durable one by one, invisible until `publish`. One process
 * at a time stages an app.
 */
export interface Stage {
  /** The number of chunks that are durable. */
  readonly length: number;
  /** The last transaction of the app as it is served now; 0 if it has none. */
  readonly txId: number;
  /** Durable when it resolves. */
  add(chunk: string): Promise<void>;
  /** Undefined beyond the last chunk. */
  read(at: number): Promise<string | undefined>;
  /**
   * The staged state replaces the app's state and log, as of transaction `txId`. All of it or, if the app's log no longer ends at
   * `this.txId`, nothing ('behind').
   */
  publish(txId: number): Promise<Appended>;
  /** Removes the staged chunks. */
  discard(): Promise<void>;
}

/** Has one user at a time in this process, who waits for each call before the next. Other processes may use it too. */
export interface AppLog {
  /** The last snapshot, and what was appended since, in order. */
  load(): Promise<Loaded>;
  /**
   * What was appended after `txId`, in order. Undefined if it cannot be told: a snapshot has replaced some of it, or the log does
   * not go that far (any more).
   */
  since(txId: number): Promise<readonly LogEntry[] | undefined>;
  /**
   * Several transactions at once, so that a store that has to flush flushes once. Their `txId`s follow on one another. Durable
   * when it resolves: all of them, or none ('behind') if the log does not end where the first of them begins: somebody else has
   * appended, or the log is not the one the caller read. When it rejects, all or none may be there; the caller reads again.
   */
  append(entries: readonly LogEntry[]): Promise<Appended>;
  /** The snapshot takes the place of every entry up to its `txId`; one that comes late, of nothing. */
  compact(snapshot: Snapshot): Promise<void>;
  /** Calls `listener` after each append by anybody. Returns an unsubscribe function. */
  subscribe(listener: LogListener): () => void;
}

export type Appended = 'appended' | 'behind';

/**
 * The log goes up to `txId` at least. `entries`: the last of them, where they came along. `lastId`: the id of the entry `txId`,
 * where only the end of the log was looked at; empty if it is not known. Never throws.
 */
export type LogListener = (txId: number, entries?: readonly LogEntry[], lastId?: string) => void;

export interface Loaded {
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly LogEntry[];
}

/** One transaction: its effect rather than the request. Plain JSON; a storage keeps every field, also those it does not know. */
export interface LogEntry {
  /** Unique to this entry, in any log. Missing in entries of earlier versions. Storages may rely on these two coming first. */
  readonly id?: string;
  /** The `id` of the entry before: two logs that agree on an entry agree on all before it. */
  readonly prev?: string;
  readonly txId: number;
  /** Server clock, milliseconds. */
  readonly at: number;
  /** The write it came from; missing for the server's own. */
  readonly event?: Event;
  /** The write was rejected: the entry changes nothing, and is here so that the same write is never applied later. */
  readonly rejected?: RememberedRejection;
  readonly attrs?: AttrChanges;
  readonly changes: readonly SyncChange[];
  /** What is kept beside the data, by name: rules, sign-ins. Null = gone. */
  readonly records?: Records;
}

export type Records = Readonly<Record<string, unknown>>;

/** A write as its sender names it. Two users may use the same id. */
export interface Event {
  readonly id: string;
  /** A user's id, '' for anonymous; the session's, where the id is good for no more. */
  readonly by: string;
}

export interface AttrChanges {
  /** New, changed, or restored; also if it was deleted after. */
  readonly put: readonly WireAttr[];
  /** After all that was put. */
  readonly deleted: readonly string[];
}

/** The error a write was answered with. */
export interface RememberedRejection {
  readonly status: number;
  readonly type: string | null;
  readonly message: string | null;
  readonly hint: unknown;
}

/** A write with its result. */
export interface AnsweredEvent extends Event {
  readonly txId: number;
  readonly at: number;
  /** Missing = it was applied. */
  readonly rejected?: RememberedRejection;
}

/** The complete state after `txId`. */
export interface Snapshot {
  readonly txId: number;
  /** The `id` of the entry `txId`; missing in snapshots of earlier versions. */
  readonly lastId?: string;
  readonly at: number;
  readonly attrs: readonly WireAttr[];
  /** Deleted, but their triples are kept: they can be restored. */
  readonly deletedAttrs: readonly WireAttr[];
  readonly triples: readonly Triple[];
  readonly events: readonly AnsweredEvent[];
  /** Missing = none; snapshots were once made without. */
  readonly records?: Records;
}

export const emptySnapshot: Snapshot = { txId: 0, at: 0, attrs: [], deletedAttrs: [], triples: [], events: [], records: {} };

// How servers that share a storage reach one another with what is not kept: who is in a room, what is said there. A storage
// that has only ever one server has none.

export interface Relay {
  /** To all other servers of this app; in the order sent. Lost to those that are cut off. */
  send(appId: string, message: unknown): void;
  /** @returns what ends it */
  listen(appId: string, on: RelayEvents): () => void;
}

/** None of them throws. */
export interface RelayEvents {
  /** Letters may have been lost, both ways: ask the others for what they have, and tell them what is here. Called at first too. */
  resumed(): void;
  received(from: string, message: unknown): void;
  /** That server is gone, or cut off, or we are. */
  left(server: string): void;
}
