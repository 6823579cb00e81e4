// The streams that this program writes and reads, as what they have in common: each is asked for by a message, asked for anew with every
// session, again when the server could not, and is over at some time. What the two say and hear is in stream-writer.ts and stream-reader.ts.
//
//   apart ── ask ──▶ asked ── start-stream-ok ──▶ open        over: forgotten
//     ▲               │ ╲                           │
//     └── line lost · put off ◀─────────────────────┘         paused: a reader that has enough for now

import type { TriplaneError } from '../errors.ts';
import type { Random } from '../lib/random.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { StartStream, SubscribeStream } from '../protocol/stream-messages.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';

/** What asks for a stream, but for its event id. */
export type StreamRequest = Omit<StartStream, 'client-event-id'> | Omit<SubscribeStream, 'client-event-id'>;

export interface StreamLine {
  state: 'apart' | 'asked' | 'open' | 'paused';
  /** Of the last time it was asked for. */
  eventId: string;
  /** Times in a row that it had to be asked for without coming any further. */
  failures: number;
  againAtMs: number;
  request(): StreamRequest;
  heard(message: ServerMessage, nowMs: number): readonly Effect[];
  /** Of any stream: only its own is its affair. */
  failed(failure: Failure): readonly Effect[];
  /** All is done, or it failed. Once and last. */
  ended(error?: TriplaneError): void;
}

const ops: ReadonlySet<unknown> = new Set(['start-stream', 'append-stream', 'subscribe-stream', 'unsubscribe-stream']);
const mostFailures = 10;
const firstPauseMs = 250;
const longestPauseMs = 15_000;

export class StreamLines implements Extra {
  readonly #random: Random;
  readonly #all = new Set<StreamLine>();

  constructor(random: Random) {
    this.#random = random;
  }

  ask(line: StreamLine): readonly Effect[] {
    this.#all.add(line);
    line.state = 'asked';
    line.againAtMs = Infinity;
    line.eventId = this.#random.eventId();
    return [send({ ...line.request(), 'client-event-id': line.eventId })];
  }

  /** At once, then after a while that grows: a server that refuses what it has asked for must not be hammered. */
  askAgain(line: StreamLine, nowMs: number, cause: TriplaneError): readonly Effect[] {
    // It may have been over.
    this.#all.add(line);
    line.failures += 1;
    if (line.failures > mostFailures) return this.end(line, cause);
    if (line.failures === 1) return this.ask(line);
    return this.#putOff(line, nowMs + Math.min(longestPauseMs, firstPauseMs * 2 ** line.failures));
  }

  /** It was refused: for now, or for good. */
  refused(line: StreamLine, { error, retryAtMs }: Failure): readonly Effect[] {
    const atMs = retryAtMs(line.failures);
    if (atMs === undefined) return this.end(line, error);
    line.failures += 1;
    return this.#putOff(line, atMs);
  }

  /** The server need not tell more of a stream that is read. */
  leave({ state, eventId }: StreamLine): readonly Effect[] {
    if (state !== 'asked') return [];
    return [send({ op: 'unsubscribe-stream', 'client-event-id': this.#random.eventId(), 'subscribe-event-id': eventId })];
  }

  end(line: StreamLine, error?: TriplaneError): readonly Effect[] {
    if (this.#all.delete(line)) line.ended(error);
    line.state = 'apart';
    return [];
  }

  heard(message: ServerMessage, { nowMs }: Hour): readonly Effect[] {
    return [...this.#all].flatMap((line) => line.heard(message, nowMs));
  }

  /** Of what was overtaken it no longer matters what became. */
  failed(failure: Failure): readonly Effect[] | undefined {
    if (!ops.has(failure.message['original-event']?.['op'])) return undefined;
    return [...this.#all].flatMap((line) => line.failed(failure));
  }

  sessionOpened(): readonly Effect[] {
    return [...this.#all].flatMap((line) => (line.state === 'paused' ? [] : this.ask(line)));
  }

  lineLost(): readonly Effect[] {
    for (const line of this.#all) if (line.state !== 'paused') this.#putOff(line, Infinity);
    return [];
  }

  nextDue(): number {
    return Math.min(...[...this.#all].map(({ againAtMs }) => againAtMs));
  }

  due(nowMs: number): readonly Effect[] {
    return [...this.#all].flatMap((line) => (line.againAtMs <= nowMs ? this.ask(line) : []));
  }

  shutDown(error: TriplaneError): readonly Effect[] {
    return [...this.#all].flatMap((line) => this.end(line, error));
  }

  #putOff(line: StreamLine, atMs: number): readonly Effect[] {
    line.state = 'apart';
    line.againAtMs = atMs;
    return [];
  }
}

export function send(message: ClientMessage): Effect {
  return { do: 'send', message };
}

/** A promise that is settled from outside. That nobody waits for it is no fault. */
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
