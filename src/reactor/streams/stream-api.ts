// Opens streams on the client's session. Loaded with the first stream.

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
    // Called without a receiver: a browser's `fetch` throws if it is called as a method of another object.
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

  /** The call may have been aborted while this module loaded. */
  #begin({ signal }: Abortable): void {
    throwIfAborted(signal);
    this.#context.assertOpen();
  }
}
