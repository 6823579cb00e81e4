// A live query: a connection that is opened again whenever it breaks, and what its listeners receive.
//
//   connecting ── 200, event stream ──▶ open          closed: by `close`, by the signal, or by an error that no further attempt can mend
//       ▲                                │
//       └──── lost · wait, then again ◀──┘
//
// A break is not reported unless it lasts: every connection begins with the complete result.

import { InstantAPIError } from '../errors.ts';
import type { Timer } from '../lib/clock.ts';
import { asyncDispose } from '../lib/dispose.ts';
import { backoffMs, unreachableBackoff } from '../lib/retry.ts';
import { pause } from './api.ts';
import type { ResolvedConfig } from './config.ts';
import { PayloadQueue } from './payload-queue.ts';
import { type QueryStreamConfig, readQueryStream, type StreamEnd } from './query-stream.ts';
import { readPageInfo } from './result.ts';
import type { SubscribeQuerySessionInfo, SubscriptionReadyState } from './subscription-types.ts';

/** A payload whose data has no type yet. */
export type Payload =
  | { type: 'ok'; data: unknown; pageInfo: unknown; sessionInfo: SubscribeQuerySessionInfo | null }
  | {
      type: 'error';
      error: InstantAPIError;
      readyState: SubscriptionReadyState;
      isClosed: boolean;
      sessionInfo: SubscribeQuerySessionInfo | null;
    };

export interface SubscriptionConfig extends QueryStreamConfig, Pick<ResolvedConfig, 'random' | 'retries' | 'onError'> {
  /** The data of a result, as the program is to receive it. */
  readonly read: (result: unknown) => unknown;
}

/** A break that lasts longer is reported. */
const patienceMs = 5_000;

export class QuerySubscription implements AsyncDisposable {
  readonly #config: SubscriptionConfig;
  readonly #callback: ((payload: Payload) => void) | undefined;
  readonly #queues = new Set<PayloadQueue<Payload>>();
  readonly #closing = new AbortController();
  #readyState: SubscriptionReadyState = 'connecting';
  #sessionInfo: SubscribeQuerySessionInfo | null = null;
  #wasOpen = false;
  #failures = 0;
  /** Until it runs, a break is not reported. */
  #timer: Timer | undefined;
  #isOverdue = false;
  #lastError: InstantAPIError | undefined;
  /** For a loop that begins late. */
  #lastPayload: Payload | undefined;

  constructor(config: SubscriptionConfig, callback: ((payload: Payload) => void) | undefined) {
    this.#config = config;
    this.#callback = callback;
    void this.#run();
  }

  get readyState(): SubscriptionReadyState {
    return this.#readyState;
  }

  get isClosed(): boolean {
    return this.#readyState === 'closed';
  }

  get sessionInfo(): SubscribeQuerySessionInfo | null {
    return this.#sessionInfo;
  }

  /** Aborted when it is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends it; nothing more is delivered. */
  close(): void {
    this.#end({ isDropping: true });
  }

  async [asyncDispose](): Promise<void> {
    this.close();
  }

  [Symbol.iterator](): never {
    throw new TypeError('Payloads arrive over time: use `for await` instead of `for`');
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Payload, undefined> {
    const queue = new PayloadQueue<Payload>(() => {
      this.#queues.delete(queue);
      if (this.#queues.size === 0 && !this.#callback) this.close();
    });
    if (this.#lastPayload) queue.add(this.#lastPayload);
    if (this.isClosed) queue.end();
    else this.#queues.add(queue);
    return queue;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!this.isClosed) {
      const end = await readQueryStream(this.#config, { opened: () => this.#opened(), message: (message) => this.#hear(message) }, signal);
      // Closed meanwhile.
      if (signal.aborted) return;
      this.#lost(end);
      if (signal.aborted) return;
      const waitMs = backoffMs(unreachableBackoff, this.#failures, this.#config.random.next(), end.error.retryAfterMs);
      this.#failures += 1;
      await pause(this.#config.clock, waitMs, signal).catch(() => {});
    }
  }

  #opened(): void {
    this.#readyState = 'open';
    this.#wasOpen = true;
    this.#isOverdue = false;
    this.#config.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lost({ error, isFatal }: StreamEnd): void {
    this.#lastError = error;
    if (isFatal || (!this.#wasOpen && this.#failures >= this.#config.retries)) {
      this.#readyState = 'closed';
      this.#deliverError(error);
      return this.#end();
    }
    this.#readyState = 'connecting';
    if (this.#isOverdue) this.#deliverError(error);
    this.#timer ??= this.#config.clock.setTimeout(() => {
      this.#isOverdue = true;
      if (this.#lastError && this.#readyState === 'connecting') this.#deliverError(this.#lastError);
    }, patienceMs);
  }

  #hear(message: Readonly<Record<string, unknown>>): void {
    if (this.#closing.signal.aborted) return;
    this.#failures = 0;
    switch (message['op']) {
      case 'sse-init':
        this.#sessionInfo = { machineId: String(message['machine-id']), sessionId: String(message['session-id']) };
        return;
      case 'add-query-ok':
        return this.#deliverResult(message['result'], message['result-meta']);
      case 'refresh-ok': {
        // Without computations only the schema changed.
        const [first] = Array.isArray(message['computations']) ? (message['computations'] as Record<string, unknown>[]) : [];
        if (first) this.#deliverResult(first['instaql-result'], first['result-meta']);
        return;
      }
      case 'error': {
        const { status } = message;
        const before = this.#lastPayload;
        this.#deliverError(new InstantAPIError({ status: typeof status === 'number' ? status : 500, body: message }));
        // About no request: a rule failed for some rows, and the result is still the current one.
        if (!message['original-event'] && before?.type === 'ok' && !this.isClosed) this.#lastPayload = before;
      }
    }
  }

  #deliverResult(result: unknown, meta: unknown): void {
    this.#deliver({ type: 'ok', data: this.#config.read(result), pageInfo: readPageInfo(meta), sessionInfo: this.#sessionInfo });
  }

  #deliverError(error: InstantAPIError): void {
    this.#deliver({ type: 'error', error, readyState: this.#readyState, isClosed: this.isClosed, sessionInfo: this.#sessionInfo });
  }

  #deliver(payload: Payload): void {
    this.#lastPayload = payload;
    for (const queue of this.#queues) queue.add(payload);
    try {
      this.#callback?.(payload);
    } catch (error) {
      this.#config.onError(error as Error);
    }
  }

  #end(opts?: { isDropping: boolean }): void {
    this.#readyState = 'closed';
    this.#config.clock.clearTimeout(this.#timer);
    if (opts) this.#lastPayload = undefined;
    for (const queue of this.#queues) queue.end(opts);
    this.#queues.clear();
    this.#closing.abort();
  }
}
