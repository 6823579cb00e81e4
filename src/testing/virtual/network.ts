// The network between tabs and the server: a socket delivers in order, each frame after a delay of its own, and can be cut, go silent, or
// linger half-closed. Frames are text, as on a real socket.

import type { WebSocketLike } from '../../connection/web-socket.ts';
import type { VirtualClock } from './clock.ts';
import type { ProcessClock } from './process-clock.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualServer } from './server.ts';

/** What a device's access to the network is like. */
export interface Link {
  isUp: boolean;
  /** The most that a frame takes, in milliseconds. */
  delayMs: number;
}

export class VirtualNetwork {
  readonly sockets = new Set<Socket>();
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly server: VirtualServer;

  constructor(clock: VirtualClock, random: SeededRandom, server: VirtualServer) {
    this.clock = clock;
    this.random = random;
    this.server = server;
  }

  open(link: Link, owner: ProcessClock): WebSocketLike {
    const socket = new Socket(this, link, owner);
    this.sockets.add(socket);
    return socket;
  }

  /** Every connection of a device is lost. */
  cut(link: Link): void {
    for (const socket of this.sockets) if (socket.link === link) socket.cut();
  }
}

type Fate = 'healthy' | 'silent' | 'answers-lost';

export class Socket implements WebSocketLike {
  readyState = 0;
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  readonly link: Link;
  readonly #network: VirtualNetwork;
  readonly #owner: ProcessClock;
  readonly #arrivesAt = { up: 0, down: 0 };
  #session: { receive(frame: string): void; end(): void } | undefined;
  #fate: Fate = 'healthy';

  constructor(network: VirtualNetwork, link: Link, owner: ProcessClock) {
    this.link = link;
    this.#network = network;
    this.#owner = owner;
    this.#after('up', () => this.#connect());
  }

  send(frame: string): void {
    if (this.readyState !== 1) throw new Error('The socket is closing');
    if (this.#fate === 'silent') return;
    this.#after('up', () => this.#fate !== 'silent' && this.#session?.receive(frame));
  }

  close(): void {
    if (this.readyState >= 2) return;
    this.#closing();
    this.#after('up', () => this.#endSession());
  }

  /** The connection breaks: the client hears of it, and so does the server, each in its time. */
  cut(): void {
    if (this.readyState === 3) return;
    this.#closing();
    this.#endSession();
  }

  /** Nothing gets through any more, and neither side is told. */
  goSilent(): void {
    if (this.#fate !== 'healthy') return;
    this.#fate = 'silent';
    this.#network.clock.setTimeout(() => this.#endSession(), 30_000);
  }

  /** What the client sends arrives; what the server answers does not. The connection then breaks. */
  loseAnswers(): void {
    // A stream that has lost bytes carries none that come after them.
    if (this.#fate !== 'healthy') return;
    this.#fate = 'answers-lost';
    this.#network.clock.setTimeout(() => this.cut(), this.#network.random.between(1, 2_000));
  }

  #connect(): void {
    if (this.readyState !== 0) return;
    if (!this.link.isUp || !this.#network.server.isUp) return this.cut();
    this.#session = this.#network.server.connect({
      send: (frame) => {
        if (this.#fate === 'healthy')
          this.#after('down', () => this.#deliver(() => this.readyState === 1 && this.onmessage?.({ data: frame } as never)));
      },
      close: () => this.#after('down', () => this.cut()),
    });
    this.#deliver(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      this.onopen?.({} as never);
    });
  }

  /** CLOSING for a while, in which `send` throws; then CLOSED. */
  #closing(): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    this.#after('down', () => {
      this.readyState = 3;
      this.#network.sockets.delete(this);
      this.#deliver(() => this.onclose?.({ code: 1006, reason: '', wasClean: false } as never));
    });
  }

  #endSession(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.end();
  }

  #deliver(task: () => void): void {
    this.#owner.deliver(task);
  }

  #after(way: 'up' | 'down', run: () => void): void {
    const { clock, random } = this.#network;
    const at = Math.max(this.#arrivesAt[way], clock.monotonicNow() + random.between(1, this.link.delayMs));
    this.#arrivesAt[way] = at;
    clock.setTimeout(run, at - clock.monotonicNow());
  }
}
