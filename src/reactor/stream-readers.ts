// The streams that this program reads: how far each has come, so that after a break it is asked for from there. A reader that
// cannot keep up lets go of its stream and takes it up again later: there is no other way to tell a server to wait.
// PROTOCOL.md#subscribe-stream

import { TriplaneError } from '../errors.ts';
import type { Random } from '../lib/random.ts';
import type { ServerMessage, StreamAppend, StreamFile } from '../protocol/server-message.ts';
import type { RuleParams } from '../protocol/stream-messages.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';

/** The next bytes, from `offset` on: of files in order, then as they are. */
export interface Stretch {
  readonly offset: number;
  readonly files: readonly StreamFile[];
  readonly bytes: Uint8Array;
}

export interface ReaderEvents {
  started(streamId: string): void;
  came(stretch: Stretch): void;
  /** No more comes: it is over, was ended early, or failed. Once and last. */
  ended(end: { readonly abortReason?: string; readonly error?: TriplaneError }): void;
}

export interface NewReader {
  readonly clientId?: string | undefined;
  readonly streamId?: string | undefined;
  readonly ruleParams?: RuleParams | undefined;
  readonly on: ReaderEvents;
}

export interface Reader extends NewReader {
  state: 'apart' | 'asked' | 'paused';
  eventId: string;
  /** The byte up to which it has come. */
  offset: number;
  hasStarted: boolean;
  failures: number;
  againAtMs: number | undefined;
}

const encoder = new TextEncoder();
const mostFailures = 10;
const firstPauseMs = 250;
const longestPauseMs = 15_000;

export class StreamReaders implements Extra {
  readonly #random: Random;
  readonly #all = new Set<Reader>();

  constructor(random: Random) {
    this.#random = random;
  }

