// The sending side of an event stream: messages are posted one request at a time; messages added in the meantime go out with the next
// request. A failed POST is repeated with the same messages as long as the session exists; the server recognizes duplicates by their event
// ids. Between two attempts a small POST shows whether the network or the body is the cause: some proxies never let one body through, and
// would keep all others from the server. PROTOCOL.md#sse-init

import { TriplaneError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { backoffMs, isTransientStatus, unreachableBackoff } from '../../lib/retry.ts';
import { errorOf, textOf } from '../../lib/thrown.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import { encode, encodePost, type SseSession } from '../../protocol/codec.ts';
import type { CloseReason } from '../transport.ts';
import { type QueuedMessage, takeBatch, overtakingIn } from './post-batch.ts';

export interface PostQueueConfig {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly canProbe: boolean;
}

/** Below the limit of servers for one request. */
const maxMessages = 200;
/** The close code of a WebSocket for a message that is too big. */
const tooBigCode = 1009;
/** The close code for a server that is out of reach for now. */
const outageCode = 1013;
/** A POST without a response within this is repeated; a large one may take longer. */
const responseMs = 10_000;
const slowestCharactersPerMs = 20;
/** Attempts per POST, up to half a minute in total, during which no small POST succeeded; then the connection is considered lost. */
const maxAttempts = 8;
/** Failed attempts after which a small POST is tried. */
const attemptsPerCheck = 2;
/** A message is given up after this, and after this many small POSTs in a row that succeeded where it failed. */
const blockedMs = 45_000;
const blockedChecks = 3;

type Outcome = 'sent' | 'too-large' | 'blocked';

export class PostQueue {
  readonly #config: PostQueueConfig;
  readonly #session: SseSession;
  readonly #onLost: (why: CloseReason) => void;
  #queue: QueuedMessage[] = [];
  /** Smaller once the server has refused a request as too large. */
  #maxMessages = maxMessages;
  /** Smaller while a request does not get through although others do. */
  #batchSize = maxMessages;
  #isPosting = false;
  #isClosed = false;
  /** Aborts the current request or pause. */
  #cancelWait: (() => void) | undefined;

  /** `onLost` is called once when posting fails for good, and not after `close`. */
  constructor(config: PostQueueConfig, session: SseSession, onLost: (why: CloseReason) => void) {
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
        const batch = takeBatch(this.#queue, Math.min(this.#maxMessages, this.#batchSize));
        const outcome = await this.#post(batch);
        if (outcome === 'sent') this.#batchSize = Math.min(maxMessages, this.#batchSize * 2);
        else this.#onRefused(batch, outcome);
      }
      this.#isPosting = false;
    } catch (error) {
      const lost = errorOf(error);
      this.#lose({ code: hasCode(lost, 'unreachable') ? outageCode : 1006, reason: lost.message });
    }
  }

  #onRefused(batch: readonly QueuedMessage[], outcome: 'too-large' | 'blocked'): void {
    const [only, ...others] = batch;
    if (!only) return;
    if (others.length === 0) {
      const { message } = only;
      return this.#lose(
        outcome === 'too-large'
          ? { code: tooBigCode, reason: 'A message is too large for the server', message }
          : { code: 1006, reason: 'A message never reaches the server, although others do', message },
      );
    }
    // Each may get through by itself.
    const half = Math.ceil(batch.length / 2);
    if (outcome === 'too-large') this.#maxMessages = half;
    else this.#batchSize = half;
    this.#queue.unshift(...batch);
  }

  #lose(why: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onLost(why);
  }

  async #post(batch: readonly QueuedMessage[]): Promise<Outcome> {
    try {
      return await this.#repeat(batch);
    } catch (error) {
      // Refused for what is in it, unless the session is out of reach, maybe for this moment only, or a small one is refused, too.
      if (hasCode(error, 'refused') && !isAboutSession(error) && (await this.#isOthersTurn(batch))) return 'blocked';
      throw error;
    }
  }

  async #repeat(batch: readonly QueuedMessage[]): Promise<Outcome> {
    const { clock, random } = this.#config;
    const body = encodePost(this.#session, messagesOf(batch));
    let sinceMs = clock.monotonicNow();
    let checks = 0;
    /** Since a small POST succeeded last. */
    let failures = 0;
    for (let attempt = 1; !this.#isClosed; attempt += 1) {
      const failure = await this.#try(body);
      if (failure === undefined || this.#isClosed) return 'sent';
      if (failure === 'too-large') return failure;
      failures += 1;
      if (attempt % attemptsPerCheck === 0 && (await this.#isOthersTurn(batch))) {
        checks += 1;
        failures = 0;
        const isOver = checks >= blockedChecks && clock.monotonicNow() - sinceMs >= blockedMs;
        if (batch.length > 1 || isOver) return 'blocked';
      } else if (attempt % attemptsPerCheck === 0) {
        checks = 0;
        sinceMs = clock.monotonicNow();
      }
      if (failures >= maxAttempts) throw new TriplaneError('unreachable', failure);
      await this.#pause(backoffMs(unreachableBackoff, attempt - 1, random.next()));
    }
    return 'sent';
  }

  /** Returns whether a small request gets through, and lets small messages pass whose order relative to these does not matter. */
  async #isOthersTurn(batch: readonly QueuedMessage[]): Promise<boolean> {
    const { canProbe, random } = this.#config;
    // Before `init`, the server takes no message.
    if (!canProbe || this.#isClosed || batch[0]?.message.op === 'init') return false;
    const probe = { op: 'remove-query', 'client-event-id': random.eventId(), q: { $$probe: {} } } as const;
    if ((await this.#try(encodePost(this.#session, [probe]))) !== undefined) return false;
    const overtaking = overtakingIn(this.#queue, batch, this.#maxMessages);
    if (overtaking.length === 0 || this.#isClosed) return true;
    const failure = await this.#try(encodePost(this.#session, messagesOf(overtaking))).catch(textOf);
    if (failure === undefined) this.#queue = this.#queue.filter((queued) => !overtaking.includes(queued));
    return true;
  }

  /**
   * Returns undefined on success, 'too-large' for status 413, otherwise the reason of the failure.
   *
   * @throws TriplaneError 'refused' if repeating the request cannot help
   */
  async #try(body: string): Promise<string | undefined> {
    const { url, fetch: send } = this.#config;
    const aborting = new AbortController();
    const limitMs = Math.max(responseMs, body.length / slowestCharactersPerMs);
    const done = this.#cancelAfter(limitMs, () => aborting.abort());
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

const messagesOf = (batch: readonly QueuedMessage[]): ClientMessage[] => batch.map(({ message }) => message);

/** The stream's process did not answer the one that took the POST, or does not have the session any more. */
const isAboutSession = (error: unknown): boolean => /"(session|member)-missing"/.test(String((error as TriplaneError).hint));

const hasCode = (error: unknown, code: TriplaneError['code']): boolean => error instanceof TriplaneError && error.code === code;
