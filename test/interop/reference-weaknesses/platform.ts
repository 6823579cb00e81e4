// A browser with several tabs, and a server, for one script: storage, network, channels, locks and sockets are made of
// memory; time is moved by hand. Both clients are given the same, by the names a browser has for it.

import * as fakeIndexedDb from 'fake-indexeddb';
import { vi } from 'vitest';
import type { ClientMessage } from '../../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import { rejection } from '../../support/goals.ts';
import { type ModelOptions, ModelServer, type ModelSession } from '../../support/model-server.ts';

export interface Frame {
  readonly atMs: number;
  readonly message: ClientMessage;
}

/** The server's end: what it hears is answered at once, unless it is told otherwise. */
export class Backend {
  readonly model: ModelServer;
  readonly sockets: FakeSocket[] = [];
  readonly frames: Frame[] = [];
  /** When a socket came. */
  readonly attempts: number[] = [];
  readonly revoked = new Set<string>();
  isUp = true;
  /** What is heard, and not answered until `release`. */
  readonly held = new Set<ClientMessage['op']>();
  /** Swallows what is said about a transaction that was done. */
  losesAcks = false;
  /** Nothing gets through, and nobody says so. */
  isDead = false;
  /** What it says to `init` in place of yes. */
  refusesInit: (() => ServerMessage) | undefined;
  /** What clients threw while they took a frame: in a browser, an uncaught error. */
  readonly thrown: unknown[] = [];
  #waiting: [FakeSocket, ClientMessage][] = [];

  constructor(options: ModelOptions) {
    this.model = new ModelServer({ ...options, forbids: (step) => step[0] === 'add-triple' && step[3] === 'bad' });
  }

  get openSockets(): FakeSocket[] {
    return this.sockets.filter(({ readyState }) => readyState === 1);
  }

  sent<Op extends ClientMessage['op']>(op: Op): Extract<ClientMessage, { readonly op: Op }>[] {
    return this.frames.flatMap(({ message }) => (message.op === op ? [message as Extract<ClientMessage, { readonly op: Op }>] : []));
  }

  receive(socket: FakeSocket, message: ClientMessage): void {
    this.frames.push({ atMs: Date.now(), message });
    if (this.isDead) return;
    if (this.held.has(message.op)) return void this.#waiting.push([socket, message]);
    this.result(socket, message);
  }

  result(socket: FakeSocket, message: ClientMessage): void {
    if (message.op === 'init') {
      const no = this.revoked.has(message['refresh-token'] ?? '') ? revokedUser() : this.refusesInit?.();
      if (no) return socket.say({ ...no, 'client-event-id': message['client-event-id'] } as ServerMessage);
    }
    socket.session.receive(message);
    this.pump(socket);
  }

  /** Everything there is to do, and to say. */
  pump(socket: FakeSocket): void {
    while (socket.session.work(0));
    for (const other of this.openSockets) other.session.refresh();
    for (const other of this.openSockets) {
      for (let sent = other.session.next(0); sent; sent = other.session.next(0)) {
        if (!(this.losesAcks && sent.op === 'transact-ok')) other.say(sent);
      }
    }
  }

  /** Somebody else writes. */
  put(...goal: Parameters<ModelServer['put']>): void {
    this.model.put(...goal);
    for (const socket of this.openSockets) this.pump(socket);
  }

  release(): void {
    this.held.clear();
    for (const [socket, message] of this.#waiting.splice(0)) if (socket.readyState === 1) this.result(socket, message);
  }

  /** Every line is lost. What was heard and not answered is lost with it. */
  hangUp(): void {
    this.#waiting = [];
    for (const socket of this.openSockets) socket.lose();
  }
}

function revokedUser(): ServerMessage {
  const hint = { 'record-type': 'app-user' };
  return rejection('', { type: 'record-not-found', message: 'Record not found: app-user', hint, 'original-event': { op: 'init' } });
}

/** As much of a WebSocket as clients use. */
export class FakeSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  readonly session: ModelSession;
  readonly #backend: Backend;

