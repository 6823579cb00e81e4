// Streams of text that others can read while they are written: `db.streams`. Each is a stream of the platform; what makes it
// live at the server is loaded with the first one.

import type { ResolvedConfig } from './config.ts';
import { TriplaneError } from './errors.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { StreamDesk } from './reactor/stream-desk.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts, ReadStream, WriteStream } from './types/streams.ts';

export class Streams {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;
  #desk: Promise<StreamDesk> | undefined;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
  }

  /**
   * A stream to write text to. What is written is kept until the server has stored it: a lost connection loses nothing. `close`
   * resolves when all of it is stored.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId`
   * @example
   * const stream = db.streams.createWriteStream({ clientId: 'story-1' });
   * const writer = stream.getWriter();
   * await writer.write('Once upon a time');
   * await writer.close();
   */
  createWriteStream = (opts: CreateWriteStreamOpts): WriteStream => {
    const { clientId, ruleParams, waitUntil } = opts;
    if (typeof clientId !== 'string' || clientId.trim() === '')
      fail('createWriteStream needs a clientId: the name others read the stream by');
    this.#reactor.assertOpen();
    const opening = this.#open().then((desk) => desk.write({ clientId, ...(ruleParams && { ruleParams }) }));
    const done = opening.then((opened) => opened.done);
    const settled = done.catch(() => {});
    waitUntil?.(settled);
    const WStream = this.#app.WritableStream ?? WritableStream;
    const stream = new WStream<string>({
      start: (controller) => void done.catch((error: unknown) => controller.error(error)),
      write: async (chunk) => (await opening).write(textOf(chunk)),
      close: async () => (await opening).close(),
      abort: async (reason) => (await opening).abort(reason),
    });
    return Object.assign(stream, { done, streamId: async () => (await opening).streamId });
  };

  /**
   * A stream to read: what there is of it, and then what is written to it, until its writer ends it.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or a `streamId`
   * @example
   * for await (const text of db.streams.createReadStream({ clientId: 'story-1' })) page.append(text);
   */
  createReadStream = (opts: CreateReadStreamOpts): ReadStream => {
    const { clientId, streamId, byteOffset, ruleParams } = opts;
    if (!clientId && !streamId) fail('createReadStream needs a clientId or a streamId');
    const offset = byteOffset ?? 0;
    if (!Number.isSafeInteger(offset) || offset < 0) fail(`createReadStream: byteOffset is a number of bytes, not ${offset}`);
    this.#reactor.assertOpen();
    const names = { ...(streamId ? { streamId } : {}), ...(clientId ? { clientId } : {}), ...(ruleParams && { ruleParams }) };
    const opening = this.#open().then((desk) => desk.read({ ...names, offset }));
    const RStream = this.#app.ReadableStream ?? ReadableStream;
    const stream = new RStream<string>({
      pull: async (controller) => {
        const text = await (await opening).next();
        if (text === undefined) controller.close();
        else controller.enqueue(text);
      },
      cancel: async () => (await opening).cancel(),
    });
    const abortReason = async (): Promise<string | undefined> => (await opening).abortReason;
    return Object.assign(stream, { abortReason, streamId: async () => (await opening).streamId });
  };

  #open(): Promise<StreamDesk> {
    // Called bare: a browser's `fetch` refuses to be a method of something else.
    const send: typeof fetch = this.#app.fetch ?? ((...call) => fetch(...call));
    this.#desk ??= import('./reactor/stream-desk.ts').then((module) => new module.StreamDesk(this.#reactor, send));
    return this.#desk;
  }
}

function textOf(chunk: unknown): string {
  return typeof chunk === 'string' ? chunk : fail(`A stream takes text, not ${typeof chunk}`);
}

function fail(message: string): never {
  throw new TriplaneError('config-invalid', message);
}
