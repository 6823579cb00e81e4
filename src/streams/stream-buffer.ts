// One stream as it is read: what has come and is not read yet, turned into text piece by piece when somebody wants more.
// Files are fetched when it is their turn. A character may be cut by the end of a file or of what the network brings at once:
// one decoder reads across all seams.

import { TriplaneError } from '../errors.ts';
import type { StreamFile } from '../protocol/server-message.ts';
import { isContinuation } from './unacked-tail.ts';

/** What is to be read next: bytes, or a file from one of its bytes on. */
type BufferedPart = Uint8Array | { readonly file: StreamFile; readonly from: number };

export interface StreamBufferEvents {
  /** A file did not come: what follows the byte `come` is to be asked for again. */
  onFileError(cause: TriplaneError): void;
  /** A file came whole. */
  onFileRead(): void;
  /** Less waits than before. */
  onDrain(): void;
}

export class StreamBuffer {
  readonly #fetch: typeof fetch;
  readonly #on: StreamBufferEvents;
  readonly #texts: AsyncGenerator<string, undefined>;
  readonly #ending = new AbortController();
  #sources: BufferedPart[] = [];
  /** The byte up to which it was read, and up to which it has come. */
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

  /** Bytes in memory that nobody has read yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** The next stretch, which begins at `offset` or before: of files in order, then bytes as they are. */
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

  /** What has come is read to its end, then the error is told. */
  end(error?: TriplaneError): void {
    this.#isEnded = true;
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
    return (await this.#texts.next()).value;
  }

  async *#read(): AsyncGenerator<string, undefined> {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    // Begun inside a character: the rest of that is left out.
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
      this.#on.onFileError(new TriplaneError('unreachable', 'A part of the stream could not be fetched', { cause }));
    }
  }

  /** What has come but was not read comes again. */
  #forget(): void {
    this.#sources = [];
    this.#bufferedBytes = 0;
    this.#receivedTo = this.#offset;
    this.#isEnded = false;
    this.#error = undefined;
  }
}

/** A file from a byte on, whether or not who keeps it can begin in the middle. */
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
