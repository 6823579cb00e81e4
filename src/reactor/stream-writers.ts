// The streams that this program writes. What is not known to be stored is kept, and so is that a stream has ended and why:
// after a break, or when the server lost something, each stream is started again and sent on from the byte the server has.
// PROTOCOL.md#start-stream
//
//   apart ── started ──▶ asked ── start-stream-ok ──▶ open ── stream-flushed, done ──▶ forgotten
//     ▲                    │                            │
//     └── line lost · refused for now · append refused ◀┘

import { TriplaneError } from '../errors.ts';
import type { Random } from '../lib/random.ts';
import type { ServerMessage, StartStreamOk, StreamFlushed } from '../protocol/server-message.ts';
import type { RuleParams } from '../protocol/stream-messages.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';
import { StreamTail } from './stream-tail.ts';

export interface WriterEvents {
  started(streamId: string): void;
  /** More is stored: there may be room again. */
  stored(): void;
  /** All is stored, or it failed. Once and last. */
  ended(error: TriplaneError | undefined): void;
}

export interface NewWriter {
  readonly clientId: string;
  readonly ruleParams?: RuleParams | undefined;
  readonly on: WriterEvents;
}

export interface Writer extends NewWriter {
  /** Shows the server that a stream goes on by the hand that began it. */
  readonly token: string;
  readonly tail: StreamTail;
  state: 'apart' | 'asked' | 'open';
  /** Of the last `start-stream`; appends that belong to it are numbered on from it. */
  eventId: string;
  appends: number;
  streamId: string | undefined;
  end: { readonly abortReason?: string } | undefined;
  hasSentEnd: boolean;
  /** Times in a row that it had to be started again without anything being stored. */
  failures: number;
  againAtMs: number | undefined;
}

const mostFailures = 10;
const firstPauseMs = 250;
const longestPauseMs = 15_000;

export class StreamWriters implements Extra {
  readonly #random: Random;
  readonly #all = new Set<Writer>();

  constructor(random: Random) {
    this.#random = random;
  }

