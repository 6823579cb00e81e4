// CRC-32 and size of a byte stream, computed by reading it or while it passes through.

import { crc32 } from 'node:zlib';

export interface Checksum {
  readonly crc: number;
  readonly size: number;
}

export async function checksumOf(bytes: AsyncIterable<Uint8Array>): Promise<Checksum> {
  let [crc, size] = [0, 0];
  for await (const chunk of bytes) {
    crc = crc32(chunk, crc);
    size += chunk.byteLength;
  }
  return { crc, size };
}

/** `done` is called after the last byte. */
export async function* withChecksum(bytes: AsyncIterable<Uint8Array>, done: (checksum: Checksum) => void): AsyncGenerator<Uint8Array> {
  let [crc, size] = [0, 0];
  for await (const chunk of bytes) {
    crc = crc32(chunk, crc);
    size += chunk.byteLength;
    yield chunk;
  }
  done({ crc, size });
}
