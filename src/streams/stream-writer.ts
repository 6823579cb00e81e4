// A stream that this program writes. It keeps all data that the server has not confirmed, and the end with its reason. After a lost connection,
// or when the server has lost data, it starts the stream again and continues from the server's offset. PROTOCOL.md#start-stream

import { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { ServerMessage, StartStreamOk, StreamFlushed } from '../protocol/server-message.ts';
import type { AppendStream } from '../protocol/stream-messages.ts';
import type { Abortable } from '../lib/abort.ts';
import type { CreateWriteStreamOpts } from '../types/streams.ts';
import type { StreamEffect, StreamHost, StreamRejection } from './stream-host.ts';
import {
  type Deferred,
  endTimeoutMs,
  deferred,
  send,
  type StreamSubscription,
  type StreamSubscriptions,
  type StreamRequest,
} from './stream-subscriptions.ts';
import { UnackedTail } from './unacked-tail.ts';

/** Servers confirm storage per megabyte: a smaller window would block. */
const maxUnstored = 4 * 1024 * 1024;

type End = Pick<AppendStream, 'abort-reason'>;

export class StreamWriter implements StreamSubscription {
  state: StreamSubscription['state'] = 'apart';
  eventId = '';
  failures = 0;
  nextAttemptMs = Infinity;
  giveUpAtMs = Infinity;
  lastError: TriplaneError | undefined;
  readonly #host: StreamHost;
  readonly #subscriptions: StreamSubscriptions;
  readonly #opts: CreateWriteStreamOpts;
  /** Proves to the server that the same writer continues the stream. */
  readonly #token: string;
  readonly #tail = new UnackedTail();
  readonly #started = deferred<string>();
  readonly #done = deferred<void>();
  /** Callers that wait for room. */
  #capacity: Deferred<void> | undefined;
  /** The event id of the last start. */
  #appends = 0;
  #streamId = '';
  /** The writer has ended the stream. */
  #end: End | undefined;
  #hasSentEnd = false;

  constructor(host: StreamHost, subscriptions: StreamSubscriptions, opts: CreateWriteStreamOpts & Abortable) {
    this.#host = host;
    this.#subscriptions = subscriptions;
    this.#opts = opts;
    this.#token = host.config.random.uuid();
    host.run(subscriptions.subscribe(this));
    const stop = onAbort(opts.signal, (reason) => this.abort(reason));
    void this.done.then(stop, stop);
  }

  get streamId(): Promise<string> {
    return this.#started.promise;
  }

  /** Resolves when everything is stored; rejects if that failed. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Resolves when there is room for more. */
  async write(text: unknown): Promise<void> {
    if (typeof text !== 'string') throw new TriplaneError('config-invalid', `A stream takes text, not ${typeof text}`);
    if (this.#end) return;
    const offset = this.#tail.to;
    this.#host.run(this.#append(this.#tail.add(text), offset));
    if (this.#tail.size < maxUnstored) return;
    this.#capacity = deferred();
    await this.#capacity.promise;
  }

  /** Resolves when everything is stored. Rejects if a connected server does not store it within 30 s. */
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
    if (this.#end) this.#limitEnd();
    return { op: 'start-stream', 'client-id': clientId, 'reconnect-token': this.#token, ...(ruleParams && { 'rule-params': ruleParams }) };
  }

  onMessage(message: ServerMessage, nowMs: number): readonly StreamEffect[] {
    if (message.op === 'start-stream-ok') return this.#isCurrent(message['client-event-id']) ? this.#onStarted(message) : [];
    if (this.state !== 'open' || !('stream-id' in message) || message['stream-id'] !== this.#streamId) return [];
    if (message.op === 'stream-flushed') return this.#onFlushed(message);
    return message.op === 'append-failed' ? this.#subscriptions.resubscribe(this, nowMs, storingFailed) : [];
  }

  onError(failure: StreamRejection): readonly StreamEffect[] {
    const { error, nowMs, message } = failure;
    const eventId = message['client-event-id'];
    if (this.#isCurrent(eventId)) {
      // The end was sent on a connection that was lost: the server now rejects the start of a stream that is complete.
      if (this.#hasSentEnd && error.type === 'validation-failed') return this.#subscriptions.end(this);
      return this.#subscriptions.onRejected(this, failure);
    }
    if (this.state !== 'open' || !eventId?.startsWith(`${this.eventId}/`)) return [];
    return error.type === 'permission-denied' ? this.#subscriptions.end(this, error) : this.#subscriptions.resubscribe(this, nowMs, error);
  }

  onEnd(error?: TriplaneError): void {
    const end = error ?? new TriplaneError('closed', 'The stream has ended');
    this.#end ??= {};
    this.#started.reject(end);
    this.#capacity?.reject(end);
    if (error) this.#done.reject(error);
    else this.#done.resolve();
  }

  #isCurrent(eventId: string | null | undefined): boolean {
    return this.state === 'asked' && this.eventId === eventId;
  }

  #onStarted({ offset, 'stream-id': streamId }: StartStreamOk): readonly StreamEffect[] {
    const effects = this.#onStored(offset);
    if (this.#tail.from !== offset) return effects;
    this.#streamId = streamId;
    this.#started.resolve(streamId);
    this.state = 'open';
    return this.#append(this.#tail.texts, offset);
  }

  #onFlushed({ offset, done }: StreamFlushed): readonly StreamEffect[] {
    if (done) return this.#subscriptions.end(this);
    this.failures = 0;
    return this.#onStored(Math.max(offset, this.#tail.from));
  }

  #onStored(offset: number): readonly StreamEffect[] {
    const tail = this.#tail;
    if (!tail.discard(offset)) {
      const message = `The stream is not what was written: the server has ${offset} bytes, and what can be sent again is ${tail.from} to ${tail.to}`;
      return this.#subscriptions.end(this, new TriplaneError('server-failed', message));
    }
    if (tail.size < maxUnstored) this.#capacity?.resolve();
    return [];
  }

  #finish(end: End): void {
    if (this.#end) return;
    this.#end = end;
    const offset = this.#tail.to;
    if (this.state !== 'apart' || this.nextAttemptMs < Infinity) this.#limitEnd();
    this.#host.run(this.#append(this.#tail.finish(), offset));
  }

  /** A lost session takes the limit away; the next one sets it again. */
  #limitEnd(): void {
    if (this.giveUpAtMs === Infinity) this.giveUpAtMs = this.#host.config.clock.monotonicNow() + endTimeoutMs;
  }

  #append(chunks: readonly string[], offset: number): readonly StreamEffect[] {
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

/** Servers accept non-empty text as a reason. */
function reasonOf(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : '';
  return text.trim() === '' ? 'aborted' : text;
}
