// The lifecycle that written and read streams share: each is requested by a message, requested again in every new session and after a failure,
// and ends at some time. Their messages are in stream-writer.ts and stream-reader.ts.
//
//   apart ─ request ─▶ asked ── start-stream-ok ──▶ open        over: removed
//     ▲                 │ ╲                           │
//     └── disconnected · deferred ◀───────────────────┘         paused: a reader whose buffer is full

import { TriplaneError } from '../errors.ts';
import type { Random } from '../lib/random.ts';
import { backoffMs, rejectedBackoff } from '../lib/retry.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { StartStream, SubscribeStream } from '../protocol/stream-messages.ts';
import type { StreamEffect, StreamRejection } from './stream-host.ts';

/** The message that requests a stream, without its event id. */
export type StreamRequest = Omit<StartStream, 'client-event-id'> | Omit<SubscribeStream, 'client-event-id'>;

export interface StreamSubscription {
  state: 'apart' | 'asked' | 'open' | 'paused';
  /** The event id of the last request. */
  eventId: string;
  /** Number of requests in a row without progress. */
  failures: number;
  nextAttemptMs: number;
  /** When it fails unless it is over by then. Infinity: it may take as long as it likes. */
  giveUpAtMs: number;
  /** Why it could not go on, the last time that it could not. */
  lastError: TriplaneError | undefined;
  request(): StreamRequest;
  onMessage(message: ServerMessage, nowMs: number): readonly StreamEffect[];
  /** Receives messages of all streams; must ignore those of others. */
  onError(failure: StreamRejection): readonly StreamEffect[];
  /** The stream is complete or has failed. Called once, last. */
  onEnd(error?: TriplaneError): void;
}

const ops: ReadonlySet<unknown> = new Set(['start-stream', 'append-stream', 'subscribe-stream', 'unsubscribe-stream']);
const maxFailures = 10;
/** How long a server with which there is a session may take to store the end of a stream. */
export const endTimeoutMs = 30_000;

function endTimeoutError(): TriplaneError {
  return new TriplaneError('timeout', `The server did not confirm the end of the stream within ${endTimeoutMs / 1000} s`);
}

export class StreamSubscriptions {
  readonly #random: Random;
  readonly #all = new Set<StreamSubscription>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** The number of streams that are not over. */
  get size(): number {
    return this.#all.size;
  }

  subscribe(subscription: StreamSubscription): readonly StreamEffect[] {
    this.#all.add(subscription);
    subscription.state = 'asked';
    subscription.nextAttemptMs = Infinity;
    subscription.eventId = this.#random.eventId();
    return [send({ ...subscription.request(), 'client-event-id': subscription.eventId })];
  }

  /** Requests at once at first, then after a growing delay: a server that rejects repeatedly must not be flooded. */
  resubscribe(subscription: StreamSubscription, nowMs: number, cause: TriplaneError): readonly StreamEffect[] {
    // The stream may have ended meanwhile.
    this.#all.add(subscription);
    subscription.failures += 1;
    subscription.lastError = cause;
    if (subscription.failures > maxFailures) return this.end(subscription, cause);
    if (subscription.failures === 1) return this.subscribe(subscription);
    return this.#postpone(subscription, nowMs + backoffMs(rejectedBackoff, subscription.failures - 1, this.#random.next()));
  }

  /** The server rejected it, temporarily or permanently. */
  onRejected(subscription: StreamSubscription, { error, retryAtMs }: StreamRejection): readonly StreamEffect[] {
    const atMs = retryAtMs(subscription.failures);
    if (atMs === undefined) return this.end(subscription, error);
    subscription.failures += 1;
    subscription.lastError = error;
    return this.#postpone(subscription, atMs);
  }

  /** Unsubscribes from a stream that is read. */
  unsubscribe({ state, eventId }: StreamSubscription): readonly StreamEffect[] {
    if (state !== 'asked') return [];
    return [send({ op: 'unsubscribe-stream', 'client-event-id': this.#random.eventId(), 'subscribe-event-id': eventId })];
  }

  end(subscription: StreamSubscription, error?: TriplaneError): readonly StreamEffect[] {
    if (this.#all.delete(subscription)) subscription.onEnd(error);
    subscription.state = 'apart';
    return [];
  }

  onMessage(message: ServerMessage, { nowMs }: { readonly nowMs: number }): readonly StreamEffect[] {
    return [...this.#all].flatMap((subscription) => subscription.onMessage(message, nowMs));
  }

  /** Ignores responses to requests that a later one has replaced. */
  onError(failure: StreamRejection): readonly StreamEffect[] | undefined {
    if (!ops.has(failure.message['original-event']?.['op'])) return undefined;
    return [...this.#all].flatMap((subscription) => subscription.onError(failure));
  }

  onSessionOpen(): readonly StreamEffect[] {
    return [...this.#all].flatMap((subscription) => (subscription.state === 'paused' ? [] : this.subscribe(subscription)));
  }

  onDisconnect(): readonly StreamEffect[] {
    for (const subscription of this.#all) {
      subscription.giveUpAtMs = Infinity;
      if (subscription.state !== 'paused') this.#postpone(subscription, Infinity);
    }
    return [];
  }

  nextDeadline(): number {
    return Math.min(...[...this.#all].map(({ nextAttemptMs, giveUpAtMs }) => Math.min(nextAttemptMs, giveUpAtMs)));
  }

  onDeadline(nowMs: number): readonly StreamEffect[] {
    return [...this.#all].flatMap((subscription) => {
      if (subscription.giveUpAtMs <= nowMs) return this.end(subscription, subscription.lastError ?? endTimeoutError());
      return subscription.nextAttemptMs <= nowMs ? this.subscribe(subscription) : [];
    });
  }

  shutDown(error: TriplaneError): readonly StreamEffect[] {
    return [...this.#all].flatMap((subscription) => this.end(subscription, error));
  }

  #postpone(subscription: StreamSubscription, atMs: number): readonly StreamEffect[] {
    subscription.state = 'apart';
    subscription.nextAttemptMs = atMs;
    return [];
  }
}

export function send(message: ClientMessage): StreamEffect {
  return { do: 'send', message };
}

/** A promise that is settled from outside. Its rejection is never reported as unhandled. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
