// The way up of an event stream: messages go out by POST, one POST at a time, and what is said meanwhile goes out with the
// next. A POST that fails is made again with the same messages, as long as the session lives: their ids let a server that has
// them already see that. PROTOCOL.md#sse-init

import { TriplaneError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import { encode, encodePost, type PostHead } from '../protocol/codec.ts';

export interface PostBoxConfig {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

interface Letter {
  readonly message: ClientMessage;
  readonly size: number;
}

/** What servers take in one go, with room to spare. */
const mostMessages = 200;
const mostCharacters = 500_000;
const answerMs = 10_000;
/** Tries of one POST: about half a minute, then the line is no good. */
const mostTries = 8;
const longestPauseMs = 5_000;

export class PostBox {
  readonly #config: PostBoxConfig;
  readonly #head: PostHead;
  readonly #lost: (reason: string) => void;
  readonly #letters: Letter[] = [];
  #isPosting = false;
  #isClosed = false;
  /** Ends what is waited for: an answer, or the time to try again. */
  #end: (() => void) | undefined;

  /** `lost`: nothing goes up any more. Told once, and not after `close`. */
  constructor(config: PostBoxConfig, head: PostHead, lost: (reason: string) => void) {
    this.#config = config;
    this.#head = head;
    this.#lost = lost;
  }

  /** @throws TriplaneError 'frame-malformed' if it cannot be written */
  add(message: ClientMessage): void {
    this.#letters.push({ message, size: encode(message).length });
    if (this.#isPosting) return;
    this.#isPosting = true;
    // What one task says goes out together.
    queueMicrotask(() => void this.#postAll());
  }

  close(): void {
    this.#isClosed = true;
    this.#end?.();
  }

  async #postAll(): Promise<void> {
    try {
      while (this.#letters.length > 0 && !this.#isClosed) await this.#post(this.#takeBatch());
      this.#isPosting = false;
    } catch (error) {
      if (!this.#isClosed) this.#lost(error instanceof Error ? error.message : String(error));
    }
  }

  #takeBatch(): ClientMessage[] {
    let characters = 0;
    let count = 0;
    for (const { size } of this.#letters) {
      characters += size;
      if (count > 0 && (count >= mostMessages || characters > mostCharacters)) break;
      count += 1;
    }
    return this.#letters.splice(0, count).map(({ message }) => message);
  }

  async #post(messages: readonly ClientMessage[]): Promise<void> {
    const body = encodePost(this.#head, messages);
    for (let tries = 1; !this.#isClosed; tries += 1) {
      const failure = await this.#try(body);
      if (failure === undefined || this.#isClosed) return;
      if (tries >= mostTries) throw new TriplaneError('unreachable', failure);
      await this.#pause(Math.min(longestPauseMs, 250 * 2 ** (tries - 1)));
    }
  }

  /** Undefined if it arrived, else why not. @throws TriplaneError 'refused' if it never will */
  async #try(body: string): Promise<string | undefined> {
    const { url, fetch: send } = this.#config;
    const aborting = new AbortController();
    const done = this.#endAfter(answerMs, () => aborting.abort());
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await send(url, { method: 'POST', headers, body, signal: aborting.signal });
      const said = await response.text();
      if (response.ok) return undefined;
      const failure = `A POST beside the event stream was answered with ${response.status}`;
      if (isFinal(response.status)) throw new TriplaneError('refused', failure, { hint: said });
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
      const done = this.#endAfter(ms, () => {
        done();
        resolve();
      });
    });
  }

  /** `end` is called after `ms`, or as soon as the box is closed. Gives what takes the timer back. */
  #endAfter(ms: number, end: () => void): () => void {
    const { clock } = this.#config;
    const timer = clock.setTimeout(end, ms);
    this.#end = end;
    return () => clock.clearTimeout(timer);
  }
}

/** The session is gone, or was never ours. Too slow, too early and too much are said of a session that lives. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}
