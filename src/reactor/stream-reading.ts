// One stream as it is read: what has come and is not read yet, turned into text piece by piece when somebody wants more.
// Files are fetched when it is their turn. A character may be cut by the end of a file or of what the network brings at once:
// one decoder reads across all seams.

import { TriplaneError } from '../errors.ts';
import type { StreamFile } from '../protocol/server-message.ts';
import { isContinuation } from './stream-tail.ts';
import type { Stretch } from './stream-readers.ts';

/** What is to be read next: bytes, or a file from one of its bytes on. */
type Source = { readonly bytes: Uint8Array } | { readonly file: StreamFile; readonly from: number };

export interface ReadingEvents {
  /** A file did not come: what follows the byte `offset` is to be asked for again. */
  missed(offset: number, cause: TriplaneError): void;
  /** A file came whole. */
  progressed(): void;
  /** Less waits than before. */
  drained(): void;
}

export class StreamReading {
  readonly #fetch: typeof fetch;
  readonly #on: ReadingEvents;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #ending = new AbortController();
  #sources: Source[] = [];
  /** The file that is being read. */
  #body: AsyncGenerator<Uint8Array, void> | undefined;
  /** The byte up to which it was read, and up to which it has come. */
  #offset: number;
  #come: number;
  #waitingBytes = 0;
  /** Begun inside a character: the rest of that is left out. */
  #isInside: boolean;
  #isOver = false;
  #error: TriplaneError | undefined;
  #wake: () => void = () => {};

  constructor(send: typeof fetch, offset: number, on: ReadingEvents) {
    this.#fetch = send;
    this.#on = on;
    this.#offset = offset;
    this.#come = offset;
    this.#isInside = offset > 0;
  }

  /** Bytes in memory that nobody has read yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  add({ offset, files, bytes }: Stretch): void {
    let at = offset;
    const skip = (size: number): number => Math.min(size, Math.max(0, this.#come - at));
    for (const file of files) {
      const from = skip(file.size);
      if (from < file.size) this.#sources.push({ file, from });
      at += file.size;
    }
    const rest = bytes.subarray(skip(bytes.length));
    if (rest.length > 0) this.#sources.push({ bytes: rest });
    this.#waitingBytes += rest.length;
    this.#come = at + bytes.length;
    this.#wake();
  }

  /** What has come is read to its end, then the error is told. */
  end(error?: TriplaneError): void {
    this.#isOver = true;
    this.#error = error;
    this.#wake();
  }

  /** What has come is not read any more. */
  cancel(error?: TriplaneError): void {
    this.#sources = [];
    this.#ending.abort();
    this.end(error);
  }

  /** The next piece; undefined at the end. @throws TriplaneError */
  async next(): Promise<string | undefined> {
    for (;;) {
      const bytes = await this.#nextBytes();
      const text = bytes ? this.#decoder.decode(this.#whole(bytes), { stream: true }) : this.#decoder.decode();
      if (text !== '') return text;
      if (bytes) continue;
      if (this.#error) throw this.#error;
      return undefined;
    }
  }

  async #nextBytes(): Promise<Uint8Array | undefined> {
    for (;;) {
      const [source] = this.#sources;
      if (!source && this.#isOver) return undefined;
      if (!source) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('bytes' in source) return this.#taken(source.bytes);
      else {
        const bytes = await this.#fromFile(source);
        if (bytes) return bytes;
      }
    }
  }

  #taken(bytes: Uint8Array): Uint8Array {
    this.#sources.shift();
    this.#waitingBytes -= bytes.length;
    this.#offset += bytes.length;
    this.#on.drained();
    return bytes;
  }

  /** Undefined if there is nothing of it now: look again. */
  async #fromFile(source: Extract<Source, { readonly file: StreamFile }>): Promise<Uint8Array | undefined> {
    const { file, from } = source;
    try {
      this.#body ??= readFile(this.#fetch, file.url, from, this.#ending.signal);
      const { value, done } = await this.#body.next();
      const left = file.size - from;
      if (done || value.length > left) throw new Error(`It is not ${file.size} bytes long`);
      this.#offset += value.length;
      if (value.length < left) {
        this.#sources[0] = { file, from: from + value.length };
        return value;
      }
      this.#body = undefined;
      this.#sources.shift();
      this.#on.progressed();
      return value;
    } catch (cause) {
      if (this.#ending.signal.aborted) return undefined;
      this.#forget();
      this.#on.missed(this.#offset, new TriplaneError('unreachable', 'A part of the stream could not be fetched', { cause }));
      return undefined;
    }
  }

  /** What has come but was not read comes again. */
  #forget(): void {
    this.#body = undefined;
    this.#sources = [];
    this.#waitingBytes = 0;
    this.#come = this.#offset;
    this.#isOver = false;
    this.#error = undefined;
  }

  #whole(bytes: Uint8Array): Uint8Array {
    if (!this.#isInside) return bytes;
    let start = 0;
    while (start < bytes.length && isContinuation(bytes[start])) start += 1;
    this.#isInside = start === bytes.length;
    return bytes.subarray(start);
  }
}

/** A file from a byte on, whether or not who keeps it can begin in the middle. */
async function* readFile(send: typeof fetch, url: string, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const response = await send(url, { signal, ...(from > 0 && { headers: { range: `bytes=${from}-` } }) });
  if (!response.ok) throw new Error(`It was answered with ${response.status}`);
  let skip = response.status === 206 ? 0 : from;
  for await (const bytes of bytesOf(response)) {
    const rest = bytes.subarray(skip);
    skip -= bytes.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

async function* bytesOf(response: Response): AsyncGenerator<Uint8Array, void> {
  // React Native gives no streams.
  if (!response.body) {
    yield new Uint8Array(await response.arrayBuffer());
    return;
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