  open(fresh: NewReader, offset: number): { readonly reader: Reader; readonly effects: readonly Effect[] } {
    const reader: Reader = { ...fresh, state: 'apart', eventId: '', offset, hasStarted: false, failures: 0, againAtMs: undefined };
    this.#all.add(reader);
    return { reader, effects: this.#ask(reader) };
  }

  close(reader: Reader): readonly Effect[] {
    const wasAsked = this.#all.delete(reader) && reader.state === 'asked';
    return wasAsked ? [this.#leave(reader)] : [];
  }

  /** Enough for now. */
  pause(reader: Reader): readonly Effect[] {
    if (!this.#all.has(reader) || reader.state === 'paused') return [];
    const wasAsked = reader.state === 'asked';
    reader.state = 'paused';
    reader.againAtMs = undefined;
    return wasAsked ? [this.#leave(reader)] : [];
  }

  resume(reader: Reader): readonly Effect[] {
    return this.#all.has(reader) && reader.state === 'paused' ? this.#ask(reader) : [];
  }

  /** What came after `offset` could not be had: asked for again, even if the end had come. */
  rewind(reader: Reader, offset: number, nowMs: number, cause: TriplaneError): readonly Effect[] {
    const leaving = this.close(reader);
    this.#all.add(reader);
    reader.offset = offset;
    return [...leaving, ...this.#askAgain(reader, nowMs, cause)];
  }

  /** A file came whole: failures are counted from nought again. */
  progressed(reader: Reader): void {
    reader.failures = 0;
  }

  heard(message: ServerMessage, { nowMs }: Hour): readonly Effect[] {
    if (message.op !== 'stream-append') return [];
    const reader = [...this.#all].find(({ state, eventId }) => state === 'asked' && eventId === message['client-event-id']);
    if (!reader) return [];
    if (message.error) return this.#troubled(reader, message, nowMs);
    return this.#came(reader, message);
  }

  failed({ message, error, retryAtMs }: Failure): readonly Effect[] | undefined {
    const op = message['original-event']?.['op'];
    if (op === 'unsubscribe-stream') return [];
    if (op !== 'subscribe-stream') return undefined;
    const reader = [...this.#all].find(({ state, eventId }) => state === 'asked' && eventId === message['client-event-id']);
    if (!reader) return [];
    const againAtMs = retryAtMs(reader.failures);
    if (againAtMs === undefined) return this.#end(reader, { error });
    reader.failures += 1;
    reader.state = 'apart';
    reader.againAtMs = againAtMs;
    return [];
  }

  sessionOpened(): readonly Effect[] {
    return [...this.#all].flatMap((reader) => (reader.state === 'paused' ? [] : this.#ask(reader)));
  }

  lineLost(): readonly Effect[] {
    for (const reader of this.#all) {
      if (reader.state === 'asked') reader.state = 'apart';
      reader.againAtMs = undefined;
    }
    return [];
  }

  userChanged(): readonly Effect[] {
    return [];
  }

  nextDue(): number | undefined {
    let next: number | undefined;
    for (const { againAtMs } of this.#all) if (againAtMs !== undefined) next = Math.min(next ?? againAtMs, againAtMs);
    return next;
  }

  due(nowMs: number): readonly Effect[] {
    return [...this.#all].flatMap((reader) => (reader.againAtMs !== undefined && reader.againAtMs <= nowMs ? this.#ask(reader) : []));
  }

  shutDown(error: TriplaneError): readonly Effect[] {
    return [...this.#all].flatMap((reader) => this.#end(reader, { error }));
  }

  #ask(reader: Reader): readonly Effect[] {
    reader.state = 'asked';
    reader.againAtMs = undefined;
    reader.eventId = this.#random.eventId();
    const { streamId, clientId, offset, ruleParams, eventId } = reader;
    const message = {
      op: 'subscribe-stream',
      'client-event-id': eventId,
      ...(streamId !== undefined && { 'stream-id': streamId }),
      ...(clientId !== undefined && { 'client-id': clientId }),
      ...(offset > 0 && { offset }),
      ...(ruleParams && { 'rule-params': ruleParams }),
    } as const;
    return [{ do: 'send', message }];
  }

  #leave({ eventId }: Reader): Effect {
    const message = { op: 'unsubscribe-stream', 'client-event-id': this.#random.eventId(), 'subscribe-event-id': eventId } as const;
    return { do: 'send', message };
  }

  #came(reader: Reader, message: StreamAppend): readonly Effect[] {
    const offset = message.offset ?? reader.offset;
    if (offset > reader.offset) {
      const lost = `The stream is not whole: of what was read, ${reader.offset} bytes came, and what follows begins at ${offset}`;
      return [...(message.done ? [] : [this.#leave(reader)]), ...this.#end(reader, { error: new TriplaneError('server-failed', lost) })];
    }
    const files = message.files ?? [];
    const bytes = encoder.encode(message.content ?? '');
    const to = files.reduce((sum, { size }) => sum + size, offset + bytes.length);
    const effects: Effect[] = this.#begin(reader, message['stream-id'] ?? undefined);
    if (to > reader.offset) {
      reader.offset = to;
      // Files have yet to be had: only what is here counts as progress.
      if (files.length === 0) reader.failures = 0;
      effects.push(call(() => reader.on.came({ offset, files, bytes })));
    }
    if (!message.done) return effects;
    const abortReason = message['abort-reason'] ?? undefined;
    return [...effects, ...this.#end(reader, abortReason === undefined ? {} : { abortReason })];
  }

  #begin(reader: Reader, streamId: string | undefined): Effect[] {
    if (reader.hasStarted || streamId === undefined) return [];
    reader.hasStarted = true;
    return [call(() => reader.on.started(streamId))];
  }

  #troubled(reader: Reader, message: StreamAppend, nowMs: number): readonly Effect[] {
    const kind = message['error-type'] ?? 'unknown';
    const error = new TriplaneError('server-failed', `The stream cannot be read: ${kind}`, { hint: { 'error-type': kind } });
    if (!message.retry) return this.#end(reader, { error });
    return this.#askAgain(reader, nowMs, error);
  }

  /** At once, then after a while that grows. */
  #askAgain(reader: Reader, nowMs: number, cause: TriplaneError): readonly Effect[] {
    reader.failures += 1;
    if (reader.failures > mostFailures) return this.#end(reader, { error: cause });
    if (reader.failures === 1) return this.#ask(reader);
    reader.state = 'apart';
    reader.againAtMs = nowMs + Math.min(longestPauseMs, firstPauseMs * 2 ** reader.failures);
    return [];
  }

  #end(reader: Reader, end: Parameters<ReaderEvents['ended']>[0]): readonly Effect[] {
    this.#all.delete(reader);
    return [call(() => reader.on.ended(end))];
  }
}

function call(listener: () => void): Effect {
  return { do: 'call', listener };
}
