// A stream that this program reads. Tracks the position, to continue there after a lost connection. If its reader is too slow, the reader
// unsubscribes and subscribes again later: the protocol has no other backpressure. PROTOCOL.md#subscribe-stream

import { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { ServerMessage, StreamAppend } from '../protocol/server-message.ts';
import type { Abortable } from '../lib/abort.ts';
import type { CreateReadStreamOpts } from '../types/streams.ts';
import type { StreamEffect, StreamHost, StreamRejection } from './stream-host.ts';
import { deferred, type StreamSubscription, type StreamSubscriptions, type StreamRequest } from './stream-subscriptions.ts';
import { StreamBuffer } from './stream-buffer.ts';

/** Above this many buffered bytes, a slow reader unsubscribes until it has caught up. */
const maxUnread = 4 * 1024 * 1024;

const encoder = new TextEncoder();

export class StreamReader implements StreamSubscription {
  state: StreamSubscription['state'] = 'apart';
  eventId = '';
  failures = 0;
  nextAttemptMs = Infinity;
  giveUpAtMs = Infinity;
  lastError: TriplaneError | undefined;
  readonly #host: StreamHost;
  readonly #subscriptions: StreamSubscriptions;
  readonly #opts: CreateReadStreamOpts;
  readonly #buffer: StreamBuffer;
  readonly #started = deferred<string>();
  readonly #aborted = deferred<string | undefined>();
  readonly #unlinkSignal: () => void;
  #controller: ReadableStreamDefaultController<string> | undefined;

  constructor(host: StreamHost, subscriptions: StreamSubscriptions, opts: CreateReadStreamOpts & Abortable, fetchFn: typeof fetch) {
    this.#host = host;
    this.#subscriptions = subscriptions;
    this.#opts = opts;
    this.#buffer = new StreamBuffer(fetchFn, opts.byteOffset ?? 0, {
      onFileError: (cause) => {
        if (!host.isOpen) return this.#buffer.end(cause);
        // Even if the end had arrived.
        host.run([...subscriptions.unsubscribe(this), ...subscriptions.resubscribe(this, host.config.clock.monotonicNow(), cause)]);
      },
      onFileRead: () => (this.failures = 0),
      onDrain: () => {
        if (this.state === 'paused' && this.#buffer.bufferedBytes < maxUnread / 2) host.run(subscriptions.subscribe(this));
      },
    });
    host.run(subscriptions.subscribe(this));
    this.#unlinkSignal = onAbort(opts.signal, (reason) => {
      this.#controller?.error(reason);
      this.cancel();
    });
  }

  get streamId(): Promise<string> {
    return this.#started.promise;
  }

  /** At the end: the reason if the writer ended early. */
  get abortReason(): Promise<string | undefined> {
    return this.#aborted.promise;
  }

  async pull(controller: ReadableStreamDefaultController<string>): Promise<void> {
    this.#controller = controller;
    let text: string | undefined;
    try {
      text = await this.#buffer.next();
    } finally {
      if (text === undefined) this.#unlinkSignal();
    }
    if (text === undefined) controller.close();
    else controller.enqueue(text);
  }

  cancel(): void {
    this.#unlinkSignal();
    this.#host.run([...this.#subscriptions.unsubscribe(this), ...this.#subscriptions.end(this)]);
    this.#buffer.cancel();
  }

  request(): StreamRequest {
    const { clientId, streamId, ruleParams } = this.#opts;
    return {
      op: 'subscribe-stream',
      ...(streamId && { 'stream-id': streamId }),
      ...(clientId && { 'client-id': clientId }),
      ...(this.#buffer.receivedTo > 0 && { offset: this.#buffer.receivedTo }),
      ...(ruleParams && { 'rule-params': ruleParams }),
    };
  }

  onMessage(message: ServerMessage, nowMs: number): readonly StreamEffect[] {
    if (message.op !== 'stream-append' || !this.#isCurrent(message['client-event-id'])) return [];
    if (!message.error) return this.#onAppend(message);
    const kind = message['error-type'] ?? 'unknown';
    const error = new TriplaneError('server-failed', `The stream cannot be read: ${kind}`, { hint: { 'error-type': kind } });
    return message.retry ? this.#subscriptions.resubscribe(this, nowMs, error) : this.#subscriptions.end(this, error);
  }

  onError(failure: StreamRejection): readonly StreamEffect[] {
    return this.#isCurrent(failure.message['client-event-id']) ? this.#subscriptions.onRejected(this, failure) : [];
  }

  onEnd(error?: TriplaneError): void {
    if (error?.code === 'closed') this.#buffer.cancel(error);
    else this.#buffer.end(error);
    this.#started.reject(error ?? new TriplaneError('closed', 'The stream has ended'));
    if (error) this.#aborted.reject(error);
    else this.#aborted.resolve(undefined);
  }

  #isCurrent(eventId: string | null | undefined): boolean {
    return this.state === 'asked' && this.eventId === eventId;
  }

  #onAppend({ offset, files, content, done, 'stream-id': streamId, 'abort-reason': abortReason }: StreamAppend): readonly StreamEffect[] {
    const buffer = this.#buffer;
    const before = buffer.receivedTo;
    if (offset && offset > before) {
      const lost = `The stream is not whole: of what was read, ${before} bytes came, and what follows begins at ${offset}`;
      return [
        ...(done ? [] : this.#subscriptions.unsubscribe(this)),
        ...this.#subscriptions.end(this, new TriplaneError('server-failed', lost)),
      ];
    }
    if (streamId) this.#started.resolve(streamId);
    buffer.add(offset ?? before, files ?? [], encoder.encode(content ?? ''));
    // Files are still to be fetched: only received data counts as progress.
    if (buffer.receivedTo > before && !files?.length) this.failures = 0;
    if (done) {
      this.#aborted.resolve(abortReason ?? undefined);
      return this.#subscriptions.end(this);
    }
    if (buffer.bufferedBytes <= maxUnread) return [];
    const unsubscribing = this.#subscriptions.unsubscribe(this);
    this.state = 'paused';
    return unsubscribing;
  }
}
