// What can be uploaded, and how it is turned into the body of a request: bytes as they are, everything else as a web stream that is read as
// fast as the network takes it. A stream that is passed in is read and never closed; a file that is opened here is always closed.

import { TriplaneError } from '../errors.ts';
import { kindOf } from '../http/params.ts';

/** A file opened by the program: Node's `FileHandle`. */
export interface FileHandleLike {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  stat(): Promise<{ size: number; isDirectory?(): boolean }>;
}

/** The contents of a file: bytes, a string (as UTF-8), a Blob, a stream, a path, or an open file. */
export type UploadSource =
  | Uint8Array
  | ArrayBuffer
  | Blob
  | string
  | ReadableStream
  | AsyncIterable<Uint8Array | string>
  | URL
  | { readonly filePath: string }
  | { readonly handle: FileHandleLike; readonly start?: number | undefined };

export interface OpenSource {
  /** Present where the whole content is in memory: such a body can be sent again. */
  readonly bytes?: Uint8Array<ArrayBuffer> | Blob;
  /** Its chunks, from the start. */
  readonly chunks: () => AsyncIterator<Uint8Array | string>;
  /** Undefined if it is not known. */
  readonly size: number | undefined;
  close(): Promise<void>;
}

const chunkBytes = 65_536;
const nothing = async (): Promise<void> => {};

/** @throws TriplaneError 'config-invalid' for what cannot be uploaded, a file that cannot be opened, and a size that is not the size */
export async function openSource(source: UploadSource, fileSize: number | undefined): Promise<OpenSource> {
  if (fileSize !== undefined && !(Number.isSafeInteger(fileSize) && fileSize >= 0)) {
    throw invalid(`fileSize must be 0 or a positive integer, and is ${String(fileSize)}`);
  }
  const open = await find(source, fileSize);
  if (fileSize === undefined || open.size === fileSize) return open;
  await open.close();
  throw invalid(`fileSize is ${fileSize}, but the file is ${String(open.size)} bytes long`);
}

async function find(source: UploadSource, fileSize: number | undefined): Promise<OpenSource> {
  const bytes = bytesOf(source);
  if (bytes) return { bytes, chunks: () => slices(bytes), size: bytes instanceof Blob ? bytes.size : bytes.byteLength, close: nothing };
  if (source instanceof URL || has(source, 'filePath')) return openPath(source instanceof URL ? source : source.filePath);
  if (has(source, 'handle')) return openHandle(source.handle, source.start ?? 0, nothing);
  const chunks = chunksOf(source);
  if (chunks) return { chunks, size: fileSize, close: nothing };
  throw invalid(`the file must be bytes, a Blob, a stream, a path or an open file, and is ${kindOf(source)}`);
}

function bytesOf(source: UploadSource): Uint8Array<ArrayBuffer> | Blob | undefined {
  if (typeof source === 'string') return new TextEncoder().encode(source);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) return source;
  // A view of shared memory is copied: it may change while it is sent.
  return source instanceof Uint8Array
    ? source.buffer instanceof ArrayBuffer
      ? (source as Uint8Array<ArrayBuffer>)
      : source.slice()
    : undefined;
}

async function* slices(source: Uint8Array | Blob): AsyncGenerator<Uint8Array, void> {
  const size = source instanceof Blob ? source.size : source.byteLength;
  for (let at = 0; at < size; at += chunkBytes) {
    if (source instanceof Blob) yield new Uint8Array(await source.slice(at, at + chunkBytes).arrayBuffer());
    else yield source.subarray(at, at + chunkBytes);
  }
}

interface NodeFiles {
  open(path: string | URL): Promise<FileHandleLike & { close(): Promise<void> }>;
}

/** Looked up, not imported: on platforms without files, this module still loads. */
function nodeFiles(): NodeFiles {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } };
  const files = process?.getBuiltinModule?.('node:fs/promises') as NodeFiles | undefined;
  if (files) return files;
  throw invalid('this platform has no files to open. Pass the bytes, a Blob or a stream');
}

async function openPath(path: string | URL): Promise<OpenSource> {
  if (path instanceof URL ? path.protocol !== 'file:' : path.trim() === '') throw invalid(`'${String(path)}' is not the path of a file`);
  const handle = await nodeFiles()
    .open(path)
    .catch((cause: unknown) => {
      throw new TriplaneError('config-invalid', `uploadFile: '${String(path)}' cannot be opened`, { cause });
    });
  return openHandle(handle, 0, () => handle.close());
}

async function openHandle(handle: FileHandleLike, start: number, close: () => Promise<void>): Promise<OpenSource> {
  const { size, isDirectory } = await handle.stat().then((stat) => ({ size: stat.size, isDirectory: stat.isDirectory?.() ?? false }));
  if (isDirectory) {
    await close();
    throw invalid('a folder is no file');
  }
  if (!(Number.isSafeInteger(start) && start >= 0 && start <= size)) {
    await close();
    throw invalid(`start must be between 0 and ${size}, the size of the file, and is ${String(start)}`);
  }
  return { chunks: () => fromHandle(handle, start, size), size: size - start, close };
}

async function* fromHandle(handle: FileHandleLike, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  for (let at = start; at < end;) {
    const buffer = new Uint8Array(Math.min(chunkBytes, end - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    // The file has become shorter: the size that was announced is not reached, and the upload fails.
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Undefined for what cannot be read chunk by chunk. */
function chunksOf(source: unknown): (() => AsyncIterator<Uint8Array | string>) | undefined {
  if (source instanceof ReadableStream) return () => fromWebStream(source);
  // Node's streams close themselves when a reader stops, unless they are asked not to.
  if (isNodeStream(source)) return () => source.iterator({ destroyOnReturn: false });
  return isIterable(source) ? () => source[Symbol.asyncIterator]() : undefined;
}

async function* fromWebStream(stream: ReadableStream): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

interface NodeStream {
  iterator(opts: { destroyOnReturn: boolean }): AsyncIterator<Uint8Array | string>;
}

function isNodeStream(source: unknown): source is NodeStream {
  return typeof source === 'object' && source !== null && 'iterator' in source && typeof source.iterator === 'function';
}

function isIterable(source: unknown): source is AsyncIterable<Uint8Array | string> {
  return typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
}

function has<Key extends string>(source: unknown, key: Key): source is Extract<UploadSource, Record<Key, unknown>> & Record<Key, unknown> {
  return typeof source === 'object' && source !== null && key in source;
}

export function invalid(message: string): TriplaneError {
  return new TriplaneError('config-invalid', `uploadFile: ${message}`);
}
