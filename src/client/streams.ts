// `db.streams`: text streams that others can read while they are written, as the platform's web streams. Their implementation loads with the
// first one.

import type { ResolvedConfig } from './config.ts';
import { TriplaneError } from '../errors.ts';
import { loadStreams } from './lazy-features.ts';
import { readGlobal } from '../lib/global.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { StreamApi } from '../reactor/streams/stream-api.ts';
import type { Abortable } from '../lib/abort.ts';
import { readableOf, writableOf } from '../streams/web-streams.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts, ReadStream, WriteStream } from '../types/streams.ts';

export class Streams {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;
  #api: StreamApi | undefined;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
  }

  /**
   * Creates a stream to write text to. The client keeps the text until the server has stored it, so a lost connection loses nothing. `close`
   * resolves once everything is stored. Aborting `signal` ends the stream for its readers too.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId`, 'dependency-missing' on a platform without web streams
   * @example
   * const stream = db.streams.createWriteStream({ clientId: 'story-1' });
   * const writer = stream.getWriter();
   * await writer.write('Once upon a time');
   * await writer.close();
   */
  createWriteStream = (opts: CreateWriteStreamOpts & Abortable): WriteStream => {
    const opening = this.#open('WritableStream', opts?.clientId, (api) => api.write(opts));
    return writableOf(opening, { ...opts, WritableStream: this.#app.WritableStream });
  };

  /**
   * Opens a stream for reading: first its present text, then new text until the writer closes it. Aborting `signal` ends the reading with its
   * reason.
   *
   * @throws TriplaneError 'config-invalid' without a `clientId` or a `streamId`, 'dependency-missing' on a platform without web streams
   * @example
   * for await (const text of db.streams.createReadStream({ clientId: 'story-1' })) page.append(text);
   */
  createReadStream = (opts: CreateReadStreamOpts & Abortable): ReadStream => {
    const opening = this.#open('ReadableStream', opts?.clientId || opts?.streamId, (api) => api.read(opts));
    return readableOf(opening, { ...opts, ReadableStream: this.#app.ReadableStream });
  };

  #open<Opened>(kind: 'ReadableStream' | 'WritableStream', name: unknown, begin: (api: StreamApi) => Opened): Promise<Opened> {
    if (typeof name !== 'string' || !name.trim())
      throw new TriplaneError('config-invalid', 'A stream needs a clientId or, for reading, a streamId');
    if (!readGlobal(() => (this.#app[kind] ?? globalThis[kind]) && TextEncoder && TextDecoder))
      throw new TriplaneError(
        'dependency-missing',
        `A stream needs ${kind}, TextEncoder and TextDecoder, and this platform lacks one of them`,
      );
    this.#reactor.assertOpen();
    return this.#load().then(begin);
  }

  async #load(): Promise<StreamApi> {
    const { StreamApi } = await loadStreams();
    return (this.#api ??= new StreamApi(this.#reactor, this.#app.fetch));
  }
}
