// Text streams while they are written and read. Text from a writer is stored as soon as the log is free, in batches; readers receive stored
// text only. PROTOCOL.md#start-stream

import type { ServerMessage } from '../../protocol/server-message.ts';
import type { AppendStream, SubscribeStream } from '../../protocol/stream-messages.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import { invalid, rejection } from '../errors.ts';
import type { LogEntry } from '../storage/storage.ts';
import { type NewStreamPart, type StreamPart, StreamParts } from './stream-parts.ts';

/** Maximum size of one message to a reader. */
const maxMessageLength = 256 * 1024;

interface Writing {
  readonly streamId: string;
  readonly writer: Subscriber;
  /** The writer's offsets: stored, being stored, and waiting. */
  at: number;
  waiting: { from: number; text: string; end: StreamPart['end'] } | undefined;
  isStoring: boolean;
  /** The writer's session has ended. */
  isLeft: boolean;
}

interface Reading {
  readonly streamId: string;
  readonly clientId: string;
  readonly subscriber: Subscriber;
  readonly eventId: string;
}

export interface StreamsConfig {
  /** Rejects if the text could not be stored. */
  readonly store: (part: NewStreamPart) => Promise<void>;
  readonly deliver: (outgoing: readonly Outgoing[]) => void;
}

export class Streams {
  readonly #config: StreamsConfig;
  readonly #parts = new StreamParts();
  readonly #writing = new Map<string, Writing>();
  readonly #reading = new Map<string, Set<Reading>>();

  constructor(config: StreamsConfig) {
    this.#config = config;
  }

  load(records: ReadonlyMap<string, unknown>): void {
    this.#parts.load(records);
  }

