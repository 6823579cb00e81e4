// Whether the files that a connection has open are still at their paths. A process keeps a file that others deleted, writes to it without an
// error, and loses it when it ends.

import { statSync } from 'node:fs';

/** The database file, or its write-ahead log. */
export type Missing = 'file' | 'log' | undefined;

/** Call when the connection is open. */
export function watchPlace(path: string): () => Missing {
  const isFileThere = sameAt(path);
  const isLogThere = sameAt(`${path}-wal`);
  return () => {
    if (!isFileThere()) return 'file';
    return isLogThere() ? undefined : 'log';
  };
}

/** Always true if there is none now: some file systems allow no write-ahead log. */
function sameAt(path: string): () => boolean {
  const before = statSync(path, { throwIfNoEntry: false });
  return () => {
    if (!before) return true;
    const now = statSync(path, { throwIfNoEntry: false });
    return now?.ino === before.ino && now.dev === before.dev;
  };
}
