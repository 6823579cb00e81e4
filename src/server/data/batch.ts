// The transactions of one group commit, as they are applied to memory before the log has them.

import type { ChangeSet } from '../../db/change-set.ts';
import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Event, LogEntry, Records, RememberedRejection } from '../storage/storage.ts';
import type { AttrCatalog, AttrCatalogChange } from './attr-steps.ts';
import { mergeChanges } from './triple-changes.ts';

/** Applied transactions, and how to undo them. */
export interface Batch {
  changeSet: ChangeSet;
  attrsChanged: boolean;
  /** More than the types that values have had. */
  schemaChanged: boolean;
  readonly entries: LogEntry[];
  readonly before: BeforeBatch;
}

/** The state before it. */
interface BeforeBatch extends Position {
  readonly at: number;
  readonly bytes: number;
  readonly catalog: AttrCatalog;
  readonly records: Map<string, unknown>;
}

/** A position in the log. */
export interface Position {
  readonly txId: number;
  /** The id of the entry `txId`; undefined at the start of a log, and after entries of earlier versions. */
  readonly lastId: string | undefined;
}

export interface AppliedWrite {
  readonly id: string;
  readonly changeSet: ChangeSet;
  /** The same, as triples. */
  readonly changes: readonly SyncChange[];
  readonly catalog: AttrCatalogChange;
  readonly records: Records | undefined;
  readonly event: Event | undefined;
  readonly at: number;
}

export interface RejectedWrite {
  readonly id: string;
  readonly event: Event;
  readonly rejected: RememberedRejection;
  readonly at: number;
}

/** Adds a transaction that was applied. */
export function record(
  batch: Batch,
  entry: LogEntry,
  changeSet: ChangeSet,
  { attrsChanged, schemaChanged }: Pick<Batch, 'attrsChanged' | 'schemaChanged'>,
): void {
  batch.entries.push(entry);
  batch.changeSet = mergeChanges(batch.changeSet, changeSet);
  batch.attrsChanged ||= attrsChanged;
  batch.schemaChanged ||= schemaChanged;
}
