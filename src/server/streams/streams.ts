// Text streams while they are written and read. Text from a writer is stored as soon as the log is free, in batches; readers receive stored
// text only, from stream-readers.ts. PROTOCOL.md#start-stream

import type { AppendStream, SubscribeStream } from '../../protocol/stream-messages.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import { busy, invalid, rejection } from '../errors.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { LogEntry } from '../storage/storage.ts';
import { type NewStreamPart, type StreamPart, StreamParts } from './stream-parts.ts';
import { type ReaderSession, StreamReaders } from './stream-readers.ts';

interface Writing {
  readonly streamId: string;
  readonly writer: Subscriber;
  /** The writer's offsets: stored, being stored, and waiting. */
  at: number;
  waiting: { from: number; text: string; end: StreamPart['end']; readonly release: (() => void)[] } | undefined;
  isStoring: boolean;
  /** The writer's session has ended. */
  isLeft: boolean;
}

export interface StreamsConfig {
  /** Rejects if the text could not be stored. */
  readonly store: (part: NewStreamPart) => Promise<void>;
  readonly deliver: (outgoing: readonly Outgoing[]) => void;
}

export class Streams {
  readonly #config: StreamsConfig;
  readonly #parts = new StreamParts();
  readonly #readers = new StreamReaders((streamId) => this.#parts.of(streamId));
  readonly #writing = new Map<string, Writing>();
  readonly #ofWriter = new Map<Subscriber, Set<Writing>>();

  constructor(config: StreamsConfig) {
    this.#config = config;
  }

  load(records: ReadonlyMap<string, unknown>): void {
    this.#parts.load(records);
    this.#readers.tellAll();
  }

  /** Number of streams a session reads or writes. */
  count(subscriber: Subscriber): number {
    return (this.#ofWriter.get(subscriber)?.size ?? 0) + this.#readers.count(subscriber);
  }

  isDone(streamId: string): boolean {
    return this.#parts.isDone(streamId);
  }

  /** Makes this session the writer. @returns the number of bytes stored */
  open(streamId: string, writer: Subscriber): number {
    const at = this.#parts.size(streamId);
    this.#close(this.#writing.get(streamId));
    const writing: Writing = { streamId, writer, at, waiting: undefined, isStoring: false, isLeft: false };
    this.#writing.set(streamId, writing);
    this.#ofWriter.set(writer, (this.#ofWriter.get(writer) ?? new Set()).add(writing));
    return at;
  }

  /** `memory`: of the writer's session. @throws InstantAPIError */
  append(writer: Subscriber, message: AppendStream, memory: Pick<MemoryBudget, 'hold'>): void {
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
    const release = held(memory, Buffer.byteLength(text));
    writing.waiting ??= { from: writing.at, text: '', end: undefined, release: [] };
    writing.waiting.release.push(release);
    writing.waiting.text += text;
    writing.waiting.end = end;
    writing.at += Buffer.byteLength(text);
    this.#store(writing);
  }

  /** Sends the stored text; more follows as it is stored. */
  read(session: ReaderSession, { 'client-event-id': eventId, offset }: SubscribeStream, streamId: string, clientId: string): void {
    this.#readers.add(session, { streamId, clientId, eventId }, offset ?? 0);
  }

  /** False if the session did not read under this id. */
  stopReading(subscriber: Subscriber, eventId: string): boolean {
    return this.#readers.stop(subscriber, eventId);
  }

  forget(subscriber: Subscriber): void {
    this.#readers.forget(subscriber);
    // Text that was sent and is waiting is still stored.
    for (const writing of [...(this.#ofWriter.get(subscriber) ?? [])]) {
      writing.isLeft = true;
      if (!writing.isStoring) this.#close(writing);
    }
  }

  /** Call after these transactions. */
  committed(entries: readonly LogEntry[]): void {
    for (const streamId of new Set(this.#parts.addStored(entries).map((part) => part.streamId))) this.#readers.tell(streamId);
  }

  /** Call when the stream's entity was deleted. @returns the changes that delete its records */
  removed(streamId: string): ReturnType<StreamParts['forget']> {
    this.#close(this.#writing.get(streamId));
    this.#readers.removed(streamId);
    return this.#parts.forget(streamId);
  }

  #store(writing: Writing): void {
    const { streamId, writer, waiting, isStoring } = writing;
    if (!waiting || isStoring || this.#writing.get(streamId) !== writing) return;
    writing.waiting = undefined;
    writing.isStoring = true;
    const { from, text, end, release } = waiting;
    const to = from + Buffer.byteLength(text);
    const stored = this.#config.store({ streamId, from, to, text, end }).finally(() => release.forEach((each) => each()));
    stored.then(
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

  #close(writing: Writing | undefined): void {
    if (!writing) return;
    if (this.#writing.get(writing.streamId) === writing) this.#writing.delete(writing.streamId);
    for (const release of writing.waiting?.release ?? []) release();
    writing.waiting = undefined;
    const ofWriter = this.#ofWriter.get(writing.writer);
    ofWriter?.delete(writing);
    if (ofWriter?.size === 0) this.#ofWriter.delete(writing.writer);
  }
}

/** @throws InstantAPIError 'rate-limited': the writer starts the stream again, from what is stored */
function held(memory: Pick<MemoryBudget, 'hold'>, bytes: number): () => void {
  try {
    return memory.hold(bytes, 'text of streams that is being stored');
  } catch {
    throw busy('Too much text waits to be stored');
  }
}

function fault(input: object, message: string): Error {
  return invalid('append-stream', input, [{ message }]);
}

export function noSuchStream(name: string): Error {
  return rejection('record-not-found', 'Record not found: stream', { 'record-type': 'stream', args: [name] });
}
