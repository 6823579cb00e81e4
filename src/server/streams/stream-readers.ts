// Those who read streams. Each has a place in the stored text, and is sent what follows as fast as its client reads it: nothing is kept for a
// reader, however far behind, and many readers are served in turns.

import type { ServerMessage } from '../../protocol/server-message.ts';
import type { Subscriber } from '../session/subscriber.ts';
import { othersServed } from '../slices.ts';
import { pieceOf } from '../text-pieces.ts';
import type { StreamPart } from './stream-parts.ts';

/** Maximum length of the text of one message. */
const maxLength = 256 * 1024;
/** What is sent to one session before checking how much of it was read. */
const uncheckedLength = 256 * 1024;
/** What a message costs, in characters that are encoded in the same time. */
const costOfMessage = 4 * 1024;
/** Sent in one turn of the event loop: about 10 ms. */
const costOfTurn = 1024 * 1024;

/** A session, as far as readers need it. */
export interface ReaderSession {
  readonly subscriber: Subscriber;
  readonly send: (message: ServerMessage) => number;
  readonly drained: (() => Promise<void>) | undefined;
  readonly failed: (error: unknown) => void;
}

export interface Reading {
  readonly streamId: string;
  readonly clientId: string;
  readonly eventId: string;
  /** Index of the next part, and the characters and bytes of it that were sent. */
  part: number;
  chars: number;
  bytes: number;
  hasBegun: boolean;
}

interface Output {
  readonly session: ReaderSession;
  readonly readings: Set<Reading>;
  /** Those with something to send. */
  readonly due: Set<Reading>;
  isSending: boolean;
}

export class StreamReaders {
  readonly #partsOf: (streamId: string) => readonly StreamPart[];
  readonly #outputs = new Map<Subscriber, Output>();
  readonly #ofStream = new Map<string, Map<Reading, Output>>();
  /** Of what was sent in this turn. */
  #cost = 0;

  constructor(partsOf: (streamId: string) => readonly StreamPart[]) {
    this.#partsOf = partsOf;
  }

  count(subscriber: Subscriber): number {
    return this.#outputs.get(subscriber)?.readings.size ?? 0;
  }

  /** From the part that holds the offset on. */
  add(session: ReaderSession, about: Pick<Reading, 'streamId' | 'clientId' | 'eventId'>, offset: number): void {
    const parts = this.#partsOf(about.streamId);
    const first = parts.findIndex(({ to, end }) => to > offset || end);
    const reading: Reading = { ...about, part: first === -1 ? parts.length : first, chars: 0, bytes: 0, hasBegun: false };
    const output = this.#outputs.get(session.subscriber) ?? { session, readings: new Set(), due: new Set(), isSending: false };
    this.#outputs.set(session.subscriber, output);
    output.readings.add(reading);
    const ofStream = this.#ofStream.get(reading.streamId) ?? new Map<Reading, Output>();
    this.#ofStream.set(reading.streamId, ofStream.set(reading, output));
    if (first === -1) {
      session.send({ ...headOf(reading), offset: Math.min(offset, parts.at(-1)?.to ?? 0), files: [], content: '' });
      reading.hasBegun = true;
    } else this.#advance(output, reading);
  }

