// What a session is about to be sent: for clients that can read it so, everything said in one moment goes out in one frame.

import type { Socket } from './subscriber.ts';

export class SendBatch {
  readonly #socket: Socket;
  /** Whether the client reads several messages in a frame. */
  acceptsBatches = false;
  #waiting: string[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(message: string): void {
    if (!this.acceptsBatches) return this.#socket.send(message);
    this.#waiting.push(message);
    if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
  }

  flush(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const frame = this.#waiting.length === 1 ? first : `[${this.#waiting.join(',')}]`;
    this.#waiting = [];
    this.#socket.send(frame);
  }
}
