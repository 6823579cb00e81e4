// Where streams are opened. Loaded with the first one.

import { type Abortable, throwIfAborted } from '../../lib/abort.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts } from '../../types/streams.ts';
import type { ClientContext } from '../context.ts';
import { StreamReader } from '../../streams/stream-reader.ts';
import { StreamSubscriptions } from '../../streams/stream-subscriptions.ts';
import { StreamWriter } from '../../streams/stream-writer.ts';

export class StreamApi {
  readonly #context: ClientContext;
  readonly #fetch: typeof fetch;
  readonly #subscriptions: StreamSubscriptions;

  constructor(context: ClientContext, fetchFn?: typeof fetch) {
    this.#context = context;
    // Called bare: a browser's `fetch` refuses to be a method of something else.
    this.#fetch = fetchFn ?? ((...call) => fetch(...call));
    this.#subscriptions = context.state.features.install(new StreamSubscriptions(context.config.random));
  }

  write(opts: CreateWriteStreamOpts & Abortable): StreamWriter {
    this.#begin(opts);
    return new StreamWriter(this.#context, this.#subscriptions, opts);
  }

  read(opts: CreateReadStreamOpts & Abortable): StreamReader {
    this.#begin(opts);
    return new StreamReader(this.#context, this.#subscriptions, opts, this.#fetch);
  }

  /** It may have been given up while this was loaded. */
  #begin({ signal }: Abortable): void {
    throwIfAborted(signal);
    this.#context.assertOpen();
  }
}
