// Whether the files that a connection has open are still at their paths, and as it left them. A process keeps a file that others deleted,
// writes to it without an error, and loses it when it ends; and its checkpoints mix pages with those of a file copied over its own.

import { closeSync, ftruncateSync, openSync, readSync, rmSync, statSync } from 'node:fs';

/** The database file or its write-ahead log is gone from its path, or the file has other content. */
export type Fault = 'file' | 'log' | 'content' | undefined;

/** The start of a database file. */
const headerBytes = 100;
/** In the header: two bytes, 2 while the file has a write-ahead log, and 1 otherwise. */
export const formatAt = 18;
/** In the header. */
const changeCounterAt = 24;

/** Open as long as the connection, and closed after it: closing any handle of a file ends the locks of this process on it. */
export class Place {
  readonly #path: string;
  readonly #file: number;
  #log: number | undefined;
  #isFileThere = (): boolean => true;
  #isLogThere = (): boolean => true;
  #header: Buffer = Buffer.alloc(0);
  #isOverwritten = false;

  /**
   * Before the connection reads anything. A file that says it has no write-ahead log is complete, so a log beside it belongs to one that it
   * has replaced, such as that of a killed server: SQLite would apply it to this one.
   */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    const log = logOf(path);
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0 && this.#read()[formatAt] === 1) rmSync(log, { force: true });
  }

  /** When the connection has made its files. */
  watch(): void {
    this.#isFileThere = sameAt(this.#path);
    this.#isLogThere = sameAt(logOf(this.#path));
    this.#header = this.#read();
    try {
      this.#log = openSync(logOf(this.#path), 'r+');
    } catch {
      // Some file systems allow no write-ahead log.
    }
  }

  fault(): Fault {
    if (!this.#isFileThere()) return 'file';
    this.#isOverwritten ||= !this.#read().equals(this.#header);
    if (this.#isOverwritten) return 'content';
    return this.#isLogThere() ? undefined : 'log';
  }

  /** The connection has written, perhaps to the file itself. The copy of a file has another format, or is of an earlier time. */
  written(): void {
    if (this.#isOverwritten) return;
    const header = this.#read();
    const isOwn = formatOf(header) === formatOf(this.#header) && changesOf(header) >= changesOf(this.#header);
    if (isOwn) this.#header = header;
    else this.#isOverwritten = true;
  }

  /** Nothing of the log can then be written to the file, which it does not belong to. */
  emptyLog(): void {
    if (this.#log !== undefined) ftruncateSync(this.#log, 0);
  }

  closeLog(): void {
    if (this.#log !== undefined) closeSync(this.#log);
    this.#log = undefined;
  }

  close(): void {
    this.closeLog();
    closeSync(this.#file);
  }

  /** Shorter if the file is. */
  #read(): Buffer {
    const header = Buffer.alloc(headerBytes);
    return header.subarray(0, readSync(this.#file, header, 0, headerBytes, 0));
  }
}

const logOf = (path: string): string => `${path}-wal`;

const formatOf = (header: Buffer): number => (header.length === headerBytes ? header.readUInt16BE(formatAt) : 0);

const changesOf = (header: Buffer): number => (header.length === headerBytes ? header.readUInt32BE(changeCounterAt) : 0);

/** Always true if there is none now: some file systems allow no write-ahead log. */
function sameAt(path: string): () => boolean {
  const before = statSync(path, { throwIfNoEntry: false });
  return () => {
    if (!before) return true;
    const now = statSync(path, { throwIfNoEntry: false });
    return now?.ino === before.ino && now.dev === before.dev;
  };
}
