// A stream that this program reads: how far it has come, so that after a break it is asked for from there. If its reader cannot keep up,
// the server is told to stop, and it is taken up again later: there is no other way to tell a server to wait. PROTOCOL.md#subscribe-stream

import { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { ServerMessage, StreamAppend } from '../protocol/server-message.ts';
import type { Abortable } from '../types/abort.ts';
import type { CreateReadStreamOpts } from '../types/streams.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import type { Failure } from './extra.ts';
import { deferred, type StreamLine, type StreamLines, type StreamRequest } from './stream-lines.ts';
import { StreamReading } from './stream-reading.ts';

/** Past this, a reader that is slow lets go of its stream until it has caught up. */
const mostUnread = 4 * 1024 * 1024;

const encoder = new TextEncoder();

export class StreamReader implements StreamLine {
  state: StreamLine['state'] = 'apart';
  eventId = '';
  failures = 0;
  againAtMs = Infinity;
  readonly #back: Back;
  readonly #lines: StreamLines;
  readonly #opts: CreateReadStreamOpts;
  readonly #reading: StreamReading;
  readonly #started = deferred<string>();
  readonly #aborted = deferred<string | undefined>();
  readonly #stopHearing: () => void;
  #controller: ReadableStreamDefaultController<string> | undefined;

  constructor(back: Back, lines: StreamLines, opts: CreateReadStreamOpts & Abortable, send: typeof fetch) {
    this.#back = back;
    this.#lines = lines;
    this.#opts = opts;
    this.#reading = new StreamReading(send, opts.byteOffset ?? 0, {
      missed: (cause) => {
        if (!back.isOpen) return this.#reading.end(cause);
        // Even if the end had come.
        back.run([...lines.leave(this), ...lines.askAgain(this, back.config.clock.now(), cause)]);
      },
      progressed: () => (this.failures = 0),
      drained: () => {
        if (this.state === 'paused' && this.#reading.waitingBytes < mostUnread / 2) back.run(lines.ask(this));
      },
    });
    back.run(lines.ask(this));
    this.#stopHearing = onAbort(opts.signal, (reason) => {
      this.#controller?.error(reason);
      this.cancel();
    });
  }

  get streamId(): Promise<string> {
    return this.#started.promise;
  }

  /** At the end: why the writer ended early, if it did. */
  get abortReason(): Promise<string | undefined> {
    return this.#aborted.promise;
  }

  async pull(controller: ReadableStreamDefaultController<string>): Promise<void> {
    this.#controller = controller;
    let text: string | undefined;
    try {
      text = await this.#reading.next();
    } finally {
      if (text === undefined) this.#stopHearing();
    }
    if (text === undefined) controller.close();
    else controller.enqueue(text);
  }

  cancel(): void {
    this.#stopHearing();
    this.#back.run([...this.#lines.leave(this), ...this.#lines.end(this)]);
    this.#reading.cancel();
  }

  request(): StreamRequest {
    const { clientId, streamId, ruleParams } = this.#opts;
    return {
      op: 'subscribe-stream',
      ...(streamId && { 'stream-id': streamId }),
      ...(clientId && { 'client-id': clientId }),
      ...(this.#reading.come > 0 && { offset: this.#reading.come }),
      ...(ruleParams && { 'rule-params': ruleParams }),
    };
  }

  heard(message: ServerMessage, nowMs: number): readonly Effect[] {
    if (message.op !== 'stream-append' || !this.#isAsked(message['client-event-id'])) return [];
    if (!message.error) return this.#came(message);
    const kind = message['error-type'] ?? 'unknown';
    const error = new TriplaneError('server-failed', `The stream cannot be read: ${kind}`, { hint: { 'error-type': kind } });
    return message.retry ? this.#lines.askAgain(this, nowMs, error) : this.#lines.end(this, error);
  }

  failed(failure: Failure): readonly Effect[] {
    return this.#isAsked(failure.message['client-event-id']) ? this.#lines.refused(this, failure) : [];
  }

  ended(error?: TriplaneError): void {
    if (error?.code === 'closed') this.#reading.cancel(error);
    else this.#reading.end(error);
    this.#started.reject(error ?? new TriplaneError('closed', 'The stream has ended'));
    if (error) this.#aborted.reject(error);
    else this.#aborted.resolve(undefined);
  }

  #isAsked(eventId: string | null | undefined): boolean {
    return this.state === 'asked' && this.eventId === eventId;
  }

  #came({ offset, files, content, done, 'stream-id': streamId, 'abort-reason': abortReason }: StreamAppend): readonly Effect[] {
    const reading = this.#reading;
    const before = reading.come;
    if (offset && offset > before) {
      const lost = `The stream is not whole: of what was read, ${before} bytes came, and what follows begins at ${offset}`;
      return [...(done ? [] : this.#lines.leave(this)), ...this.#lines.end(this, new TriplaneError('server-failed', lost))];
    }
    if (streamId) this.#started.resolve(streamId);
    reading.add(offset ?? before, files ?? [], encoder.encode(content ?? ''));
    // Files have yet to be had: only what is here counts as progress.
    if (reading.come > before && !files?.length) this.failures = 0;
    if (done) {
      this.#aborted.resolve(abortReason ?? undefined);
      return this.#lines.end(this);
    }
    if (reading.waitingBytes <= mostUnread) return [];
    const leaving = this.#lines.leave(this);
    this.state = 'paused';
    return leaving;
  }
}
