// Web streams over a reader or a writer that may still be loading.

import { untilAborted } from '../lib/abort.ts';
import type { ReadableStreamCtor, ReadStream, WritableStreamCtor, WriteStream } from '../types/streams.ts';
import type { StreamReader } from './stream-reader.ts';
import type { StreamWriter } from './stream-writer.ts';

/** Waits for a stream that is being opened. Rejects when the signal is aborted. */
type Await<Opened> = <T>(use: (opened: Opened) => T | Promise<T>) => Promise<T>;

export interface WritableOpts {
  readonly signal?: AbortSignal | undefined;
  readonly waitUntil?: ((promise: Promise<unknown>) => unknown) | undefined;
  readonly WritableStream?: WritableStreamCtor | undefined;
}

export interface ReadableOpts {
  readonly signal?: AbortSignal | undefined;
  readonly ReadableStream?: ReadableStreamCtor | undefined;
}

export function writableOf(
  opening: Promise<StreamWriter>,
  { signal, waitUntil, WritableStream: Ctor = WritableStream }: WritableOpts,
): WriteStream {
  const withWriter = waiter(opening, signal);
  const done = withWriter((writer) => writer.done);
  waitUntil?.(done.catch(() => {}));
  const stream = new Ctor<string>({
    start: (controller) => void done.catch((error: unknown) => controller.error(error)),
    write: (chunk) => withWriter((writer) => writer.write(chunk)),
    close: () => withWriter((writer) => writer.close()),
    abort: (reason) => withWriter((writer) => writer.abort(reason)),
  });
  return Object.assign(stream, { done, streamId: () => withWriter((writer) => writer.streamId) });
}

export function readableOf(opening: Promise<StreamReader>, { signal, ReadableStream: given }: ReadableOpts): ReadStream {
  const Ctor = given ?? (ReadableStream as ReadableStreamCtor);
  const withReader = waiter(opening, signal);
  const stream = new Ctor<string>({
    pull: (controller) => withReader((reader) => reader.pull(controller)),
    cancel: () => void withReader((reader) => reader.cancel()).catch(() => {}),
  });
  return Object.assign(stream, {
    abortReason: () => withReader((reader) => reader.abortReason),
    streamId: () => withReader((reader) => reader.streamId),
  });
}

function waiter<Opened>(opening: Promise<Opened>, signal: AbortSignal | undefined): Await<Opened> {
  return (use) => untilAborted(opening.then(use), signal);
}
