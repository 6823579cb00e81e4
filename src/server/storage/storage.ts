// The storage port: per app, a log of transactions and an occasional snapshot that replaces the log so far. The log is authoritative; a
// server's memory can be rebuilt from it at any time.

import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { FileStore } from '../files/file-store.ts';

export interface Storage {
  /** The app's log; created empty if missing. */
  open(appId: string): Promise<AppLog>;
  /** Apps that have a log. */
  apps(): Promise<readonly string[]>;
  /**
   * Builds an app's state from parts. Continues what an earlier process staged for the same app. Missing = the storage does not support
   * imports.
   */
  stage?(appId: string): Promise<Stage>;
  /**
   * Copies everything stored except files to a new file while the storage is in use. Missing = use the database's own tools. Rejects with
   * TriplaneError `config-invalid` if the file exists, `storage-failed` if it cannot be written.
   */
  backup?(file: string): Promise<void>;
  /** The last call on the storage. */
  close(): Promise<void>;
  /** Default file store of a server with this storage; missing = none. */
  readonly files?: FileStore;
  /** Missing = only one server can use the storage at a time. */
  readonly relay?: Relay;
}

/**
 * The state of an app under construction: texts of `snapshot-chunks.ts`, each durable, invisible until `publish`. One process at a time
 * stages an app.
 */
export interface Stage {
  /** Number of durable chunks. */
  readonly length: number;
  /** The last transaction of the app as currently served; 0 if there is none. */
  readonly txId: number;
  /** Durable when it resolves. */
  add(chunk: string): Promise<void>;
  /** Undefined beyond the last chunk. */
  read(at: number): Promise<string | undefined>;
  /**
   * The staged state replaces the app's state and log, as of transaction `txId`. Takes effect completely, or not at all ('behind') if the
   * app's log no longer ends at `this.txId`.
   */
  publish(txId: number): Promise<Appended>;
  /** Removes the staged chunks. */
  discard(): Promise<void>;
}

/** Used by one caller at a time in this process, who awaits each call. Other processes may use it concurrently. */
export interface AppLog {
  /** The last snapshot, and the entries appended since, in order. */
  load(): Promise<Loaded>;
  /**
   * The entries after `txId`, in order. Undefined if they cannot be determined: a snapshot replaced some of them, or the log does not reach
   * that far.
   */
  since(txId: number): Promise<readonly LogEntry[] | undefined>;
  /**
   * Appends several transactions at once, so that a store that flushes does so once. Their `txId`s are consecutive. Durable when it
   * resolves: all of them, or none ('behind') if the log does not end where the first begins, because somebody else appended or the log is
   * not the one the caller read. When it rejects, all or none may be stored; the caller reads again.
   */
  append(entries: readonly LogEntry[]): Promise<Appended>;
  /**
   * Waits until nobody else appends, and keeps others waiting until the caller has appended or lets go. For a write that was 'behind' again
   * and again. Missing = such a write is rejected after many attempts.
   */
  hold?(): Promise<HeldLog>;
  /** The snapshot replaces every entry up to its `txId`; an outdated one replaces nothing. */
  compact(snapshot: Snapshot): Promise<void>;
  /** Calls `listener` after each append by any process. Returns an unsubscribe function. */
  subscribe(listener: LogListener): () => void;
}

/** A log that only its holder appends to. Let go by itself if the process ends, or takes much too long. */
export interface HeldLog extends Pick<AppLog, 'since' | 'append'> {
  /** As that of the log; also lets go. */
  append(entries: readonly LogEntry[]): Promise<Appended>;
  /** If nothing was appended. Does nothing otherwise. Never rejects. */
  release(): Promise<void>;
}

export type Appended = 'appended' | 'behind';

/**
 * The log reaches at least `txId`. `entries`: the last of them, if delivered with the notification. `lastId`: the id of the entry `txId`,
 * if only the end of the log was read; empty if unknown. Never throws.
 */
export type LogListener = (txId: number, entries?: readonly LogEntry[], lastId?: string) => void;

export interface Loaded {
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly LogEntry[];
}

/** One transaction: its effect rather than its request. Plain JSON; a storage keeps every field, including unknown ones. */
export interface LogEntry {
  /** Unique across all logs. Missing in entries of earlier versions. Storages may rely on these two fields coming first. */
  readonly id?: string;
  /** The `id` of the preceding entry: two logs that share an entry share all entries before it. */
  readonly prev?: string;
  readonly txId: number;
  /** Server clock, milliseconds since the epoch. */
  readonly at: number;
  /** The write it came from; missing for the server's own. */
  readonly event?: Event;
  /** The write was rejected: the entry changes nothing and prevents the same write from being applied later. */
  readonly rejected?: RememberedRejection;
  readonly attrs?: AttrChanges;
  readonly changes: readonly SyncChange[];
  /** Records stored beside the data, by name: rules, sign-ins. Null = deleted. */
  readonly records?: Records;
}

export type Records = Readonly<Record<string, unknown>>;

/** Identifies a write: two users may use the same id. */
export interface Event {
  readonly id: string;
  /** A user's id, '' for anonymous; the session's id if the event id is valid within the session only. */
  readonly by: string;
}

export interface AttrChanges {
  /** New, changed, or restored; including attrs deleted afterwards. */
  readonly put: readonly WireAttr[];
  /** Applied after `put`. */
  readonly deleted: readonly string[];
}

/** The error a write was rejected with. */
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
  /** The time of the first transaction; missing in snapshots of earlier versions. */
  readonly since?: number;
  readonly attrs: readonly WireAttr[];
  /** Deleted attrs whose triples are kept, so that they can be restored. */
  readonly deletedAttrs: readonly WireAttr[];
  readonly triples: readonly Triple[];
  readonly events: readonly AnsweredEvent[];
  /** Missing = none; earlier versions wrote snapshots without it. */
  readonly records?: Records;
}

export const emptySnapshot: Snapshot = { txId: 0, at: 0, attrs: [], deletedAttrs: [], triples: [], events: [], records: {} };

// Messages between servers that share a storage, for state that is not stored: presence and broadcasts. Storages with a single server have
// none.

export interface Relay {
  /** Sends to all other servers of this app, in order. Disconnected servers miss it. */
  send(appId: string, message: unknown): void;
  /** @returns an unsubscribe function */
  listen(appId: string, on: RelayEvents): () => void;
}

/** No callback throws. */
export interface RelayEvents {
  /** Messages may have been lost in both directions: request the others' state and send this server's. Also called at the start. */
  resumed(): void;
  received(from: string, message: unknown): void;
  /** The other server is gone, or it or this server is disconnected. */
  left(server: string): void;
}
