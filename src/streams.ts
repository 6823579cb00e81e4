// Streams of text that others can read while they are written: `db.streams`. Each is a stream of the platform; what makes it
// live at the server is loaded with the first one.

import type { ResolvedConfig } from './config.ts';
import { TriplaneError } from './errors.ts';
import { untilAborted } from './lib/abort.ts';
import { Part } from './reactor/part.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { StreamDesk } from './reactor/stream-desk.ts';
import type { Abortable } from './types/abort.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts, ReadStream, WriteStream } from './types/streams.ts';

/** Something to wait for from a stream that is being opened. Rejects when the signal is aborted. */
type Await<Line> = <T>(take: (line: Line) => T | Promise<T>) => Promise<T>;

export class Streams {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;
  readonly #desk: Part<StreamDesk>;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
    this.#desk = new Part(async () => new (await import('./reactor/stream-desk.ts')).StreamDesk(reactor, app.fetch));
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
    const of = this.#open(opts.clientId?.trim(), opts, (desk) => desk.write(opts));
    const done = of((line) => line.done);
    opts.waitUntil?.(done.catch(() => {}));
    const stream = new (this.#app.WritableStream ?? WritableStream)<string>({
      start: (controller) => void done.catch((error: unknown) => controller.error(error)),
      write: (chunk) => of((line) => line.write(chunk)),
      close: () => of((line) => line.close()),
      abort: (reason) => of((line) => line.abort(reason)),
    });
    return Object.assign(stream, { done, streamId: () => of((line) => line.streamId) });
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
    const of = this.#open(opts.clientId || opts.streamId, opts, (desk) => desk.read(opts));
    const stream = new (this.#app.ReadableStream ?? ReadableStream)<string>({
      pull: (controller) => of((line) => line.pull(controller)),
      cancel: () => void of((line) => line.cancel()).catch(() => {}),
    });
    return Object.assign(stream, { abortReason: () => of((line) => line.abortReason), streamId: () => of((line) => line.streamId) });
  };

  #open<Line>(name: string | null | undefined, { signal }: Abortable, begin: (desk: StreamDesk) => Line): Await<Line> {
    if (!name) throw new TriplaneError('config-invalid', 'A stream needs a clientId, or to be read a streamId');
    this.#reactor.assertOpen();
    const opening = this.#desk.load().then(begin);
    return (take) => untilAborted(opening.then(take), signal);
  }
}
