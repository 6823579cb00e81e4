// Where streams are opened. Loaded with the first one.

import type { Abortable } from '../types/abort.ts';
import type { CreateReadStreamOpts, CreateWriteStreamOpts } from '../types/streams.ts';
import type { Back } from './desk.ts';
import { StreamLines } from './stream-lines.ts';
import { StreamReader } from './stream-reader.ts';
import { StreamWriter } from './stream-writer.ts';

export class StreamDesk {
  readonly #back: Back;
  readonly #fetch: typeof fetch;
  readonly #lines: StreamLines;

  constructor(back: Back, send?: typeof fetch) {
    this.#back = back;
    // Called bare: a browser's `fetch` refuses to be a method of something else.
    this.#fetch = send ?? ((...call) => fetch(...call));
    this.#lines = back.organs.extras.install(new StreamLines(back.config.random));
  }

  write(opts: CreateWriteStreamOpts & Abortable): StreamWriter {
    this.#begin(opts);
    return new StreamWriter(this.#back, this.#lines, opts);
  }

  read(opts: CreateReadStreamOpts & Abortable): StreamReader {
    this.#begin(opts);
    return new StreamReader(this.#back, this.#lines, opts, this.#fetch);
  }

  /** It may have been given up while this was loaded. */
  #begin({ signal }: Abortable): void {
    signal?.throwIfAborted();
    this.#back.assertOpen();
  }
}