  /** Number of streams a session reads or writes. */
  count(subscriber: Subscriber): number {
    const writes = [...this.#writing.values()].filter(({ writer }) => writer === subscriber);
    return writes.length + this.#readingsOf(subscriber).length;
  }

  isDone(streamId: string): boolean {
    return this.#parts.isDone(streamId);
  }

  /** Makes this session the writer. @returns the number of bytes stored */
  open(streamId: string, writer: Subscriber): number {
    const at = this.#parts.size(streamId);
    this.#writing.set(streamId, { streamId, writer, at, waiting: undefined, isStoring: false, isLeft: false });
    return at;
  }

  /** @throws InstantAPIError */
  append(writer: Subscriber, message: AppendStream): void {
    const { 'stream-id': streamId, offset, chunks } = message;
    const writing = this.#writing.get(streamId);
    if (writing?.writer !== writer)
      throw fault({ 'sess-id': writer.id, 'stream-id': streamId }, 'this session does not write the stream: start it first');
    if (writing.waiting?.end || this.#parts.isDone(streamId)) throw fault({ 'stream-id': streamId }, 'the stream is done');
    if (offset !== writing.at) {
      const input = { 'stream-id': streamId, offset, 'expected-offset': writing.at };
      throw fault(input, `the offset is ${offset}, and should be ${writing.at}`);
    }
    // Bytes are counted per chunk: malformed surrogates are replaced before they can join with a neighbouring chunk.
    const text = chunks.map((chunk) => Buffer.from(chunk).toString()).join('');
    const end = message.done ? { abortReason: message['abort-reason'] ?? undefined } : undefined;
    if (text === '' && !end) return;
    writing.waiting ??= { from: writing.at, text: '', end: undefined };
    writing.waiting.text += text;
    writing.waiting.end = end;
    writing.at += Buffer.byteLength(text);
    this.#store(writing);
  }

  /** @returns the stored text; more follows as it is stored */
  read(
    subscriber: Subscriber,
    { 'client-event-id': eventId, offset }: SubscribeStream,
    streamId: string,
    clientId: string,
  ): ServerMessage[] {
    const reading: Reading = { streamId, clientId, subscriber, eventId };
    const found = mergedParts(this.#parts.of(streamId), offset ?? 0).map((part) => ({ ...appended(reading, part), files: [] }));
    const first = { ...headOf(reading), offset: Math.min(offset ?? 0, this.#parts.size(streamId)), files: [], content: '' };
    if (!this.#parts.isDone(streamId)) {
      const readings = this.#reading.get(streamId) ?? new Set<Reading>();
      this.#reading.set(streamId, readings.add(reading));
    }
    return found.length > 0 ? found : [first];
  }

  /** False if the session did not read under this id. */
  stopReading(subscriber: Subscriber, eventId: string): boolean {
    const readings = [...this.#readingsOf(subscriber)].filter((reading) => reading.eventId === eventId);
    for (const reading of readings) this.#drop(reading);
    return readings.length > 0;
  }

  forget(subscriber: Subscriber): void {
    for (const reading of this.#readingsOf(subscriber)) this.#drop(reading);
    // Text that was sent and is waiting is still stored.
    for (const writing of [...this.#writing.values()]) {
      if (writing.writer !== subscriber) continue;
      writing.isLeft = true;
      if (!writing.isStoring) this.#close(writing);
    }
  }

  /** The messages due after these transactions. */
  committed(entries: readonly LogEntry[]): Outgoing[] {
    const outgoing: Outgoing[] = [];
    for (const part of this.#parts.addStored(entries)) {
      for (const reading of this.#reading.get(part.streamId) ?? []) {
        for (const told of withEndApart(part)) outgoing.push({ to: reading.subscriber, message: appended(reading, told) });
      }
      if (part.end) this.#reading.delete(part.streamId);
    }
    return outgoing;
  }

  /** Call when the stream's entity was deleted. @returns the changes that delete its records */
  removed(streamId: string): ReturnType<StreamParts['forget']> {
    this.#writing.delete(streamId);
    for (const reading of this.#reading.get(streamId) ?? []) {
      this.#config.deliver([{ to: reading.subscriber, message: { ...headOf(reading), error: true, 'error-type': 'unknown' } }]);
    }
    this.#reading.delete(streamId);
    return this.#parts.forget(streamId);
  }

  #store(writing: Writing): void {
    const { streamId, writer, waiting, isStoring } = writing;
    if (!waiting || isStoring || this.#writing.get(streamId) !== writing) return;
    writing.waiting = undefined;
    writing.isStoring = true;
    const { from, text, end } = waiting;
    const to = from + Buffer.byteLength(text);
    this.#config.store({ streamId, from, to, text, end }).then(
      () => {
        writing.isStoring = false;
        this.#config.deliver([
          { to: writer, message: { op: 'stream-flushed', 'stream-id': streamId, offset: to, done: end !== undefined } },
        ]);
        if (end || (writing.isLeft && !writing.waiting)) this.#close(writing);
        else this.#store(writing);
      },
      () => {
        this.#close(writing);
        this.#config.deliver([{ to: writer, message: { op: 'append-failed', 'stream-id': streamId } }]);
      },
    );
  }

  #close(writing: Writing): void {
    if (this.#writing.get(writing.streamId) === writing) this.#writing.delete(writing.streamId);
  }

  #readingsOf(subscriber: Subscriber): Reading[] {
    return [...this.#reading.values()].flatMap((readings) => [...readings].filter((reading) => reading.subscriber === subscriber));
  }

  #drop(reading: Reading): void {
    const readings = this.#reading.get(reading.streamId);
    readings?.delete(reading);
    if (readings?.size === 0) this.#reading.delete(reading.streamId);
  }
}

function headOf({ streamId, clientId, eventId }: Reading) {
  return { op: 'stream-append', 'client-event-id': eventId, 'stream-id': streamId, 'client-id': clientId } as const;
}

function appended(reading: Reading, { from, text, end }: StreamPart): ServerMessage {
  return {
    ...headOf(reading),
    offset: from,
    content: text,
    ...(end && { done: true, ...(end.abortReason !== undefined && { 'abort-reason': end.abortReason }) }),
  };
}

/** The end follows on the text it was sent with. */
function withEndApart(part: StreamPart): StreamPart[] {
  if (!part.end || part.text === '') return [part];
  return [
    { ...part, end: undefined },
    { from: part.to, to: part.to, text: '', end: part.end },
  ];
}

/** From the part that holds the offset on, small neighbours together. */
function mergedParts(parts: readonly StreamPart[], offset: number): StreamPart[] {
  const joined: StreamPart[] = [];
  for (const part of parts) {
    if (part.to <= offset && !part.end) continue;
    const last = joined.at(-1);
    if (last && last.text.length + part.text.length < maxMessageLength)
      joined[joined.length - 1] = { ...part, from: last.from, text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}

function fault(input: object, message: string): Error {
  return invalid('append-stream', input, [{ message }]);
}

export function noSuchStream(name: string): Error {
  return rejection('record-not-found', 'Record not found: stream', { 'record-type': 'stream', args: [name] });
}
