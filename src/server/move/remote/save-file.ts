// Downloads to a file that appears only when it is complete.

import { createWriteStream, existsSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { privateFile } from '../../private-files.ts';

export interface SavedFile {
  readonly bytes: number;
  /** Extension of incomplete files. */
  readonly lines: number;
}

/** `progress`: called with the size of each part. */
export async function saveFile(path: string, bytes: AsyncIterable<Uint8Array>, progress: (bytes: number) => void): Promise<SavedFile> {
  const counted = { bytes: 0, lines: 0 };
  const counting = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      counted.bytes += chunk.byteLength;
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) counted.lines++;
      progress(chunk.byteLength);
      yield chunk;
    }
  };
  await pipeline(counting(), createWriteStream(`${path}.part`, { mode: privateFile, flush: true }));
  await rename(`${path}.part`, path);
  return counted;
}

const newline = 0x0a;

export const sizeOnDisk = async (path: string): Promise<number> => (existsSync(path) ? (await stat(path)).size : 0);
