// A file store in memory, for tests and for servers without persistent storage.

import type { ByteRange, FileStore, ListedFile } from './file-store.ts';

interface LedgerState {
  readonly bytes: Buffer;
  readonly at: number;
}

/** Files are lost when the process ends. */
export function memoryFiles(): FileStore {
  const held = new Map<string, LedgerState>();
  const nameOf = (appId: string, key: string): string => `${appId}/${key}`;
  return {
    async write(appId, location, body) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      held.set(nameOf(appId, location), { bytes, at: Date.now() });
      return { key: location, size: bytes.byteLength };
    },
    async read(appId, key, range) {
      const found = held.get(nameOf(appId, key));
      return found && streamOf(found.bytes, range);
    },
    async remove(appId, key) {
      held.delete(nameOf(appId, key));
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
