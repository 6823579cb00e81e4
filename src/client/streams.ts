// Streams of text that others can read while they are written: `db.streams`. Each is a stream of the platform; what makes it
// live at the server is loaded with the first one.

import type { ResolvedConfig } from './config.ts';
import { TriplaneError } from '../errors.ts';
import { untilAborted } from '../lib/abort.ts';
import { Lazy } from '../reactor/lazy.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { StreamApi } from '../reactor/streams/stream-api.ts';
import type { Abortable } from '../lib/abort.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts, ReadStream, WriteStream } from '../types/streams.ts';

/** Something to wait for from a stream that is being opened. Rejects when the signal is aborted. */
type Await<Line> = <T>(use: (opened: Line) => T | Promise<T>) => Promise<T>;

export class Streams {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;
  readonly #api: Lazy<StreamApi>;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
    this.#api = new Lazy(async () => new (await import('../reactor/streams/stream-api.ts')).StreamApi(reactor, app.fetch));
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
    const withStream = this.#open(opts.clientId?.trim(), opts, (api) => api.write(opts));
    const done = withStream((opened) => opened.done);
    opts.waitUntil?.(done.catch(() => {}));
    const stream = new (this.#app.WritableStream ?? WritableStream)<string>({
      start: (controller) => void done.catch((error: unknown) => controller.error(error)),
      write: (chunk) => withStream((opened) => opened.write(chunk)),
      close: () => withStream((opened) => opened.close()),
      abort: (reason) => withStream((opened) => opened.abort(reason)),
    });
    return Object.assign(stream, { done, streamId: () => withStream((opened) => opened.streamId) });
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
    const withStream = this.#open(opts.clientId || opts.streamId, opts, (api) => api.read(opts));
    const stream = new (this.#app.ReadableStream ?? ReadableStream)<string>({
      pull: (controller) => withStream((opened) => opened.pull(controller)),
      cancel: () => void withStream((opened) => opened.cancel()).catch(() => {}),
    });
    return Object.assign(stream, {
      abortReason: () => withStream((opened) => opened.abortReason),
      streamId: () => withStream((opened) => opened.streamId),
    });
  };

  #open<Line>(name: string | null | undefined, { signal }: Abortable, begin: (api: StreamApi) => Line): Await<Line> {
    if (!name) throw new TriplaneError('config-invalid', 'A stream needs a clientId, or to be read a streamId');
    this.#reactor.assertOpen();
    const opening = this.#api.load().then(begin);
    return (use) => untilAborted(opening.then(use), signal);
  }
}
