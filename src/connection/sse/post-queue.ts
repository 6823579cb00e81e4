// The way up of an event stream: messages go out by POST, one POST at a time, and what is said meanwhile goes out with the
// next. A POST that fails is made again with the same messages, as long as the session lives: their ids let a server that has
// them already see that. PROTOCOL.md#sse-init

import { TriplaneError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import { encode, encodePost, type SseSession } from '../../protocol/codec.ts';

export interface PostQueueConfig {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

interface QueuedMessage {
  readonly message: ClientMessage;
  readonly size: number;
}

/** What servers take in one go, with room to spare. */
const maxMessages = 200;
const maxCharacters = 500_000;
const responseMs = 10_000;
/** Tries of one POST: about half a minute, then the line is no good. */
const maxAttempts = 8;
const maxPauseMs = 5_000;

export class PostQueue {
  readonly #config: PostQueueConfig;
  readonly #session: SseSession;
  readonly #onLost: (reason: string) => void;
  readonly #queue: QueuedMessage[] = [];
  #isPosting = false;
  #isClosed = false;
  /** Ends what is waited for: an answer, or the time to try again. */
  #cancelWait: (() => void) | undefined;

  /** `lost`: nothing goes up any more. Told once, and not after `close`. */
  constructor(config: PostQueueConfig, session: SseSession, onLost: (reason: string) => void) {
    this.#config = config;
    this.#session = session;
    this.#onLost = onLost;
  }

  /** @throws TriplaneError 'frame-malformed' if it cannot be written */
  add(message: ClientMessage): void {
    this.#queue.push({ message, size: encode(message).length });
    if (this.#isPosting) return;
    this.#isPosting = true;
    // What one task says goes out together.
    queueMicrotask(() => void this.#postAll());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWait?.();
  }

  async #postAll(): Promise<void> {
    try {
      while (this.#queue.length > 0 && !this.#isClosed) await this.#post(this.#dequeueBatch());
      this.#isPosting = false;
    } catch (error) {
      if (!this.#isClosed) this.#onLost(error instanceof Error ? error.message : String(error));
    }
  }

  #dequeueBatch(): ClientMessage[] {
    let characters = 0;
    let count = 0;
    for (const { size } of this.#queue) {
      characters += size;
      if (count > 0 && (count >= maxMessages || characters > maxCharacters)) break;
      count += 1;
    }
    return this.#queue.splice(0, count).map(({ message }) => message);
  }

  async #post(messages: readonly ClientMessage[]): Promise<void> {
    const body = encodePost(this.#session, messages);
    for (let attempt = 1; !this.#isClosed; attempt += 1) {
      const failure = await this.#try(body);
      if (failure === undefined || this.#isClosed) return;
      if (attempt >= maxAttempts) throw new TriplaneError('unreachable', failure);
      await this.#pause(Math.min(maxPauseMs, 250 * 2 ** (attempt - 1)));
    }
  }

  /** Undefined if it arrived, else why not. @throws TriplaneError 'refused' if it never will */
  async #try(body: string): Promise<string | undefined> {
    const { url, fetch: send } = this.#config;
    const aborting = new AbortController();
    const done = this.#cancelAfter(responseMs, () => aborting.abort());
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await send(url, { method: 'POST', headers, body, signal: aborting.signal });
      const responseText = await response.text();
      if (response.ok) return undefined;
      const failure = `A POST beside the event stream was answered with ${response.status}`;
      if (isFinal(response.status)) throw new TriplaneError('refused', failure, { hint: responseText });
      return failure;
    } catch (error) {
      if (error instanceof TriplaneError) throw error;
      return `A POST beside the event stream was not answered: ${String(error)}`;
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

  /** `end` is called after `ms`, or as soon as the box is closed. Gives what takes the timer back. */
  #cancelAfter(ms: number, end: () => void): () => void {
    const { clock } = this.#config;
    const timer = clock.setTimeout(end, ms);
    this.#cancelWait = end;
    return () => clock.clearTimeout(timer);
  }
}

/** The session is gone, or was never ours. Too slow, too early and too much are said of a session that lives. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}