  open(fresh: NewWriter): { readonly writer: Writer; readonly effects: readonly Effect[] } {
    const writer: Writer = {
      ...fresh,
      token: this.#random.uuid(),
      tail: new StreamTail(),
      state: 'apart',
      eventId: '',
      appends: 0,
      streamId: undefined,
      end: undefined,
      hasSentEnd: false,
      failures: 0,
      againAtMs: undefined,
    };
    this.#all.add(writer);
    return { writer, effects: this.#start(writer) };
  }

  write(writer: Writer, text: string): readonly Effect[] {
    if (!this.#all.has(writer) || writer.end) return [];
    const offset = writer.tail.to;
    return this.#append(writer, writer.tail.add(text), offset);
  }

  /** Nothing more will be written. */
  finish(writer: Writer, end: NonNullable<Writer['end']>): readonly Effect[] {
    if (!this.#all.has(writer) || writer.end) return [];
    const offset = writer.tail.to;
    const rest = writer.tail.finish();
    writer.end = end;
    return this.#append(writer, rest, offset, true);
  }

  heard(message: ServerMessage, { nowMs }: Hour): readonly Effect[] {
    switch (message.op) {
      case 'start-stream-ok':
        return this.#started(message);
      case 'stream-flushed':
        return this.#flushed(message);
      case 'append-failed':
        return this.#byStream(message['stream-id'], (writer) => this.#startAgain(writer, nowMs, storingFailed));
      default:
        return [];
    }
  }

  failed(failure: Failure): readonly Effect[] | undefined {
    const op = failure.message['original-event']?.['op'];
    if (op !== 'start-stream' && op !== 'append-stream') return undefined;
    const eventId = failure.message['client-event-id'] ?? '';
    for (const writer of this.#all) {
      if (writer.state === 'asked' && eventId === writer.eventId) return this.#startFailed(writer, failure);
      if (writer.state === 'open' && eventId.startsWith(`${writer.eventId}/`)) return this.#appendFailed(writer, failure);
    }
    // Of a start that was overtaken: what became of it no longer matters.
    return [];
  }

  sessionOpened(): readonly Effect[] {
    return [...this.#all].flatMap((writer) => this.#start(writer));
  }

  lineLost(): readonly Effect[] {
    for (const writer of this.#all) {
      writer.state = 'apart';
      writer.againAtMs = undefined;
    }
    return [];
  }

  /** A stream belongs to whoever has its token. */
  userChanged(): readonly Effect[] {
    return [];
  }

  nextDue(): number | undefined {
    let next: number | undefined;
    for (const { againAtMs } of this.#all) if (againAtMs !== undefined) next = Math.min(next ?? againAtMs, againAtMs);
    return next;
  }

  due(nowMs: number): readonly Effect[] {
    return [...this.#all].flatMap((writer) => (writer.againAtMs !== undefined && writer.againAtMs <= nowMs ? this.#start(writer) : []));
  }

  shutDown(error: TriplaneError): readonly Effect[] {
    return [...this.#all].flatMap((writer) => this.#end(writer, error));
  }

  #start(writer: Writer): readonly Effect[] {
    writer.state = 'asked';
    writer.againAtMs = undefined;
    writer.eventId = this.#random.eventId();
    writer.appends = 0;
    const { clientId, token, eventId, ruleParams } = writer;
    const message = {
      op: 'start-stream',
      'client-event-id': eventId,
      'client-id': clientId,
      'reconnect-token': token,
      ...(ruleParams && { 'rule-params': ruleParams }),
    } as const;
    return [{ do: 'send', message }];
  }

  #started(message: StartStreamOk): readonly Effect[] {
    const writer = [...this.#all].find(({ state, eventId }) => state === 'asked' && eventId === message['client-event-id']);
    if (!writer) return [];
    const { tail, on } = writer;
    if (!tail.discard(message.offset)) return this.#end(writer, corrupted(message.offset, tail));
    const streamId = message['stream-id'];
    const isFirst = writer.streamId === undefined;
    writer.streamId = streamId;
    writer.state = 'open';
    return [
      ...(isFirst ? [call(() => on.started(streamId))] : []),
      call(() => on.stored()),
      ...this.#append(writer, tail.texts, tail.from, writer.end !== undefined),
    ];
  }

  #flushed({ 'stream-id': streamId, offset, done }: StreamFlushed): readonly Effect[] {
    return this.#byStream(streamId, (writer) => {
      if (done) return this.#end(writer, undefined);
      if (!writer.tail.discard(Math.max(offset, writer.tail.from))) return this.#end(writer, corrupted(offset, writer.tail));
      writer.failures = 0;
      return [call(() => writer.on.stored())];
    });
  }

  #startFailed(writer: Writer, failure: Failure): readonly Effect[] {
    // We have ended it before, on a line that broke: what a server refuses now is to go on with a stream that has its end.
    if (writer.hasSentEnd && failure.error.type === 'validation-failed') return this.#end(writer, undefined);
    const againAtMs = failure.retryAtMs(writer.failures);
    if (againAtMs === undefined) return this.#end(writer, failure.error);
    writer.failures += 1;
    writer.state = 'apart';
    writer.againAtMs = againAtMs;
    return [];
  }

  #appendFailed(writer: Writer, { error, nowMs }: Failure): readonly Effect[] {
    return error.type === 'permission-denied' ? this.#end(writer, error) : this.#startAgain(writer, nowMs, error);
  }

  /** After a while that grows: a server that refuses what it has asked for must not be hammered. */
  #startAgain(writer: Writer, nowMs: number, cause: TriplaneError): readonly Effect[] {
    writer.failures += 1;
    if (writer.failures > mostFailures) return this.#end(writer, cause);
    if (writer.failures === 1) return this.#start(writer);
    writer.state = 'apart';
    writer.againAtMs = nowMs + Math.min(longestPauseMs, firstPauseMs * 2 ** writer.failures);
    return [];
  }

  #append(writer: Writer, chunks: readonly string[], offset: number, isEnd = false): readonly Effect[] {
    const { state, streamId, eventId, end } = writer;
    if (state !== 'open' || streamId === undefined || (chunks.length === 0 && !isEnd)) return [];
    writer.appends += 1;
    if (isEnd) writer.hasSentEnd = true;
    const message = {
      op: 'append-stream',
      'client-event-id': `${eventId}/${writer.appends}`,
      'stream-id': streamId,
      chunks,
      offset,
      done: isEnd,
      ...(isEnd && end?.abortReason !== undefined && { 'abort-reason': end.abortReason }),
    } as const;
    return [{ do: 'send', message }];
  }

  #byStream(streamId: string, run: (writer: Writer) => readonly Effect[]): readonly Effect[] {
    const writer = [...this.#all].find((each) => each.streamId === streamId && each.state === 'open');
    return writer ? run(writer) : [];
  }

  #end(writer: Writer, error: TriplaneError | undefined): readonly Effect[] {
    this.#all.delete(writer);
    return [call(() => writer.on.ended(error))];
  }
}

const storingFailed = new TriplaneError('server-failed', 'The server could not store the stream');

function corrupted(offset: number, { from, to }: StreamTail): TriplaneError {
  const message = `The stream is not what was written: the server has ${offset} bytes, and what can be sent again is ${from} to ${to}`;
  return new TriplaneError('server-failed', message);
}

function call(listener: () => void): Effect {
  return { do: 'call', listener };
}
