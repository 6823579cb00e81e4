// Outgoing messages of one session, in order. For clients that support it, messages of the same moment share one frame.

import { type Frame, lengthOf } from '../parted-output.ts';
import type { SendTurns, Waiting } from './send-turns.ts';
import type { Socket } from './subscriber.ts';

export class SendBatch implements Waiting {
  readonly #socket: Socket;
  readonly #turns: SendTurns;
  /** Whether the client accepts several messages per frame. */
  acceptsBatches = false;
  #waiting: Frame[] = [];
  /** How many of the first were admitted, and are not counted. */
  #admitted = 0;
  #length = 0;

  constructor(socket: Socket, turns: SendTurns) {
    this.#socket = socket;
    this.#turns = turns;
  }

  get length(): number {
    return this.#length;
  }

  send(message: Frame): void {
    const isAdmitted = this.#waiting.length === 0 && this.#turns.admit(message);
    if (isAdmitted && !this.acceptsBatches) return this.#write(message);
    this.#waiting.push(message);
    this.#length += lengthOf(message);
    if (isAdmitted) {
      this.#admitted = 1;
      return queueMicrotask(() => void this.flush());
    }
    if (this.#waiting.length - this.#admitted === 1) this.#turns.enqueue(this);
    this.#turns.count(message);
  }

  flush(maxLength = Infinity): number {
    const taken = this.#take(maxLength);
    for (const frame of this.acceptsBatches ? batched(taken) : taken) this.#write(frame);
    return taken.reduce((length, frame) => length + lengthOf(frame), 0);
  }

  /** The first ones up to a length, and at least one. */
  #take(maxLength: number): readonly Frame[] {
    let [count, length] = [0, 0];
    for (const frame of this.#waiting) {
      if (count > 0 && length + lengthOf(frame) > maxLength) break;
      count++;
      length += lengthOf(frame);
    }
    const taken = this.#waiting.splice(0, count);
    this.#length -= length;
    for (const frame of taken.slice(this.#admitted)) this.#turns.release(frame);
    this.#admitted = 0;
    return taken;
  }

  #write(frame: Frame): void {
    if (typeof frame === 'string') this.#socket.send(frame);
    else if (this.#socket.sendParts) this.#socket.sendParts(frame);
    else this.#socket.send(frame.join(''));
  }
}

/** Long messages stay by themselves. */
function batched(messages: readonly Frame[]): Frame[] {
  const frames: Frame[] = [];
  let batch: string[] = [];
  const end = (): void => {
    if (batch.length > 0) frames.push(batch.length === 1 ? (batch[0] as string) : `[${batch.join(',')}]`);
    batch = [];
  };
  for (const message of messages) {
    if (typeof message === 'string') batch.push(message);
    else {
      end();
      frames.push(message);
    }
  }
  end();
  return frames;
}
