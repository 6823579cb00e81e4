// The open file: reads at once, writes in groups. All that is to be written in one moment, whatever the app, is one
// transaction, and so one flush; each part of it can fail without the others.

import { TriplaneError } from '../../../errors.ts';
import type { Connection, Statement } from './binding.ts';

interface Waiting {
  readonly run: () => void;
  readonly done: () => void;
  readonly failed: (error: TriplaneError) => void;
}

export class SqliteFile {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
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
      // After what has arrived by now: all of it shares the flush.
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ run: () => (outcome = run()), done: () => resolve(outcome), failed: reject });
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    release(this.#connection);
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const broken = new Map<Waiting, unknown>();
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      for (const each of waiting) this.#try(each, broken);
      this.#connection.exec('COMMIT');
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
      // SQLite has done so itself.
    }
  }
}

/**
 * One binding keeps the file locked until its statements are collected, so the lock is given up by hand. That cannot be done
 * as long as there is a write-ahead log, which is folded into the file here.
 */
function release(connection: Connection): void {
  try {
    connection.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM heads');
  } finally {
    connection.close();
  }
}

const closed = (): TriplaneError => new TriplaneError('closed', 'The storage is closed');

function failed(cause: unknown): TriplaneError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new TriplaneError('storage-failed', `The file cannot be used: ${text}`, { cause });
}
