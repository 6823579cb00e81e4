// The open database file: reads are immediate, writes are grouped. All writes of one moment, for whatever app, share one transaction and
// one flush; each part can fail separately.

import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TriplaneError } from '../../../errors.ts';
import { id } from '../../../lib/uuid.ts';
import type { Connection, Statement } from './binding.ts';
import { copy, discard, isTaken, publish } from './copy.ts';
import type { Place } from './place.ts';
import { autoCheckpoint } from './schema.ts';

interface Waiting {
  readonly run: () => void;
  readonly done: () => void;
  readonly failed: (error: TriplaneError) => void;
}

export class SqliteFile {
  readonly #connection: Connection;
  readonly #place: Place | undefined;
  readonly #statements = new Map<string, Statement>();
  #waiting: Waiting[] = [];
  #isClosed = false;
  readonly #path: string;
  /** For backups. Open as long as the connection: closing any handle of a file ends the locks of this process on it. */
  #source: FileHandle | undefined;
  /** The last backup; never rejects. */
  #copying: Promise<void> = Promise.resolve();

  constructor(connection: Connection, path: string, place?: Place) {
    this.#connection = connection;
    this.#path = path;
    this.#place = place;
  }

  /** Compiled once. */
  prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#connection.prepare(sql)));
    return statement;
  }

  read<T>(run: () => T): T {
    if (this.#isClosed) throw closed();
    try {
      this.#checkFiles();
      return run();
    } catch (cause) {
      throw failed(cause);
    }
  }

  /** Durable when it resolves. When it rejects, nothing was written. */
  write<T>(run: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise<T>((resolve, reject) => {
      let outcome: T;
      // Deferred, so that everything that has arrived by then shares the flush.
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ run: () => (outcome = run()), done: () => resolve(outcome), failed: reject });
    });
  }

  /**
   * Copies the database, as it is now, to another file, which must not exist; it appears only when complete. Reads and writes go on
   * meanwhile. Rejects with TriplaneError 'config-invalid', 'storage-failed', 'closed'.
   */
  backup(file: string): Promise<void> {
    const before = this.#copying;
    const copying = before.catch(() => {}).then(() => this.#copyTo(file));
    this.#copying = copying.catch(() => {});
    return copying;
  }

  async #copyTo(file: string): Promise<void> {
    if (isTaken(file)) throw isThere(file);
    // A name of its own: that of the copy may be as long as names can be.
    const partial = join(dirname(file), `.${id()}.partial`);
    try {
      this.read(() => this.#holdFile());
      this.#source ??= await open(this.#path, 'r');
      await copy(this.#source, partial, () => this.#isClosed);
      if (this.#isClosed) throw closed();
      this.read(() => publish(partial, file));
    } catch (error) {
      throw isTaken(file) ? isThere(file) : failed(error);
    } finally {
      if (!this.#isClosed) this.#connection.exec(autoCheckpoint);
      discard(partial);
    }
  }

  /** Until checkpoints are allowed again, changes go to the write-ahead log only, and the file itself stays as it is. */
  #holdFile(): void {
    const { journal_mode: mode } = this.#connection.prepare('PRAGMA journal_mode').get() as { journal_mode: string };
    if (mode !== 'wal')
      throw new TriplaneError('storage-failed', 'The file has no write-ahead log here, so it cannot be copied while it is used');
    this.#connection.exec('PRAGMA wal_autocheckpoint = 0');
    const { busy } = this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    this.#place?.written();
    if (busy !== 0) throw new TriplaneError('storage-failed', 'The write-ahead log could not be written to the file');
  }

  /** Closes the file even if the disk is full: the next start reads the write-ahead log. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    // Closing writes to the file that is being copied.
    await this.#copying;
    this.#statements.clear();
    if (this.#place?.fault() === 'content') this.#place.emptyLog();
    this.#place?.closeLog();
    if (!release(this.#connection)) await collectGarbage();
    await this.#source?.close();
    this.#place?.close();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const broken = new Map<Waiting, unknown>();
    try {
      this.#checkFiles();
      this.#connection.exec('BEGIN IMMEDIATE');
      for (const each of waiting) this.#try(each, broken);
      this.#connection.exec('COMMIT');
      this.#place?.written();
      this.#checkFiles();
    } catch (cause) {
      this.#rollBack();
      for (const each of waiting) each.failed(failed(cause));
      return;
    }
    for (const each of waiting) {
      if (broken.has(each)) each.failed(failed(broken.get(each)));
      else each.done();
    }
  }

  /** Data written to a deleted file is lost when the process ends, and what is written to an overwritten one destroys it. */
  #checkFiles(): void {
    const fault = this.#place?.fault();
    if (fault === 'file') throw removed('The file');
    if (fault === 'content') throw overwritten();
    if (fault !== 'log') return;
    // The deleted log still has what was acknowledged.
    this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#place?.written();
    throw removed('The write-ahead log of the file');
  }

  #try(each: Waiting, broken: Map<Waiting, unknown>): void {
    this.#connection.exec('SAVEPOINT each_write');
    try {
      each.run();
    } catch (cause) {
      broken.set(each, cause);
      this.#connection.exec('ROLLBACK TO each_write');
    }
    this.#connection.exec('RELEASE each_write');
  }

  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back already.
    }
  }
}

/**
 * One binding keeps the file locked until its statements are collected, so the lock is released explicitly. That is impossible while there
 * is a write-ahead log, which is checkpointed here; false if that failed.
 */
function release(connection: Connection): boolean {
  try {
    connection.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM heads');
    return true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

/** Collected statements are finalised slightly later. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 2; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isThere = (file: string): TriplaneError => new TriplaneError('config-invalid', `There is a file at ${file}: a backup replaces none`);

const removed = (what: string): TriplaneError =>
  new TriplaneError('storage-failed', `${what} was deleted or replaced while the server ran`);

const overwritten = (): TriplaneError =>
  new TriplaneError(
    'storage-failed',
    'The file was overwritten while the server ran. To restore a backup, stop the server, put the backup in the place of the file again, and start',
  );

const closed = (): TriplaneError => new TriplaneError('closed', 'The storage is closed');

function failed(cause: unknown): TriplaneError {
  if (cause instanceof TriplaneError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new TriplaneError('storage-failed', `The file cannot be used: ${text}`, { cause });
}
