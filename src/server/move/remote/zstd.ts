// Zstandard, the compression of the original's backups: decompressed by Node where supported (22.15 and later).

import * as zlib from 'node:zlib';
import { pipeline, Readable, type Transform } from 'node:stream';
import { TriplaneError } from '../../../errors.ts';

const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

const make = (zlib as { readonly createZstdDecompress?: () => Transform }).createZstdDecompress;

export const canReadZstd = make !== undefined;

/** Newer versions of `fetch` decompress it already. */
export async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const packed = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.byteLength < magic.byteLength) {
    const next = await packed.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    for (let next = await packed.next(); !next.done; next = await packed.next()) yield next.value;
  };
  if (!head.subarray(0, magic.byteLength).equals(magic)) {
    yield* whole();
    return;
  }
  if (!make) throw new TriplaneError('dependency-missing', 'Backups of this server are packed with zstd: Node 22.15 or later unpacks them');
  // An error on the way ends the iteration.
  const plain: AsyncIterable<Uint8Array> = pipeline(Readable.from(whole()), make(), () => undefined);
  yield* plain;
}
