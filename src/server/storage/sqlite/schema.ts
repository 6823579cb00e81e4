// The tables of the file, and their version.

import { TriplaneError } from '../../../errors.ts';
import type { Connection } from './binding.ts';

const version = 2;
/** The write-ahead log is written to the file after so many pages. */
export const autoCheckpoint = 'PRAGMA wal_autocheckpoint = 1000';
/** Size limit of the write-ahead log after a checkpoint. */
const maxWalBytes = 16 * 1024 * 1024;

/**
 * `heads`: an app, the last transaction of its log, and the transaction of its snapshot. Parts of any other snapshot are leftovers of an
 * unfinished one.
 */
const firstTables = `
  CREATE TABLE heads (app TEXT PRIMARY KEY, tx INTEGER NOT NULL, snapshot INTEGER) WITHOUT ROWID;
  CREATE TABLE log (app TEXT NOT NULL, tx INTEGER NOT NULL, entry TEXT NOT NULL, UNIQUE (app, tx));
  CREATE TABLE snapshots (app TEXT NOT NULL, tx INTEGER NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (app, tx, part));
`;
/** Since version 2: a log entry whose text is empty has it here. Parts beyond the head are leftovers of an append that did not end. */
const entryParts = `
  CREATE TABLE entry_parts (app TEXT NOT NULL, tx INTEGER NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (app, tx, part));
`;

/**
 * The file is locked exclusively. A commit is on disk when it returns, as far as the disk reports truthfully: it survives a killed process
 * and a loss of power.
 */
export function prepare(connection: Connection, file: string): void {
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // A large transaction may grow the write-ahead log; it is truncated after the next checkpoint.
    connection.exec(`${autoCheckpoint}; PRAGMA journal_size_limit = ${maxWalBytes}`);
    connection.exec('BEGIN IMMEDIATE');
  } catch (cause) {
    throw new TriplaneError('storage-failed', `${file} cannot be opened: ${whyOf(cause)}`, { cause });
  }
  const found = (connection.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (found === 0) connection.exec(firstTables);
  if (found < 2) connection.exec(`${entryParts} PRAGMA user_version = ${version}`);
  connection.exec('COMMIT');
  if (found > version) {
    throw new TriplaneError('storage-failed', `${file} was made by a later version of Triplane (its tables are of version ${found})`);
  }
}

function whyOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /locked|busy/i.test(text) ? 'another server uses it' : text;
}
