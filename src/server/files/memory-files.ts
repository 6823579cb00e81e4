// A file store in memory, for tests and for servers without persistent storage.

import { overLimit } from '../errors.ts';
import type { ByteRange, FileStore, ListedFile } from './file-store.ts';

/** Of all files of a server, including those that are being uploaded. */
const defaultBytes = 256 * 1024 * 1024;

interface HeldFile {
  readonly bytes: Buffer;
  readonly at: number;
}

/** Files are lost when the process ends. */
export function memoryFiles(maxBytes = defaultBytes): FileStore {
  const held = new Map<string, HeldFile>();
  let used = 0;
  const nameOf = (appId: string, key: string): string => `${appId}/${key}`;
  return {
    async write(appId, location, body) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      try {
        for await (const chunk of body) {
          if (used + chunk.byteLength > maxBytes) throw overLimit('memoryFileBytes', maxBytes, 'bytes of all files in memory');
          used += chunk.byteLength;
          size += chunk.byteLength;
          chunks.push(chunk);
        }
      } catch (error) {
        used -= size;
        throw error;
      }
      held.set(nameOf(appId, location), { bytes: Buffer.concat(chunks), at: Date.now() });
      return { key: location, size };
    },
    async read(appId, key, range) {
      const found = held.get(nameOf(appId, key));
      return found && streamOf(found.bytes, range);
    },
    async remove(appId, key) {
      const name = nameOf(appId, key);
      used -= held.get(name)?.bytes.byteLength ?? 0;
      held.delete(name);
    },
    async *list(appId): AsyncIterable<ListedFile> {
      for (const [name, { at }] of held) {
        const [app, key = ''] = name.split('/');
        if (app === appId) yield { key, location: key, at };
      }
    },
  };
}

const sliceBytes = 64 * 1024;

function streamOf(bytes: Buffer, { start, end }: ByteRange = { start: 0, end: bytes.byteLength - 1 }): ReadableStream<Uint8Array> {
  let at = start;
  return new ReadableStream({
    pull(controller) {
      if (at > end) return controller.close();
      const next = Math.min(at + sliceBytes, end + 1);
      controller.enqueue(new Uint8Array(bytes.subarray(at, next)));
      at = next;
    },
  });
}
