// The tables of the file, and the version they are of.

import { TriplaneError } from '../../../errors.ts';
import type { Connection } from './binding.ts';

const version = 1;
/** Of the write-ahead log, once it has been worked into the file. */
const maxWalBytes = 16 * 1024 * 1024;

/**
 * `heads`: an app, the last transaction of its log, and the transaction its snapshot is of. Parts of any other snapshot are
 * left over from one that was not finished.
 */
const tables = `
  CREATE TABLE heads (app TEXT PRIMARY KEY, tx INTEGER NOT NULL, snapshot INTEGER) WITHOUT ROWID;
  CREATE TABLE log (app TEXT NOT NULL, tx INTEGER NOT NULL, entry TEXT NOT NULL, UNIQUE (app, tx));
  CREATE TABLE snapshots (app TEXT NOT NULL, tx INTEGER NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (app, tx, part));
  PRAGMA user_version = ${version};
`;

/**
 * Nobody else may use the file as long as we do. A commit is on the disk when it returns, as far as the disk tells the truth:
 * neither a killed process nor a loss of power undoes it.
 */
export function prepare(connection: Connection, file: string): void {
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // What is written at once may make the write-ahead log long; it is cut again when it has been worked into the file.
    connection.exec(`PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = ${maxWalBytes}`);
    connection.exec('BEGIN IMMEDIATE');
  } catch (cause) {
    throw new TriplaneError('storage-failed', `${file} cannot be opened: ${whyOf(cause)}`, { cause });
  }
  const found = (connection.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (found === 0) connection.exec(tables);
  connection.exec('COMMIT');
  if (found > version) {
    throw new TriplaneError('storage-failed', `${file} was made by a later version of Triplane (its tables are of version ${found})`);
  }
}

function whyOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /locked|busy/i.test(text) ? 'another server uses it' : text;
}
