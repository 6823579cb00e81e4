// Where a server keeps what it was told: for each app a log of transactions, and now and then a snapshot in place of
// the log so far. The log is the truth; what a server holds in memory can be made from it at any time.

import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { FileStore } from '../files/file-store.ts';

export interface Storage {
  /** The app's log; made empty if there is none. */
  open(appId: string): Promise<AppLog>;
  /** Apps that have a log. */
  apps(): Promise<readonly string[]>;
  /** Nothing is asked of it afterwards. */
  close(): Promise<void>;
  /** Where files are kept unless the server is told otherwise; missing = nowhere. */
  readonly files?: FileStore;
  /** Missing = no other server can use it at the same time. */
  readonly relay?: Relay;
}

/** Has one user at a time in this process, who waits for each call before the next. Other processes may use it too. */
export interface AppLog {
  /** The last snapshot, and what was appended since, in order. */
  load(): Promise<Loaded>;
  /** What was appended after `txId`, in order; undefined if a snapshot has taken the place of some of it. */
  since(txId: number): Promise<readonly LogEntry[] | undefined>;
  /**
   * Several transactions at once, so that a store that has to flush flushes once. Their `txId`s follow on one another. Durable
   * when it resolves: all of them, or, if somebody else has appended since the caller looked, none ('behind'). When it rejects,
   * all or none may be there; the caller loads again.
   */
  append(entries: readonly LogEntry[]): Promise<Appended>;
  /** The snapshot takes the place of every entry up to its `txId`; one that comes late, of nothing. */
  compact(snapshot: Snapshot): Promise<void>;
  /** `heard` is called after each append, whoever made it, until the function given back is. */
  subscribe(listener: LogListener): () => void;
}

export type Appended = 'appended' | 'behind';

/** The log goes up to `txId` at least. `entries`: the last of them, where they came along. Never throws. */
export type LogListener = (txId: number, entries?: readonly LogEntry[]) => void;

export interface Loaded {
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly LogEntry[];
}

/** One transaction, as what it did rather than what was asked. JSON through and through. */
export interface LogEntry {
  readonly txId: number;
  /** Server clock, milliseconds. */
  readonly at: number;
  /** The write it came from; missing for the server's own. */
  readonly event?: Event;
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

export interface AppliedEvent extends Event {
  readonly txId: number;
  readonly at: number;
}

/** All there is to know after `txId`. */
export interface Snapshot {
  readonly txId: number;
  readonly at: number;
  readonly attrs: readonly WireAttr[];
  /** Deleted, but their triples are kept: they can be restored. */
  readonly deletedAttrs: readonly WireAttr[];
  readonly triples: readonly Triple[];
  readonly events: readonly AppliedEvent[];
  /** Missing = none; snapshots were once made without. */
  readonly records?: Records;
}

export const emptySnapshot: Snapshot = { txId: 0, at: 0, attrs: [], deletedAttrs: [], triples: [], events: [], records: {} };

/** A snapshot with entries played on top of it. */
export function replay({ snapshot = emptySnapshot, entries }: Loaded): Snapshot {
  if (entries.length === 0) return snapshot;
  const attrs = new Map(snapshot.attrs.map((attr) => [attr.id, attr]));
  const deleted = new Map(snapshot.deletedAttrs.map((attr) => [attr.id, attr]));
  const triples = new Map(snapshot.triples.map((triple) => [nameOf(triple), triple]));
  const events = snapshot.events.slice();
  const records = new Map(Object.entries(snapshot.records ?? {}));
  for (const entry of entries) {
    if (entry.attrs) replayAttrs(entry.attrs, attrs, deleted);
    for (const { action, triple } of entry.changes) {
      if (action === 'added') triples.set(nameOf(triple), triple);
      else triples.delete(nameOf(triple));
    }
    if (entry.event) events.push({ ...entry.event, txId: entry.txId, at: entry.at });
    if (entry.records) replayRecords(entry.records, records);
  }
  const { txId, at } = entries.at(-1) ?? snapshot;
  return {
    txId,
    at,
    attrs: [...attrs.values()],
    deletedAttrs: [...deleted.values()],
    triples: [...triples.values()],
    events,
    records: Object.fromEntries(records),
  };
}

export function replayRecords(changes: Records, records: Map<string, unknown>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) records.delete(name);
    else records.set(name, value);
  }
}

function replayAttrs({ put, deleted: gone }: AttrChanges, attrs: Map<string, WireAttr>, deleted: Map<string, WireAttr>): void {
  for (const attr of put) {
    deleted.delete(attr.id);
    attrs.set(attr.id, attr);
  }
  for (const id of gone) {
    const attr = attrs.get(id);
    if (attr) deleted.set(id, attr);
    attrs.delete(id);
  }
}

const nameOf = ([e, a, v]: Triple): string => `${e} ${a} ${JSON.stringify(v)}`;

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
