// One upload: the source as the body of a request. The number of bytes is checked while they are sent, so that a stream that is longer or
// shorter than announced fails, and the server keeps nothing of it.

import type { TriplaneError } from '../errors.ts';
import { invalid, type OpenSource } from './upload-source.ts';

export interface UploadProgress {
  /** Bytes that were handed to the network. */
  readonly loaded: number;
  /** Undefined for a stream of unknown length. */
  readonly total: number | undefined;
}

export interface UploadBody {
  readonly body: Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;
  /** What `fetch` cannot know by itself. */
  readonly contentLength: number | undefined;
  readonly isRepeatable: boolean;
  /** Why the body ended early: the platform reports any failure of a body as a failure of the network. */
  readonly failure: () => unknown;
}

/** What was in memory is sent as it is, unless its progress is to be reported. */
export function uploadBody(source: OpenSource, onProgress: ((progress: UploadProgress) => void) | undefined): UploadBody {
  const { bytes, size } = source;
  if (bytes && !onProgress) return { body: bytes, contentLength: undefined, isRepeatable: true, failure: () => undefined };
  let failure: unknown;
  const stream = measured(source, onProgress, (reason) => (failure = reason));
  return { body: fixedLength(stream, size), contentLength: size, isRepeatable: false, failure: () => failure };
}

function measured(
  { chunks, size }: OpenSource,
  onProgress: ((progress: UploadProgress) => void) | undefined,
  failed: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = chunks();
  let loaded = 0;
  const read = async (): Promise<Uint8Array | undefined> => {
    const next = await iterator.next();
    const chunk: unknown = next.done ? undefined : typeof next.value === 'string' ? encoder.encode(next.value) : next.value;
    if (chunk !== undefined && !(chunk instanceof Uint8Array)) throw invalid('a stream must give bytes or strings');
    loaded += chunk?.byteLength ?? 0;
    if (size !== undefined && (chunk ? loaded > size : loaded < size)) throw wrongLength(chunk ? 'more' : 'fewer', size);
    return chunk;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await read();
          if (!chunk) return controller.close();
          controller.enqueue(chunk);
          onProgress?.({ loaded, total: size });
        } catch (error) {
          failed(error);
          void iterator.return?.();
          throw error;
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function wrongLength(word: string, size: number): TriplaneError {
  return invalid(`the stream gave ${word} bytes than its fileSize, ${size}`);
}

/** workerd ignores `content-length` and takes the length from the stream. */
function fixedLength(stream: ReadableStream<Uint8Array>, size: number | undefined): ReadableStream<Uint8Array> {
  const { FixedLengthStream } = globalThis as {
    readonly FixedLengthStream?: new (size: number) => ReadableWritablePair<Uint8Array, Uint8Array>;
  };
  return FixedLengthStream && size !== undefined ? stream.pipeThrough(new FixedLengthStream(size)) : stream;
}
