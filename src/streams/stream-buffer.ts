// The receive buffer of one stream: holds data that has arrived and is not read yet, and decodes it to text on demand. Files are fetched in
// turn. A file or a network chunk may end inside a character, so one decoder reads across all boundaries.

import { TriplaneError } from '../errors.ts';
import type { StreamFile } from '../protocol/server-message.ts';
import { isContinuation } from './unacked-tail.ts';

/** The next section: bytes, or a file from a byte offset on. */
type BufferedPart = Uint8Array | { readonly file: StreamFile; readonly from: number };

export interface StreamBufferEvents {
  /** A file could not be fetched: request the data after the byte offset again. */
  onFileError(cause: TriplaneError): void;
  /** A file was fetched completely. */
  onFileRead(): void;
  /** Some buffered data was read. */
  onDrain(): void;
}

export class StreamBuffer {
  readonly #fetch: typeof fetch;
  readonly #on: StreamBufferEvents;
  readonly #texts: AsyncGenerator<string, undefined>;
  readonly #ending = new AbortController();
  #sources: BufferedPart[] = [];
  /** Byte offsets up to which data was read, and up to which it has arrived. */
  #offset: number;
  #receivedTo: number;
  #bufferedBytes = 0;
  #isEnded = false;
  #error: TriplaneError | undefined;
  #wake: () => void = () => {};

  constructor(fetchFn: typeof fetch, offset: number, on: StreamBufferEvents) {
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new TriplaneError('config-invalid', `byteOffset is a number of bytes, not ${offset}`);
    this.#fetch = fetchFn;
    this.#on = on;
    this.#offset = this.#receivedTo = offset;
    this.#texts = this.#read();
  }

  get receivedTo(): number {
    return this.#receivedTo;
  }

  /** Number of bytes in memory that are not read yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Adds the next section, which begins at `offset` or before: files in order, then bytes. */
  add(offset: number, files: readonly StreamFile[], bytes: Uint8Array): void {
    let at = offset;
    for (const file of files) {
      const from = Math.max(0, this.#receivedTo - at);
      if (from < file.size) this.#sources.push({ file, from });
      at += file.size;
    }
    const rest = bytes.subarray(Math.max(0, this.#receivedTo - at));
    if (rest.length > 0) this.#sources.push(rest);
    this.#bufferedBytes += rest.length;
    this.#receivedTo = Math.max(this.#receivedTo, at + bytes.length);
    this.#wake();
  }

  /** Reports the error to the reader after the data that has arrived. */
  end(error?: TriplaneError): void {
    this.#isEnded = true;
    this.#error = error;
    this.#wake();
  }

  /** Discards the data that has arrived. */
  cancel(error?: TriplaneError): void {
    this.#sources = [];
    this.#ending.abort();
    this.end(error);
  }

  /** Resolves with the next piece of text, undefined at the end. @throws TriplaneError */
  async next(): Promise<string | undefined> {
    return (await this.#texts.next()).value;
  }

  async *#read(): AsyncGenerator<string, undefined> {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    // The read started inside a character: its remaining bytes are skipped.
    let isInside = this.#offset > 0;
    for await (const bytes of this.#bytes()) {
      const start = isInside ? bytes.findIndex((byte) => !isContinuation(byte)) : 0;
      if (start < 0) continue;
      isInside = false;
      const text = decoder.decode(bytes.subarray(start), { stream: true });
      if (text) yield text;
    }
    const rest = decoder.decode();
    if (rest) yield rest;
    if (this.#error) throw this.#error;
    return undefined;
  }

  async *#bytes(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const [source] = this.#sources;
      if (source instanceof Uint8Array) {
        this.#sources.shift();
        this.#bufferedBytes -= source.length;
        this.#offset += source.length;
        this.#on.onDrain();
        yield source;
      } else if (source) yield* this.#fromFile(source);
      else if (this.#isEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async *#fromFile({ file, from }: Exclude<BufferedPart, Uint8Array>): AsyncGenerator<Uint8Array, void> {
    try {
      let left = file.size - from;
      for await (const bytes of readFile(this.#fetch, file.url, from, this.#ending.signal)) {
        left -= bytes.length;
        if (left < 0) break;
        this.#offset += bytes.length;
        if (left === 0) {
          this.#sources.shift();
          this.#on.onFileRead();
        }
        yield bytes;
        if (left === 0) return;
      }
      throw new Error(`It is not ${file.size} bytes long`);
    } catch (cause) {
      if (this.#ending.signal.aborted) return;
      this.#forget();
      this.#on.onFileError(new TriplaneError('unreachable', 'A file of the stream could not be fetched', { cause }));
    }
  }

  /** Data that arrived but was not read will arrive again. */
  #forget(): void {
    this.#sources = [];
    this.#bufferedBytes = 0;
    this.#receivedTo = this.#offset;
    this.#isEnded = false;
    this.#error = undefined;
  }
}

/** Fetches a file from a byte offset on, whether or not its server supports ranges. */
async function* readFile(fetchFn: typeof fetch, url: string, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const response = await fetchFn(url, { signal, ...(from > 0 && { headers: { range: `bytes=${from}-` } }) });
  if (!response.ok) throw new Error(`It was answered with ${response.status}`);
  let skip = response.status === 206 ? 0 : from;
  for await (const bytes of bytesOf(response)) {
    const rest = bytes.subarray(skip);
    skip -= bytes.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

async function* bytesOf(response: Response): AsyncGenerator<Uint8Array, void> {
  // React Native has no response streams.
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