  /** More is stored. */
  tell(streamId: string): void {
    for (const [reading, output] of this.#ofStream.get(streamId) ?? []) this.#advance(output, reading);
  }

  tellAll(): void {
    for (const streamId of this.#ofStream.keys()) this.tell(streamId);
  }

  /** False if the session did not read under this id. */
  stop(subscriber: Subscriber, eventId: string): boolean {
    const output = this.#outputs.get(subscriber);
    const stopped = [...(output?.readings ?? [])].filter((reading) => reading.eventId === eventId);
    for (const reading of stopped) if (output) this.#drop(output, reading);
    return stopped.length > 0;
  }

  forget(subscriber: Subscriber): void {
    const output = this.#outputs.get(subscriber);
    for (const reading of [...(output?.readings ?? [])]) if (output) this.#drop(output, reading);
  }

  /** The stream was deleted. */
  removed(streamId: string): void {
    for (const [reading, output] of [...(this.#ofStream.get(streamId) ?? [])]) {
      output.session.send({ ...headOf(reading), error: true, 'error-type': 'unknown' });
      this.#drop(output, reading);
    }
  }

  #drop(output: Output, reading: Reading): void {
    output.readings.delete(reading);
    output.due.delete(reading);
    if (output.readings.size === 0) this.#outputs.delete(output.session.subscriber);
    const ofStream = this.#ofStream.get(reading.streamId);
    ofStream?.delete(reading);
    if (ofStream?.size === 0) this.#ofStream.delete(reading.streamId);
  }

  #advance(output: Output, reading: Reading): void {
    output.due.add(reading);
    if (output.isSending) return;
    void this.#send(output).catch((error: unknown) => {
      for (const reading of [...output.readings]) this.#drop(output, reading);
      output.session.failed(error);
    });
  }

  async #send(output: Output): Promise<void> {
    const { due, session } = output;
    output.isSending = true;
    let unchecked = 0;
    for (const reading of due) {
      while (this.#cost > costOfTurn) await othersServed();
      if (!due.delete(reading)) continue;
      const length = this.#sendNext(output, reading);
      this.#count(length + costOfMessage);
      if (output.readings.has(reading) && reading.part < this.#partsOf(reading.streamId).length) due.add(reading);
      if ((unchecked += length) <= uncheckedLength) continue;
      unchecked = 0;
      await session.drained?.();
    }
    output.isSending = false;
  }

  #count(cost: number): void {
    if (this.#cost === 0) setImmediate(() => (this.#cost = 0));
    this.#cost += cost;
  }

  /** One message. Returns its length. */
  #sendNext(output: Output, reading: Reading): number {
    const parts = this.#partsOf(reading.streamId);
    const { from, text, end } = nextText(parts, reading);
    const last = parts[reading.part - 1];
    const { hasBegun } = reading;
    reading.hasBegun = true;
    // The end follows on the text it was sent with, except on what was there at the beginning.
    const isApart = hasBegun && end !== undefined && text !== '';
    const messages = isApart
      ? [
          { from, text },
          { from: last?.to ?? from, text: '', end },
        ]
      : [{ from, text, end }];
    let length = 0;
    for (const message of messages) length += output.session.send({ ...appended(reading, message), ...(!hasBegun && { files: [] }) });
    if (end) this.#drop(output, reading);
    return length;
  }
}

type Text = Pick<StreamPart, 'from' | 'text'> & { readonly end?: StreamPart['end'] };

/** What follows, up to the maximum: small parts together, a long one in pieces. Moves the place of the reading. */
function nextText(parts: readonly StreamPart[], reading: Reading): Text {
  const from = (parts[reading.part]?.from ?? 0) + reading.bytes;
  let text = '';
  for (let part = parts[reading.part]; part && text.length < maxLength; part = parts[reading.part]) {
    const piece = pieceOf(part.text, reading.chars, maxLength);
    const isWhole = reading.chars + piece.length === part.text.length;
    if (text !== '' && text.length + piece.length > maxLength) break;
    text += piece;
    if (!isWhole) {
      reading.chars += piece.length;
      reading.bytes += Buffer.byteLength(piece);
      break;
    }
    Object.assign(reading, { part: reading.part + 1, chars: 0, bytes: 0 });
    if (part.end) return { from, text, end: part.end };
  }
  return { from, text };
}

function headOf({ streamId, clientId, eventId }: Reading) {
  return { op: 'stream-append', 'client-event-id': eventId, 'stream-id': streamId, 'client-id': clientId } as const;
}

function appended(reading: Reading, { from, text, end }: Text): ServerMessage {
  return {
    ...headOf(reading),
    offset: from,
    content: text,
    ...(end && { done: true, ...(end.abortReason !== undefined && { 'abort-reason': end.abortReason }) }),
  };
}
