// The network between tabs and the server: a socket delivers in order, each frame after a delay of its own, and can be cut, go silent, or
// linger half-closed. Frames are text, as on a real socket.

import type { WebSocketLike } from '../../connection/web-socket.ts';
import { untilAborted } from '../../lib/abort.ts';
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

/** What becomes of frames beyond their delay, and who is told of connections. */
export interface Traffic {
  onAttempt(owner: ProcessClock): void;
  onClosed(owner: ProcessClock, wasOpen: boolean): void;
  /** What arrives in the place of a frame to the server; `send` throws if it throws. */
  up(socket: Socket, frame: string): readonly string[];
  /** The same of a frame to the client. Frames of different lanes may overtake each other. */
  down(socket: Socket, frame: string): readonly (readonly [lane: string, frame: string])[];
}

export class VirtualNetwork {
  readonly sockets = new Set<Socket>();
  traffic: Traffic | undefined;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly server: VirtualServer;

  constructor(clock: VirtualClock, random: SeededRandom, server: VirtualServer) {
    this.clock = clock;
    this.random = random;
    this.server = server;
  }

  open(link: Link, owner: ProcessClock): WebSocketLike {
    this.traffic?.onAttempt(owner);
    const socket = new Socket(this, link, owner);
    this.sockets.add(socket);
    return socket;
  }

  /** `fetch` of a page: it fails as in a browser if the device is offline or the server is down. */
  fetchFrom(link: Link, owner: ProcessClock): typeof fetch {
    return (input, init) =>
      untilAborted(
        this.#fetch(link, owner, () => this.server.fetch(input, init)),
        init?.signal ?? undefined,
      );
  }

  async #fetch(link: Link, owner: ProcessClock, send: () => Promise<Response>): Promise<Response> {
    await this.#travel(link);
    const response = await send();
    await this.#travel(link);
    return new Promise((resolve) => owner.deliver(() => resolve(response)));
  }

  async #travel(link: Link): Promise<void> {
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, this.random.between(1, link.delayMs)));
    if (!link.isUp) throw new TypeError('Failed to fetch');
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
  readonly owner: ProcessClock;
  /** By lane. */
  readonly #arrivesAt = new Map<string, number>();
  #session: { receive(frame: string): void; end(): void } | undefined;
  #fate: Fate = 'healthy';
  #wasOpen = false;

  constructor(network: VirtualNetwork, link: Link, owner: ProcessClock) {
    this.link = link;
    this.#network = network;
    this.owner = owner;
    this.#after('up', () => this.#connect());
  }

  send(frame: string): void {
    if (this.readyState !== 1) throw new Error('The socket is closing');
    const frames = this.#network.traffic?.up(this, frame) ?? [frame];
    if (this.#fate === 'silent') return;
    for (const each of frames) this.#after('up', () => this.#fate !== 'silent' && this.#session?.receive(each));
  }

  /** Open, as far as either end can know. */
  get isHealthy(): boolean {
    return this.readyState === 1 && this.#fate === 'healthy' && this.#session !== undefined;
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
        const frames = this.#network.traffic?.down(this, frame) ?? [['down', frame] as const];
        if (this.#fate !== 'healthy') return;
        for (const [lane, data] of frames)
          this.#after(lane, () => this.#deliver(() => this.readyState === 1 && this.onmessage?.({ data } as never)));
      },
      close: () => this.#after('down', () => this.cut()),
    });
    this.#deliver(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      this.#wasOpen = true;
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
      this.#network.traffic?.onClosed(this.owner, this.#wasOpen);
      this.#deliver(() => this.onclose?.({ code: 1006, reason: '', wasClean: false } as never));
    });
  }

  #endSession(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.end();
  }

  #deliver(task: () => void): void {
    this.owner.deliver(task);
  }

  #after(lane: string, run: () => void): void {
    const { clock, random } = this.#network;
    const at = Math.max(this.#arrivesAt.get(lane) ?? 0, clock.monotonicNow() + random.between(1, this.link.delayMs));
    this.#arrivesAt.set(lane, at);
    clock.setTimeout(run, at - clock.monotonicNow());
  }
}
