// What a session is about to be sent: for clients that can read it so, everything said in one moment goes out in one frame.

import type { Peer } from './listener.ts';

export class Outgoing {
  readonly #peer: Peer;
  /** Whether the client reads several messages in a frame. */
  takesBatches = false;
  #waiting: string[] = [];

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  send(message: string): void {
    if (!this.takesBatches) return this.#peer.send(message);
    this.#waiting.push(message);
    if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
  }

  flush(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const frame = this.#waiting.length === 1 ? first : `[${this.#waiting.join(',')}]`;
    this.#waiting = [];
    this.#peer.send(frame);
  }
}
