// Streams of text that others read while they are written: `db.streams`. They honour impersonation.

import { TriplaneError } from '../errors.ts';
import { asyncDispose } from '../lib/dispose.ts';
import { StreamReader } from '../streams/stream-reader.ts';
import { StreamWriter } from '../streams/stream-writer.ts';
import { readableOf, writableOf } from '../streams/web-streams.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts, ReadStream, WriteStream } from '../types/streams.ts';
import { callerHeaders } from './caller.ts';
import type { Context } from './context.ts';
import { StreamSession } from './stream-session.ts';

export type StreamSignal = { signal?: AbortSignal | undefined };

/** A stream to write to, for `await using`. */
export interface StreamWriting extends AsyncDisposable {
  /** The id of its `$streams` entity, once the server has given it one. */
  readonly streamId: Promise<string>;
  /** Why it could not be stored; undefined while nothing failed. */
  readonly error: unknown;
  /** Resolves when there is room for more. */
  write(chunk: string): Promise<void>;
  /** Resolves when all of it is stored. */
  close(): Promise<void>;
}

/** A stream to read from, for `for await` and `await using`. */
export interface StreamReading extends AsyncIterable<string>, AsyncDisposable {
  readonly streamId: Promise<string>;
}

/** How long the end of a block waits for what was written to be stored. */
const flushMs = 30_000;

export class Streams {
  readonly #context: Context;
  #session: StreamSession | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * A stream to write text to. What is written is kept until the server has stored it: a broken connection loses nothing. `close` and `done`
   * resolve when all of it is stored. A signal that is aborted ends the stream for its readers too.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or credentials
   * @example
   * const stream = db.streams.createWriteStream({ clientId: 'answer-1', waitUntil: after });
   * await chunks.pipeTo(stream);
   */
  createWriteStream = (opts: CreateWriteStreamOpts & StreamSignal): WriteStream => {
    const writer = this.#writer(opts);
    this.#context.lifetime.track(writer.done);
    return writableOf(Promise.resolve(writer), { ...opts, WritableStream: this.#context.config.WritableStream });
  };

  /**
   * A stream to read: what there is of it, and then what is written to it, until its writer ends it. `byteOffset` continues where an earlier
   * reader stopped; a character is never cut.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or a `streamId`, or without credentials
   * @example
   * for await (const text of db.streams.createReadStream({ clientId: 'answer-1' })) response.write(text);
   */
  createReadStream = (opts: CreateReadStreamOpts & StreamSignal): ReadStream => {
    const session = this.#open(opts.clientId || opts.streamId, opts);
    // Called bare: a browser's `fetch` refuses to be a method of something else.
    const send = this.#context.config.fetch ?? ((...call: Parameters<typeof fetch>) => fetch(...call));
    const reader = new StreamReader(session, session.subscriptions, opts, send);
    return readableOf(Promise.resolve(reader), { ...opts, ReadableStream: this.#context.config.ReadableStream });
  };

  /**
   * The same as `createWriteStream`, for a block: at its end the stream is closed, and the block waits until all is stored, for 30 seconds at
   * most. A failure then is on `error`, so that it does not hide what the block throws.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or credentials
   * @example
   * await using writer = db.streams.write({ clientId: 'answer-1' });
   * for await (const chunk of completion) await writer.write(chunk);
   */
  write(opts: CreateWriteStreamOpts & StreamSignal): StreamWriting {
    const writer = this.#writer(opts);
    this.#context.lifetime.track(writer.done);
    const { clock } = this.#context.config;
    let error: unknown;
    writer.done.catch((reason: unknown) => (error = reason));
    return {
      streamId: writer.streamId,
      get error() {
        return error;
      },
      write: (chunk) => writer.write(chunk),
      close: () => writer.close(),
      async [asyncDispose]() {
        const late = new TriplaneError('timeout', `The stream was not stored within ${flushMs} ms`);
        await new Promise<void>((resolve) => {
          const timer = clock.setTimeout(() => {
            error ??= late;
            resolve();
          }, flushMs);
          const end = (): void => {
            clock.clearTimeout(timer);
            resolve();
          };
          writer.close().then(end, end);
        });
      },
    };
  }

  /**
   * The same as `createReadStream`, for a loop; the end of the block ends the reading.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or a `streamId`, or without credentials
   * @example
   * for await (const chunk of db.streams.read({ streamId })) console.log(chunk);
   */
  read(opts: CreateReadStreamOpts & StreamSignal): StreamReading {
    const stream = this.createReadStream(opts);
    const reader = stream.getReader();
    const streamId = stream.streamId();
    streamId.catch(() => {});
    const cancel = async (): Promise<{ value: undefined; done: true }> => {
      await reader.cancel().catch(() => {});
      return { value: undefined, done: true };
    };
    const next = async (): Promise<IteratorResult<string, undefined>> => {
      const { value, done } = await reader.read();
      return done ? { value: undefined, done: true } : { value, done: false };
    };
    return {
      streamId,
      [Symbol.asyncIterator]: () => ({ next, return: cancel }),
      async [asyncDispose]() {
        await cancel();
      },
    };
  }

  #writer(opts: CreateWriteStreamOpts & StreamSignal): StreamWriter {
    const session = this.#open(opts.clientId?.trim(), opts);
    return new StreamWriter(session, session.subscriptions, opts);
  }

  /** All streams of one caller share a session. */
  #open(name: string | null | undefined, { signal }: StreamSignal): StreamSession {
    if (!name) throw new TriplaneError('config-invalid', 'A stream needs a clientId or, for reading, a streamId');
    const { config, as, lifetime } = this.#context;
    lifetime.assertOpen();
    signal?.throwIfAborted();
    callerHeaders(config, as);
    if (this.#session) return this.#session;
    const session = new StreamSession(config, as);
    lifetime.onClose(() => session.close(lifetime.closing.reason as TriplaneError));
    this.#session = session;
    return session;
  }
}
