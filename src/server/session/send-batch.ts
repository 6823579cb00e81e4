// Outgoing messages of one session. For clients that support it, messages of the same moment share one frame.

import type { Socket } from './subscriber.ts';

export class SendBatch {
  readonly #socket: Socket;
  /** Whether the client accepts several messages per frame. */
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
