// Sockets between a client and a server of this process that a schedule can cut: what is on its way is lost, or arrives without an answer.

import type { WebSocketLike } from '../../../src/connection/web-socket.ts';
import type { Connect, ServerSession } from './double.ts';

export interface NetworkOptions {
  readonly connect: Connect;
  readonly random: () => number;
}

export class Network {
  readonly #options: NetworkOptions;
  readonly #open = new Set<VirtualSocket>();
  isDown = false;
  /** How likely it is that the confirmation of a write is swallowed, and its socket cut. */
  swallows = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  socket(): WebSocketLike {
    const socket = new VirtualSocket(this, this.#options);
    this.#open.add(socket);
    return socket;
  }

  /** Every socket there is. */
  cut(): void {
    for (const socket of [...this.#open]) socket.lose();
  }

  /** Whether this frame is swallowed. */
  swallow(frame: string): boolean {
    return this.swallows > 0 && frame.includes('"transact-ok"') && this.#options.random() < this.swallows;
  }

  forget(socket: VirtualSocket): void {
    this.#open.delete(socket);
  }
}

class VirtualSocket implements WebSocketLike {
  readyState = 0;
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  readonly #network: Network;
  readonly #options: NetworkOptions;
  #session: ServerSession | undefined;
  #upAt = 0;
  #downAt = 0;

  constructor(network: Network, options: NetworkOptions) {
    this.#network = network;
    this.#options = options;
    setTimeout(() => (network.isDown ? this.lose() : this.#begin()), 5);
  }

  send(frame: string): void {
    if (this.readyState !== 1) return;
    // What is on its way when the line is cut arrives, or does not.
    const arrives = this.#options.random() < 0.5;
    this.#upAt = this.#later(this.#upAt, () => (this.readyState === 1 || arrives) && this.#session?.receive(frame));
  }

  close(): void {
    this.#end(1000);
  }

  lose(): void {
    this.#end(1006);
  }

  #begin(): void {
    if (this.readyState !== 0) return;
    this.#session = this.#options.connect({
      send: (frame) => (this.#downAt = this.#later(this.#downAt, () => this.#receive(frame))),
      close: () => this.#end(1006),
    });
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  #receive(frame: string): void {
    if (this.readyState !== 1) return;
    if (this.#network.swallow(frame)) return this.lose();
    this.onmessage?.({ data: frame } as never);
  }

  /** In order, each after a while of its own. */
  #later(after: number, run: () => void): number {
    const at = Math.max(after, Date.now() + 2 + this.#options.random() * 20);
    setTimeout(run, at - Date.now());
    return at;
  }

  #end(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#network.forget(this);
    // The server hears of it later than what was on its way.
    setTimeout(() => this.#session?.end(), 100);
    setTimeout(() => this.onclose?.({ code, reason: '', wasClean: code === 1000 } as never), 0);
  }
}
