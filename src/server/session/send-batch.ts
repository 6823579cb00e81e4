// Outgoing messages of one session, in order. For clients that support it, messages of the same moment share one frame.

import type { SendTurns, Waiting } from './send-turns.ts';
import type { Socket } from './subscriber.ts';

export class SendBatch implements Waiting {
  readonly #socket: Socket;
  readonly #turns: SendTurns;
  /** Whether the client accepts several messages per frame. */
  acceptsBatches = false;
  #waiting: string[] = [];

  constructor(socket: Socket, turns: SendTurns) {
    this.#socket = socket;
    this.#turns = turns;
  }

  send(message: string): void {
    const isAdmitted = this.#waiting.length === 0 && this.#turns.admit(message);
    if (isAdmitted && !this.acceptsBatches) return this.#socket.send(message);
    this.#waiting.push(message);
    if (isAdmitted) return queueMicrotask(() => void this.flush());
    if (this.#waiting.length === 1) this.#turns.enqueue(this);
    this.#turns.count(message);
  }

  flush(): number {
    const waiting = this.#waiting;
    this.#waiting = [];
    const frames = waiting.length > 1 && this.acceptsBatches ? [`[${waiting.join(',')}]`] : waiting;
    for (const frame of frames) this.#socket.send(frame);
    return frames.reduce((length, frame) => length + frame.length, 0);
  }
}
