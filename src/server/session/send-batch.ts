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

  constructor(socket: Socket, turns: SendTurns) {
    this.#socket = socket;
    this.#turns = turns;
  }

  send(message: Frame): void {
    const isAdmitted = this.#waiting.length === 0 && this.#turns.admit(message);
    if (isAdmitted && !this.acceptsBatches) return this.#write(message);
    this.#waiting.push(message);
    if (isAdmitted) return queueMicrotask(() => void this.flush());
    if (this.#waiting.length === 1) this.#turns.enqueue(this);
    this.#turns.count(message);
  }

  flush(): number {
    const waiting = this.#waiting;
    this.#waiting = [];
    let length = 0;
    for (const frame of this.acceptsBatches ? batched(waiting) : waiting) {
      length += lengthOf(frame);
      this.#write(frame);
    }
    return length;
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
