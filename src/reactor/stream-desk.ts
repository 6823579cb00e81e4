// Where streams are opened: what stands between the streams of the platform, which push and pull, and the organs, which know
// the server. Loaded with the first stream.

import { TriplaneError } from '../errors.ts';
import { learn } from '../protocol/codec.ts';
import { streamFields } from '../protocol/stream-fields.ts';
import type { RuleParams } from '../protocol/stream-messages.ts';
import type { Back } from './desk.ts';
import { type Reader, StreamReaders } from './stream-readers.ts';
import { StreamReading } from './stream-reading.ts';
import { type Writer, StreamWriters } from './stream-writers.ts';

/** Servers say that something is stored only once they have a megabyte of it: with less than that open, nothing would move. */
const mostUnstored = 4 * 1024 * 1024;
/** Past this, a reader that is slow lets go of its stream until it has caught up. */
const mostUnread = 4 * 1024 * 1024;

export interface WriterHandle {
  readonly streamId: Promise<string>;
  /** When all is stored. Rejects if it could not be. */
  readonly done: Promise<void>;
  /** Resolves when there is room for more. */
  write(text: string): Promise<void>;
  /** Resolves when all is stored. */
  close(): Promise<void>;
  abort(reason: unknown): void;
}

export interface ReaderHandle {
  readonly streamId: Promise<string>;
  /** At the end: why the writer ended early, if it did. */
  readonly abortReason: Promise<string | undefined>;
  next(): Promise<string | undefined>;
  cancel(): void;
}

export interface ReadRequest {
  readonly clientId?: string | undefined;
  readonly streamId?: string | undefined;
  readonly offset: number;
  readonly ruleParams?: RuleParams | undefined;
}

export class StreamDesk {
  readonly #back: Back;
  readonly #fetch: typeof fetch;
  readonly #writers: StreamWriters;
  readonly #readers: StreamReaders;

  constructor(back: Back, send: typeof fetch) {
    learn(streamFields);
    this.#back = back;
    this.#fetch = send;
    this.#writers = back.organs.extras.install(new StreamWriters(back.config.random));
    this.#readers = back.organs.extras.install(new StreamReaders(back.config.random));
  }

  write(request: { readonly clientId: string; readonly ruleParams?: RuleParams | undefined }): WriterHandle {
    this.#back.assertOpen();
    const started = deferred<string>();
    const done = deferred<void>();
    let room: Deferred<void> | undefined;
    const on = {
      started: (streamId: string): void => started.resolve(streamId),
      stored: (): void => void (writer.tail.size < mostUnstored && room?.resolve()),
      ended: (error: TriplaneError | undefined): void => {
        const end = error ?? new TriplaneError('closed', 'The stream has ended');
        started.reject(end);
        room?.reject(end);
        if (error) done.reject(error);
        else done.resolve();
      },
    };
    const { writer, effects } = this.#writers.open({ ...request, on });
    this.#back.run(effects);
    const finish = (end: NonNullable<Writer['end']>): void => this.#back.run(this.#writers.finish(writer, end));
    return {
      streamId: started.promise,
      done: done.promise,
      write: async (text) => {
        this.#back.run(this.#writers.write(writer, text));
        if (writer.tail.size < mostUnstored) return;
        room = deferred<void>();
        await room.promise;
      },
      close: () => {
        finish({});
        return done.promise;
      },
      abort: (reason) => finish({ abortReason: reasonOf(reason) }),
    };
  }

  read({ offset, ...names }: ReadRequest): ReaderHandle {
    this.#back.assertOpen();
    const started = deferred<string>();
    const aborted = deferred<string | undefined>();
    const reading = new StreamReading(this.#fetch, offset, {
      missed: (from, cause) => this.#missed(reader, from, cause, reading),
      progressed: () => this.#readers.progressed(reader),
      drained: () => void (reading.waitingBytes < mostUnread / 2 && this.#back.run(this.#readers.resume(reader))),
    });
    const on: Reader['on'] = {
      started: (streamId) => started.resolve(streamId),
      came: (stretch) => {
        reading.add(stretch);
        if (reading.waitingBytes > mostUnread) this.#back.run(this.#readers.pause(reader));
      },
      ended: ({ abortReason, error }) => {
        if (error?.code === 'closed') reading.cancel(error);
        else reading.end(error);
        started.reject(error ?? new TriplaneError('closed', 'The stream has ended'));
        if (error) aborted.reject(error);
        else aborted.resolve(abortReason);
      },
    };
    const { reader, effects } = this.#readers.open({ ...names, on }, offset);
    this.#back.run(effects);
    return {
      streamId: started.promise,
      abortReason: aborted.promise,
      next: () => reading.next(),
      cancel: () => {
        this.#back.run(this.#readers.close(reader));
        reading.cancel();
        started.reject(new TriplaneError('closed', 'The stream was cancelled'));
        aborted.resolve(undefined);
      },
    };
  }

  #missed(reader: Reader, offset: number, cause: TriplaneError, reading: StreamReading): void {
    try {
      this.#back.assertOpen();
    } catch {
      return reading.end(cause);
    }
    this.#back.run(this.#readers.rewind(reader, offset, this.#back.config.clock.now(), cause));
  }
}

/** What a server takes as a reason: a text that is not empty. */
function reasonOf(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : '';
  return text.trim() === '' ? 'aborted' : text;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** That nobody waits for it is no fault. */
function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
