// Streams of text that others can read while they are written: `db.streams`. Each is a stream of the platform; what makes it
// live at the server is loaded with the first one.

import type { ResolvedConfig } from './config.ts';
import { TriplaneError } from './errors.ts';
import { onAbort, untilAborted } from './lib/abort.ts';
import { Part } from './reactor/part.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { ReaderHandle, StreamDesk } from './reactor/stream-desk.ts';
import type { Abortable } from './types/abort.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts, ReadStream, WriteStream } from './types/streams.ts';

export class Streams {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;
  readonly #desk: Part<StreamDesk>;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
    // Called bare: a browser's `fetch` refuses to be a method of something else.
    const send: typeof fetch = app.fetch ?? ((...call) => fetch(...call));
    this.#desk = new Part(async () => new (await import('./reactor/stream-desk.ts')).StreamDesk(reactor, send));
  }

  /**
   * A stream to write text to. What is written is kept until the server has stored it: a lost connection loses nothing. `close`
   * resolves when all of it is stored. A signal that is aborted ends the stream for its readers too.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId`
   * @example
   * const stream = db.streams.createWriteStream({ clientId: 'story-1' });
   * const writer = stream.getWriter();
   * await writer.write('Once upon a time');
   * await writer.close();
   */
  createWriteStream = (opts: CreateWriteStreamOpts & Abortable): WriteStream => {
    const { clientId, ruleParams, waitUntil, signal } = opts;
    if (typeof clientId !== 'string' || clientId.trim() === '')
      fail('createWriteStream needs a clientId: the name others read the stream by');
    this.#reactor.assertOpen();
    const opening = this.#open(signal).then((desk) => desk.write({ clientId, ...(ruleParams && { ruleParams }) }));
    const done = untilAborted(
      opening.then((opened) => opened.done),
      signal,
    );
    const stop = onAbort(signal, (reason) => void opening.then((opened) => opened.abort(reason)).catch(() => {}));
    const settled = done.then(stop, stop);
    waitUntil?.(settled);
    const WStream = this.#app.WritableStream ?? WritableStream;
    const stream = new WStream<string>({
      start: (controller) => void done.catch((error: unknown) => controller.error(error)),
      write: async (chunk) => (await opening).write(textOf(chunk)),
      close: async () => (await opening).close(),
      abort: async (reason) => (await opening).abort(reason),
    });
    const streamId = async (): Promise<string> => (await opening).streamId;
    return Object.assign(stream, { done, streamId: () => untilAborted(streamId(), signal) });
  };

  /**
   * A stream to read: what there is of it, and then what is written to it, until its writer ends it. A signal that is aborted ends the
   * reading with its reason.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or a `streamId`
   * @example
   * for await (const text of db.streams.createReadStream({ clientId: 'story-1' })) page.append(text);
   */
  createReadStream = (opts: CreateReadStreamOpts & Abortable): ReadStream => {
    const { clientId, streamId, byteOffset, ruleParams, signal } = opts;
    if (!clientId && !streamId) fail('createReadStream needs a clientId or a streamId');
    const offset = byteOffset ?? 0;
    if (!Number.isSafeInteger(offset) || offset < 0) fail(`createReadStream: byteOffset is a number of bytes, not ${offset}`);
    this.#reactor.assertOpen();
    const names = { ...(streamId ? { streamId } : {}), ...(clientId ? { clientId } : {}), ...(ruleParams && { ruleParams }) };
    const opening = this.#open(signal).then((desk) => desk.read({ ...names, offset }));
    const cancel = (): void => void opening.then((opened) => opened.cancel()).catch(() => {});
    let stop = (): void => {};
    const RStream = this.#app.ReadableStream ?? ReadableStream;
    const stream = new RStream<string>({
      start: (controller) => {
        stop = onAbort(signal, (reason) => {
          controller.error(reason);
          cancel();
        });
      },
      pull: async (controller) => {
        let text: string | undefined;
        try {
          text = await (await opening).next();
        } finally {
          if (text === undefined) stop();
        }
        if (signal?.aborted) return;
        if (text === undefined) controller.close();
        else controller.enqueue(text);
      },
      cancel: () => {
        stop();
        cancel();
      },
    });
    const of = <T>(read: (opened: ReaderHandle) => Promise<T>) => untilAborted(opening.then(read), signal);
    return Object.assign(stream, {
      abortReason: () => of((opened) => opened.abortReason),
      streamId: () => of((opened) => opened.streamId),
    });
  };

  async #open(signal: AbortSignal | undefined): Promise<StreamDesk> {
    signal?.throwIfAborted();
    return this.#desk.load();
  }
}

function textOf(chunk: unknown): string {
  return typeof chunk === 'string' ? chunk : fail(`A stream takes text, not ${typeof chunk}`);
}

function fail(message: string): never {
  throw new TriplaneError('config-invalid', message);
}
