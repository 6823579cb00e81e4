// A stream that this program writes. What is not known to be stored is kept, and so is that it has ended and why: after a break, or when
// the server lost something, it is started again and sent on from the byte the server has. PROTOCOL.md#start-stream

import { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { ServerMessage, StartStreamOk, StreamFlushed } from '../protocol/server-message.ts';
import type { AppendStream } from '../protocol/stream-messages.ts';
import type { Abortable } from '../types/abort.ts';
import type { CreateWriteStreamOpts } from '../types/streams.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import type { Failure } from './extra.ts';
import { type Deferred, deferred, send, type StreamLine, type StreamLines, type StreamRequest } from './stream-lines.ts';
import { StreamTail } from './stream-tail.ts';

/** Servers say that something is stored only once they have a megabyte of it: with less than that open, nothing would move. */
const mostUnstored = 4 * 1024 * 1024;

type End = Pick<AppendStream, 'abort-reason'>;

export class StreamWriter implements StreamLine {
  state: StreamLine['state'] = 'apart';
  eventId = '';
  failures = 0;
  againAtMs = Infinity;
  readonly #back: Back;
  readonly #lines: StreamLines;
  readonly #opts: CreateWriteStreamOpts;
  /** Shows the server that a stream goes on by the hand that began it. */
  readonly #token: string;
  readonly #tail = new StreamTail();
  readonly #started = deferred<string>();
  readonly #done = deferred<void>();
  /** For more to be written. */
  #room: Deferred<void> | undefined;
  /** Of the last start; they are numbered on from it. */
  #appends = 0;
  #streamId = '';
  /** Nothing more is written. */
  #end: End | undefined;
  #hasSentEnd = false;

  constructor(back: Back, lines: StreamLines, opts: CreateWriteStreamOpts & Abortable) {
    this.#back = back;
    this.#lines = lines;
    this.#opts = opts;
    this.#token = back.config.random.uuid();
    back.run(lines.ask(this));
    const stop = onAbort(opts.signal, (reason) => this.abort(reason));
    void this.done.then(stop, stop);
  }

  get streamId(): Promise<string> {
    return this.#started.promise;
  }

  /** When all is stored. Rejects if it could not be. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Resolves when there is room for more. */
  async write(text: unknown): Promise<void> {
    if (typeof text !== 'string') throw new TriplaneError('config-invalid', `A stream takes text, not ${typeof text}`);
    if (this.#end) return;
    const offset = this.#tail.to;
    this.#back.run(this.#append(this.#tail.add(text), offset));
    if (this.#tail.size < mostUnstored) return;
    this.#room = deferred();
    await this.#room.promise;
  }

  /** Resolves when all is stored. */
  close(): Promise<void> {
    this.#finish({});
    return this.done;
  }

  abort(reason: unknown): void {
    this.#finish({ 'abort-reason': reasonOf(reason) });
  }

  request(): StreamRequest {
    const { clientId, ruleParams } = this.#opts;
    this.#appends = 0;
    return { op: 'start-stream', 'client-id': clientId, 'reconnect-token': this.#token, ...(ruleParams && { 'rule-params': ruleParams }) };
  }

  heard(message: ServerMessage, nowMs: number): readonly Effect[] {
    if (message.op === 'start-stream-ok') return this.#isAsked(message['client-event-id']) ? this.#opened(message) : [];
    if (this.state !== 'open' || !('stream-id' in message) || message['stream-id'] !== this.#streamId) return [];
    if (message.op === 'stream-flushed') return this.#flushed(message);
    return message.op === 'append-failed' ? this.#lines.askAgain(this, nowMs, storingFailed) : [];
  }

  failed(failure: Failure): readonly Effect[] {
    const { error, nowMs, message } = failure;
    const eventId = message['client-event-id'];
    if (this.#isAsked(eventId)) {
      // We have ended it before, on a line that broke: what a server refuses now is to go on with a stream that has its end.
      if (this.#hasSentEnd && error.type === 'validation-failed') return this.#lines.end(this);
      return this.#lines.refused(this, failure);
    }
    if (this.state !== 'open' || !eventId?.startsWith(`${this.eventId}/`)) return [];
    return error.type === 'permission-denied' ? this.#lines.end(this, error) : this.#lines.askAgain(this, nowMs, error);
  }

  ended(error?: TriplaneError): void {
    const end = error ?? new TriplaneError('closed', 'The stream has ended');
    this.#end ??= {};
    this.#started.reject(end);
    this.#room?.reject(end);
    if (error) this.#done.reject(error);
    else this.#done.resolve();
  }

  #isAsked(eventId: string | null | undefined): boolean {
    return this.state === 'asked' && this.eventId === eventId;
  }

  #opened({ offset, 'stream-id': streamId }: StartStreamOk): readonly Effect[] {
    const effects = this.#stored(offset);
    if (this.#tail.from !== offset) return effects;
    this.#streamId = streamId;
    this.#started.resolve(streamId);
    this.state = 'open';
    return this.#append(this.#tail.texts, offset);
  }

  #flushed({ offset, done }: StreamFlushed): readonly Effect[] {
    if (done) return this.#lines.end(this);
    this.failures = 0;
    return this.#stored(Math.max(offset, this.#tail.from));
  }

  #stored(offset: number): readonly Effect[] {
    const tail = this.#tail;
    if (!tail.discard(offset)) {
      const message = `The stream is not what was written: the server has ${offset} bytes, and what can be sent again is ${tail.from} to ${tail.to}`;
      return this.#lines.end(this, new TriplaneError('server-failed', message));
    }
    if (tail.size < mostUnstored) this.#room?.resolve();
    return [];
  }

  #finish(end: End): void {
    if (this.#end) return;
    this.#end = end;
    const offset = this.#tail.to;
    this.#back.run(this.#append(this.#tail.finish(), offset));
  }

  #append(chunks: readonly string[], offset: number): readonly Effect[] {
    const end = this.#end;
    if (this.state !== 'open' || (chunks.length === 0 && !end)) return [];
    this.#appends += 1;
    if (end) this.#hasSentEnd = true;
    const eventId = `${this.eventId}/${this.#appends}`;
    return [
      send({ op: 'append-stream', 'client-event-id': eventId, 'stream-id': this.#streamId, chunks, offset, done: Boolean(end), ...end }),
    ];
  }
}

const storingFailed = new TriplaneError('server-failed', 'The server could not store the stream');

/** What a server takes as a reason: a text that is not empty. */
function reasonOf(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : '';
  return text.trim() === '' ? 'aborted' : text;
}
