// A zip archive, read entry by entry without unpacking it to disk. Everything the archive declares is checked: names, sizes, checksums.

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { TriplaneError } from '../../errors.ts';

export interface ArchiveLimits {
  /** Unpacked size of all entries together, in bytes. */
  readonly totalBytes: number;
  /** Maximum compression ratio of entries larger than `ratioFromBytes`. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  readonly entries: number;
}

export const defaultArchiveLimits: ArchiveLimits = {
  totalBytes: 1024 ** 4,
  ratio: 200,
  ratioFromBytes: 64 * 1024 ** 2,
  entries: 10_000_000,
};

export class Archive {
  readonly path: string;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly #zip: ZipFile;

  private constructor(path: string, zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.path = path;
    this.#zip = zip;
    this.entries = entries;
  }

  /** Rejects with TriplaneError `archive-invalid` if the file is not a zip archive, is truncated, or exceeds a limit. */
  static async open(path: string, limits: ArchiveLimits = defaultArchiveLimits): Promise<Archive> {
    const { openPromise } = await loadYauzl();
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true }).catch((cause: unknown) => {
      throw damaged(path, cause);
    });
    try {
      return new Archive(path, zip, await listed(path, zip, limits));
    } catch (error) {
      zip.close();
      throw error instanceof TriplaneError ? error : damaged(path, error);
    }
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** The central directory contains the checksum of every entry. */
  get fingerprint(): string {
    const hash = createHash('sha256');
    for (const [name, { crc32: sum, uncompressedSize }] of this.entries) hash.update(`${name}\0${sum}\0${uncompressedSize}\n`);
    return hash.digest('hex');
  }

  sizeOf(name: string): number {
    return this.entries.get(name)?.uncompressedSize ?? 0;
  }

  /** The unpacked bytes. Fails at the end if size or checksum differ from what the archive declares. */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.entries.get(name);
    if (!entry) throw invalidArchive(`${this.path} has no ${name}`);
    let crc = 0;
    try {
      for await (const chunk of await this.#zip.openReadStreamPromise(entry)) {
        crc = crc32(chunk as Buffer, crc);
        yield chunk as Buffer;
      }
    } catch (cause) {
      throw cause instanceof TriplaneError ? cause : damaged(`${this.path}: ${name}`, cause);
    }
    if (crc !== entry.crc32) throw invalidArchive(`${this.path}: ${name} is damaged: its checksum differs`);
  }

  /** A whole entry as text. */
  async text(name: string, maxBytes: number): Promise<string> {
    if (this.sizeOf(name) > maxBytes) throw invalidArchive(`${this.path}: ${name} is larger than ${maxBytes} bytes`);
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(name)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  close(): void {
    this.#zip.close();
  }
}

async function listed(path: string, zip: ZipFile, limits: ArchiveLimits): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  let [packed, unpacked] = [0, 0];
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, compressedSize, uncompressedSize } = entry;
    if (name.endsWith('/')) continue;
    if (entries.has(name)) throw invalidArchive(`${path} has two entries named ${name}`);
    if (entry.isEncrypted() || !entry.canDecodeFileData())
      throw invalidArchive(`${path}: ${name} is encrypted or packed in an unknown way`);
    const isBomb = uncompressedSize > limits.ratioFromBytes && uncompressedSize > compressedSize * limits.ratio;
    if (isBomb)
      throw invalidArchive(`${path}: ${name} unpacks to ${uncompressedSize} bytes from ${compressedSize}: more than ${limits.ratio} times`);
    packed += compressedSize;
    unpacked += uncompressedSize;
    if (unpacked > limits.totalBytes) throw invalidArchive(`${path} unpacks to more than ${limits.totalBytes} bytes`);
    if (packed > zip.fileSize) throw invalidArchive(`${path} is damaged: its entries overlap`);
    entries.set(name, entry);
    if (entries.size > limits.entries) throw invalidArchive(`${path} has more than ${limits.entries} entries`);
  }
  return entries;
}

async function loadYauzl(): Promise<typeof import('yauzl')> {
  try {
    const { default: yauzl } = await import('yauzl');
    return yauzl;
  } catch (cause) {
    throw new TriplaneError('dependency-missing', 'To read a zip archive one more package is needed: npm install yauzl', { cause });
  }
}

function damaged(path: string, cause: unknown): TriplaneError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = code === 'ENOENT' ? `There is no file ${path}` : `${path} is no complete zip archive: ${why}`;
  return new TriplaneError('archive-invalid', message, { cause });
}

export const invalidArchive = (message: string): TriplaneError => new TriplaneError('archive-invalid', message);
