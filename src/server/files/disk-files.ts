// Content-addressed files in a folder: <folder>/<app>/<first two digits>/<SHA-256>/<location>. Files with equal content are hard links to
// one copy, which is removed with the last link. There is no moment at which one process could delete what another has just found: creating
// a link either succeeds, or fails and the bytes are written.

import { createHash } from 'node:crypto';
import { type FileHandle, link, mkdir, open, opendir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TriplaneError } from '../../errors.ts';
import { privateFile, privateFolder } from '../private-files.ts';
import type { FileStore, ListedFile, StoredFile } from './file-store.ts';

/** Uploads in progress. Leftovers of a killed process are removed by the next sweep. */
const underWay = 'uploads';

/**
 * Stores files in a folder of this machine. Acknowledged files survive a killed process and a loss of power.
 *
 * @param folder created if missing
 * @example
 * const server = await createServer({ storage: await postgres(url), files: diskFiles('./files') });
 */
export function diskFiles(folder: string): FileStore {
  const pathOf = (appId: string, key: string): string => {
    const [hash = '', location = ''] = key.split('/');
    return join(folder, appId, hash.slice(0, 2), hash, location);
  };
  return {
    async write(appId, location, body) {
      const uploads = join(folder, appId, underWay);
      await mkdir(uploads, { recursive: true, mode: privateFolder });
      const temporary = join(uploads, location);
      try {
        const { hash, size } = await writeAll(temporary, body);
        const parent = join(folder, appId, hash.slice(0, 2), hash);
        await place(temporary, parent, location);
        await flushFolders([parent, join(folder, appId, hash.slice(0, 2)), join(folder, appId)]);
        return { key: `${hash}/${location}`, size } satisfies StoredFile;
      } catch (cause) {
        throw asFailure(cause);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async read(appId, key, range) {
      const handle = await open(pathOf(appId, key), 'r').catch(absent);
      if (!handle) return undefined;
      if (range && range.end < range.start) return emptied(handle);
      return Readable.toWeb(handle.createReadStream({ ...range, highWaterMark: 256 * 1024 })) as ReadableStream<Uint8Array>;
    },
    async remove(appId, key) {
      const path = pathOf(appId, key);
      if (key.startsWith(`${underWay}/`)) return rm(join(folder, appId, key), { force: true });
      await rm(path, { force: true });
      // Fails while another file has the same content, as intended.
      await rmdir(join(path, '..')).catch(() => {});
    },
    list: (appId) => listed(join(folder, appId)),
  };
}

async function writeAll(path: string, body: AsyncIterable<Uint8Array>): Promise<{ readonly hash: string; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const handle = await open(path, 'wx', privateFile);
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      await handle.writeFile(chunk);
      size += chunk.byteLength;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { hash: hash.digest('hex'), size };
}

/** As a link to equal content if there is any, otherwise as a new file. */
async function place(temporary: string, parent: string, location: string): Promise<void> {
  for (;;) {
    await mkdir(parent, { recursive: true, mode: privateFolder });
    const [twin] = await readdir(parent).catch(() => []);
    try {
      if (twin !== undefined) await link(join(parent, twin), join(parent, location));
      else await rename(temporary, join(parent, location));
      return;
    } catch (error) {
      // The existing copy, or its folder, was removed meanwhile.
      if (codeOf(error) === 'ENOENT' && (await isThere(temporary))) continue;
      // The file system does not support hard links.
      if (twin === undefined || codeOf(error) === 'EEXIST') throw error;
      await rename(temporary, join(parent, location));
      return;
    }
  }
}

async function* listed(folder: string): AsyncIterable<ListedFile> {
  for await (const path of filesIn(folder)) {
    const parts = path.slice(folder.length + 1).split(/[\\/]/);
    const location = parts.at(-1) ?? '';
    const at = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (at !== undefined) yield { key: `${parts.at(-2)}/${location}`, location, at };
  }
}

async function* filesIn(folder: string): AsyncIterable<string> {
  const entries = await opendir(folder).catch(absent);
  if (!entries) return;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

/** A name is durable once its folder is flushed. */
async function flushFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const handle = await open(folder, 'r').catch(() => undefined);
    try {
      await handle?.sync();
    } catch (error) {
      // Not every system supports flushing a folder.
      if (!['EINVAL', 'EPERM', 'EISDIR', 'EBADF'].includes(codeOf(error) ?? '')) throw error;
    } finally {
      await handle?.close();
    }
  }
}

async function emptied(handle: FileHandle): Promise<ReadableStream<Uint8Array>> {
  await handle.close();
  return new ReadableStream({ start: (controller) => controller.close() });
}

function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw asFailure(error);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** System errors become storage errors; errors of the body pass unchanged. */
function asFailure(cause: unknown): unknown {
  const isSystem = cause instanceof Error && 'syscall' in cause && 'path' in cause;
  return isSystem ? new TriplaneError('storage-failed', `The file cannot be kept: ${cause.message}`, { cause }) : cause;
}
