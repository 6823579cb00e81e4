// Files in a folder, found by what is in them: <folder>/<app>/<first two digits>/<SHA-256>/<location>. Files with the same content
// are links to one copy, so that a second costs no space, and the copy goes with the last of them. There is no moment at which
// one process could take away what another has just found: a link either is made, or is not, and then the bytes are written.

import { createHash } from 'node:crypto';
import { type FileHandle, link, mkdir, open, opendir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TriplaneError } from '../../errors.ts';
import type { FileStore, ListedFile, StoredFile } from './file-store.ts';

/** Uploads under way. What a process that died has left here is removed by the next search. */
const underWay = 'uploads';

/**
 * Files in a folder of this machine. What was acknowledged survives a killed process and a loss of power.
 *
 * @param folder made if it is not there
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
      await mkdir(uploads, { recursive: true });
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
      // Refused, rightly, while another file has the same content.
      await rmdir(join(path, '..')).catch(() => {});
    },
    list: (appId) => listed(join(folder, appId)),
  };
}

async function writeAll(path: string, body: AsyncIterable<Uint8Array>): Promise<{ readonly hash: string; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const handle = await open(path, 'wx');
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

/** As a link to the same content where there is some, and as a file of its own where there is none. */
async function place(temporary: string, parent: string, location: string): Promise<void> {
  for (;;) {
    await mkdir(parent, { recursive: true });
    const [twin] = await readdir(parent).catch(() => []);
    try {
      if (twin !== undefined) await link(join(parent, twin), join(parent, location));
      else await rename(temporary, join(parent, location));
      return;
    } catch (error) {
      // The twin, or the folder, went in between.
      if (codeOf(error) === 'ENOENT' && (await isThere(temporary))) continue;
      // A file system without links.
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

/** A name is durable once its folder is. */
async function flushFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const handle = await open(folder, 'r').catch(() => undefined);
    try {
      await handle?.sync();
    } catch (error) {
      // Not every system lets a folder be flushed.
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

/** What the system says is a failure of the storage; what the body says stays as it is. */
function asFailure(cause: unknown): unknown {
  const isSystem = cause instanceof Error && 'syscall' in cause && 'path' in cause;
  return isSystem ? new TriplaneError('storage-failed', `The file cannot be kept: ${cause.message}`, { cause }) : cause;
}
