// Copying an open file to another one, which appears only when it is complete and replaces nothing.

import { closeSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { privateFile } from '../../private-files.ts';
import { formatAt } from './place.ts';

const chunkBytes = 1024 * 1024;

/** Copies a whole database file, and flushes the copy. It says that it has no write-ahead log, which tells it from the file of a running server. */
export async function copy(source: FileHandle, target: string, isStopped: () => boolean): Promise<void> {
  const made = await open(target, 'wx', privateFile);
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let at = 0; !isStopped();) {
      const { bytesRead } = await source.read(buffer, 0, chunkBytes, at);
      if (bytesRead === 0) break;
      if (at === 0) buffer.fill(1, formatAt, formatAt + 2);
      for (let written = 0; written < bytesRead;)
        written += (await made.write(buffer, written, bytesRead - written, at + written)).bytesWritten;
      at += bytesRead;
    }
    await made.sync();
  } finally {
    await made.close();
  }
}

/** Gives a complete copy its name. Throws if something has that name. */
export function publish(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (error) {
    if (isTaken(file)) throw error;
    // The file system has no hard links: the name is taken first, because renaming would replace a file.
    closeSync(openSync(file, 'wx', privateFile));
    renameSync(partial, file);
  }
}

/** Whether something is there, be it a link to nothing. */
export function isTaken(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // No file can have this name.
    return false;
  }
}

export function discard(partial: string): void {
  try {
    rmSync(partial, { force: true });
  } catch {
    // It was never made.
  }
}