  constructor() {
    const { backend } = stage;
    this.#backend = backend;
    this.session = backend.model.connect();
    backend.sockets.push(this);
    backend.attempts.push(Date.now());
    setTimeout(() => (backend.isUp && stage.isOnline ? this.#open() : this.lose()), 1);
  }

  send(text: string): void {
    if (this.readyState === 1) this.#backend.receive(this, JSON.parse(text) as ClientMessage);
  }

  say(message: ServerMessage): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(data: string): void {
    setTimeout(() => {
      if (this.readyState !== 1 || this.#backend.isDead) return;
      try {
        this.onmessage?.({ data } as never);
      } catch (error) {
        this.#backend.thrown.push(error);
      }
    }, 1);
  }

  close(): void {
    if (this.readyState < 2) this.lose();
  }

  lose(): void {
    this.readyState = 3;
    this.session.close();
    setTimeout(() => this.onclose?.({ code: 1006, reason: '' } as never), 0);
  }

  #open(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.({} as never);
  }
}

class FakeChannel {
  static readonly open = new Set<FakeChannel>();
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  readonly #listeners: ((event: { readonly data: unknown }) => void)[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    FakeChannel.open.add(this);
  }

  postMessage(data: unknown): void {
    const copy = structuredClone(data);
    for (const other of FakeChannel.open) if (other !== this && other.name === this.name) queueMicrotask(() => other.#receive(copy));
  }

  addEventListener(_type: string, listener: (event: { readonly data: unknown }) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    FakeChannel.open.delete(this);
  }

  #receive(data: unknown): void {
    if (!FakeChannel.open.has(this)) return;
    this.onmessage?.({ data });
    for (const listener of this.#listeners) listener({ data });
  }
}

/** Web Locks: one holds it, the others wait in line. */
class FakeLocks {
  readonly #lines = new Map<string, Promise<unknown>>();

  request(name: string, options: { readonly signal?: AbortSignal }, run: () => Promise<unknown>): Promise<unknown> {
    const before = this.#lines.get(name) ?? Promise.resolve();
    const held = before.then(() => (options.signal?.aborted ? undefined : run()));
    this.#lines.set(name, held.catch(() => {})); // prettier-ignore
    return held;
  }
}

const listeners = new Map<string, Set<(event: Event) => void>>();

/** What the script that runs now plays on. */
export const stage = {
  backend: undefined as unknown as Backend,
  isOnline: true,

  get channels(): number {
    return FakeChannel.open.size;
  },

  /** A device that was never used, and a server with nothing in it. */
  set(options: ModelOptions): void {
    this.backend = new Backend(options);
    this.isOnline = true;
    listeners.clear();
    FakeChannel.open.clear();
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
      now: Date.UTC(2026, 6, 1),
    });
    const notify = {
      addEventListener: (type: string, listener: (event: Event) => void) =>
        void (listeners.get(type) ?? listeners.set(type, new Set()).get(type))?.add(listener),
      removeEventListener: (type: string, listener: (event: Event) => void) => void listeners.get(type)?.delete(listener),
    };
    const navigator = { locks: new FakeLocks(), get onLine() { return stage.isOnline; } }; // prettier-ignore
    const globals = {
      ...fakeIndexedDb,
      ...notify, navigator, window: globalThis, indexedDB: new fakeIndexedDb.IDBFactory(), BroadcastChannel: FakeChannel, WebSocket: FakeSocket, fetch: verify }; // prettier-ignore
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  },

  clear(): void {
    vi.useRealTimers();
  },

  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    if (!isOnline) this.backend.hangUp();
    for (const listener of listeners.get(isOnline ? 'online' : 'offline') ?? []) listener(new Event(isOnline ? 'online' : 'offline'));
  },

  /** Time passes, and whatever it leads to happens. */
  async wait(ms: number, step = 500): Promise<void> {
    await settle();
    for (let left = ms; left > 0; left -= step) {
      await vi.advanceTimersByTimeAsync(Math.min(step, left));
      await settle();
    }
  },
};

/** Storage of memory answers with setImmediate, which is real. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Over HTTP anybody may sign in: the token is the name. */
async function verify(_url: unknown, init?: { readonly body?: string }): Promise<unknown> {
  const requested = JSON.parse(init?.body ?? '{}') as Record<string, string>;
  const token = requested['refresh-token'] ?? requested['refreshToken'] ?? '';
  return new Response(JSON.stringify({ user: { id: `user of ${token}`, email: 'ann@example.com', refresh_token: token } }), {
    headers: { 'content-type': 'application/json' },
  });
}
