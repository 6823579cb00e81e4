// The sending side of an event stream: messages are posted one request at a time; messages added in the meantime go out with the next
// request. A failed POST is repeated with the same messages as long as the session exists; the server recognizes duplicates by their event
// ids. PROTOCOL.md#sse-init

import { TriplaneError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { backoffMs, isTransientStatus, unreachableBackoff } from '../../lib/retry.ts';
import { errorOf, textOf } from '../../lib/thrown.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import { encode, encodePost, type SseSession } from '../../protocol/codec.ts';

export interface PostQueueConfig {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: Random;
}

interface QueuedMessage {
  readonly message: ClientMessage;
  readonly size: number;
}

/** Below the limits of servers for one request. */
const maxMessages = 200;
/** The close code of a WebSocket for a message that is too big. */
const tooBigCode = 1009;
const maxCharacters = 500_000;
const responseMs = 10_000;
/** Attempts per POST, up to half a minute in total; then the connection is considered lost. */
const maxAttempts = 8;

export class PostQueue {
  readonly #config: PostQueueConfig;
  readonly #session: SseSession;
  readonly #onLost: (reason: string, code?: number) => void;
  readonly #queue: QueuedMessage[] = [];
  /** Smaller once the server has refused a request as too large. */
  #maxMessages = maxMessages;
  #isPosting = false;
  #isClosed = false;
  /** Aborts the current request or pause. */
  #cancelWait: (() => void) | undefined;

  /** `onLost` is called once when posting fails for good, and not after `close`. */
  constructor(config: PostQueueConfig, session: SseSession, onLost: (reason: string, code?: number) => void) {
    this.#config = config;
    this.#session = session;
    this.#onLost = onLost;
  }

  /** @throws TriplaneError 'frame-malformed' if the message cannot be encoded */
  add(message: ClientMessage): void {
    this.#queue.push({ message, size: encode(message).length });
    if (this.#isPosting) return;
    this.#isPosting = true;
    // Messages of the same task go out together.
    queueMicrotask(() => void this.#postAll());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWait?.();
  }

  async #postAll(): Promise<void> {
    try {
      while (this.#queue.length > 0 && !this.#isClosed) {
        const batch = this.#dequeueBatch();
        const isTooLarge = await this.#post(batch.map(({ message }) => message));
        if (!isTooLarge) continue;
        if (batch.length === 1) return this.#onLost('A message is too large for the server', tooBigCode);
        // Each may be small enough by itself.
        this.#maxMessages = Math.ceil(batch.length / 2);
        this.#queue.unshift(...batch);
      }
      this.#isPosting = false;
    } catch (error) {
      if (!this.#isClosed) this.#onLost(errorOf(error).message);
    }
  }

  #dequeueBatch(): QueuedMessage[] {
    let characters = 0;
    let count = 0;
    for (const { size } of this.#queue) {
      characters += size;
      if (count > 0 && (count >= this.#maxMessages || characters > maxCharacters)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** Returns whether the server refused the request as too large. */
  async #post(messages: readonly ClientMessage[]): Promise<boolean> {
    const body = encodePost(this.#session, messages);
    for (let attempt = 1; !this.#isClosed; attempt += 1) {
      const failure = await this.#try(body);
      if (failure === undefined || this.#isClosed) return false;
      if (failure === 'too-large') return true;
      if (attempt >= maxAttempts) throw new TriplaneError('unreachable', failure);
      await this.#pause(backoffMs(unreachableBackoff, attempt - 1, this.#config.random.next()));
    }
    return false;
  }

  /**
   * Returns undefined on success, 'too-large' for status 413, otherwise the reason of the failure.
   *
   * @throws TriplaneError 'refused' if repeating the request cannot help
   */
  async #try(body: string): Promise<string | undefined> {
    const { url, fetch: send } = this.#config;
    const aborting = new AbortController();
    const done = this.#cancelAfter(responseMs, () => aborting.abort());
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await send(url, { method: 'POST', headers, body, signal: aborting.signal });
      const responseText = await response.text();
      if (response.ok) return undefined;
      if (response.status === 413) return 'too-large';
      const failure = `A POST for the event stream failed with status ${response.status}`;
      // The session does not exist or belongs to another client.
      if (!isTransientStatus(response.status)) throw new TriplaneError('refused', failure, { hint: responseText });
      return failure;
    } catch (error) {
      if (errorOf(error) instanceof TriplaneError) throw error;
      return `A POST for the event stream got no response: ${textOf(error)}`;
    } finally {
      done();
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = this.#cancelAfter(ms, () => {
        done();
        resolve();
      });
    });
  }

  /** Calls `end` after `ms`, or when the queue is closed. Returns a function that clears the timer. */
  #cancelAfter(ms: number, end: () => void): () => void {
    const { clock } = this.#config;
    const timer = clock.setTimeout(end, ms);
    this.#cancelWait = end;
    return () => clock.clearTimeout(timer);
  }
}
