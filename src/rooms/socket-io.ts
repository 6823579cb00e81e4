// One persistent Socket.IO connection: fresh credentials for every attempt, one more attempt with forced credentials after a rejected handshake, and
// reconnection when the server disconnects. The adapters define the protocol on top of it.
//
//   idle ─connect─▶ connecting ─connect─▶ connected ─disconnect─▶ reconnecting ─connect─▶ connected
//                       └──── refused twice ────▶ rejected            any ─close─▶ closed

import { type Clock, systemClock, type Timer } from '../lib/clock.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { backoffMs } from '../lib/retry.ts';
import { type Deferred, deferred } from './deferred.ts';
import { Listeners, surface } from './listeners.ts';
import type { ClientStatus } from './room.ts';
import { errorOf, type RoomErrorClass, type RoomErrorCode } from './room-error.ts';

/** The part of a socket of `socket.io-client` that is used. */
export interface SocketIoSocket {
  readonly id?: string | undefined;
  readonly connected: boolean;
  /** The socket will reconnect without a call of `connect`. */
  readonly active: boolean;
  /** The manager, which counts the attempts to reconnect. */
  readonly io?: { on(event: 'reconnect_failed', listener: () => void): unknown; off(event: 'reconnect_failed'): unknown };
  on(event: string, listener: (...args: never[]) => void): unknown;
  onAny(listener: (event: string, ...args: unknown[]) => void): unknown;
  off(): unknown;
  offAny(): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  connect(): unknown;
  disconnect(): unknown;
}

/** `io` of `socket.io-client`. */
export type SocketIoFactory = (url: string, options: Record<string, unknown>) => SocketIoSocket;

export interface SocketIoOptions {
  readonly url: string;
  readonly io?: SocketIoFactory | undefined;
  readonly transports?: readonly string[] | undefined;
  readonly connectTimeoutMs: number;
  /** The longest delay between attempts. */
  readonly maxDelayMs: number;
  readonly attempts?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly Failure: RoomErrorClass;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Whether `auth` may have other credentials when it is called with `force`. */
  readonly canRefresh: boolean;
  /** What goes into the handshake. `force`: the last ones were rejected. */
  auth(options: { readonly force: boolean }): Promise<Record<string, unknown>>;
  opened(socket: SocketIoSocket): void;
  lost(): void;
  /** The server rejected the credentials, including forced ones, or there are no more attempts. */
  rejected(error: Error): void;
  received(event: string, args: readonly unknown[]): void;
  /** There was no connection in time. */
  late(error: Error): void;
}

export class SocketIoConnection {
  readonly #options: SocketIoOptions;
  readonly #clock: Clock;
  readonly #statuses = new Listeners<[ClientStatus, Error | undefined]>(surface);
  #status: ClientStatus = 'idle';
  #socket: SocketIoSocket | undefined;
  #attempt: Deferred<void> | undefined;
  #timer: Timer | undefined;
  #again: Timer | undefined;
  #isForced = false;
  #failures = 0;
  #authError: Error | undefined;

  constructor(options: SocketIoOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** The socket, while it is connected. */
  get socket(): SocketIoSocket | undefined {
    return this.#socket?.connected ? this.#socket : undefined;
  }

  onStatus(listener: (status: ClientStatus, why?: Error) => void): () => void {
    return this.#statuses.add(listener);
  }

  /** Resolves when connected. Callers at the same time share one attempt. */
  connect(): Promise<void> {
    if (this.#status === 'closed') return Promise.reject(this.#failure('CLOSED', 'The client was closed'));
    if (this.#status === 'connected') return Promise.resolve();
    if (this.#attempt) return this.#attempt.promise;
    const attempt = (this.#attempt = deferred<void>());
    const { connectTimeoutMs } = this.#options;
    this.#timer = this.#clock.setTimeout(() => this.#late(), connectTimeoutMs);
    if (this.#status !== 'reconnecting') this.#become('connecting');
    this.#isForced = false;
    if (!this.#socket) void this.#open();
    else this.#socket.connect();
    return attempt.promise;
  }

  /** Ends the connection and connects again, as another user. Resolves when connected. */
  reconnect(): Promise<void> {
    if (this.#status === 'idle' || this.#status === 'closed') return this.connect();
    const wasConnected = this.#status === 'connected';
    this.#socket?.disconnect();
    this.#become('reconnecting');
    if (wasConnected) this.#options.lost();
    if (!this.#attempt) return this.connect();
    this.#isForced = false;
    this.#socket?.connect();
    return this.#attempt.promise;
  }

  close(): void {
    if (this.#status === 'closed') return;
    this.#become('closed');
    this.#settle(this.#failure('CLOSED', 'The client was closed'));
    this.#clock.clearTimeout(this.#again);
    this.#socket?.off();
    this.#socket?.offAny();
    this.#socket?.io?.off('reconnect_failed');
    this.#socket?.disconnect();
    this.#socket = undefined;
  }

  async #open(): Promise<void> {
    let io: SocketIoFactory;
    try {
      io = this.#options.io ?? (await loadSocketIo(this.#options.Failure));
    } catch (error) {
      return this.#isClosed() ? undefined : this.#giveUp(errorOf(error));
    }
    // Closed, or opened by another caller, while the module was loaded.
    if (this.#isClosed() || this.#socket) return;
    const { url, transports = ['websocket'], maxDelayMs, delayMs = 1000, attempts = Infinity } = this.#options;
    const socket = io(url, {
      transports,
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: delayMs,
      reconnectionDelayMax: maxDelayMs,
      // The manager takes 0 attempts for no limit.
      reconnection: attempts > 0,
      reconnectionAttempts: attempts,
      auth: (give: (auth: Record<string, unknown>) => void) => void this.#auth().then(give),
    });
    this.#socket = socket;
    socket.on('connect', () => this.#opened(socket));
    socket.on('connect_error', (error: Error) => this.#refused(socket, error));
    socket.on('disconnect', (reason: string) => this.#lost(socket, reason));
    socket.io?.on('reconnect_failed', () => this.#socket === socket && this.#exhausted());
    socket.onAny((event, ...args) => this.#options.received(event, args));
    socket.connect();
  }

  #isClosed(): boolean {
    return this.#status === 'closed';
  }

  async #auth(): Promise<Record<string, unknown>> {
    this.#authError = undefined;
    try {
      return await this.#options.auth({ force: this.#isForced });
    } catch (error) {
      // The server rejects a handshake without credentials, and the error for that has this one as its cause.
      this.#authError = errorOf(error);
      return {};
    }
  }

  #opened(socket: SocketIoSocket): void {
    this.#isForced = false;
    this.#become('connected');
    this.#settle();
    this.#options.opened(socket);
  }

  /** A rejected handshake leaves the socket inactive; after a network failure it reconnects without a call. */
  #refused(socket: SocketIoSocket, error: Error): void {
    if (socket.active) return this.#options.attempts === 0 ? this.#exhausted(error) : this.#become('reconnecting', error);
    if (!this.#isForced && this.#options.canRefresh) {
      this.#isForced = true;
      socket.connect();
      return;
    }
    const failure = this.#failure('AUTH_FAILED', `The server rejected the connection: ${error.message}`, this.#authError ?? error);
    this.#giveUp(failure);
  }

  /** No attempt to reconnect is left. */
  #exhausted(cause?: Error): void {
    const { attempts = Infinity } = this.#options;
    const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
    this.#giveUp(this.#failure('UNREACHABLE', `No connection after ${tries} to reconnect`, cause));
  }

  #giveUp(failure: Error): void {
    this.#become('rejected', failure);
    this.#settle(failure);
    this.#options.rejected(failure);
  }

  #lost(socket: SocketIoSocket, reason: string): void {
    // Caused by the client itself.
    if (reason === 'io client disconnect' || this.#isClosed()) return;
    this.#become('reconnecting', this.#failure('DISCONNECTED', `The connection was lost: ${reason}`));
    this.#options.lost();
    if (this.#options.attempts === 0) return this.#exhausted();
    if (reason !== 'io server disconnect') {
      this.#failures = 0;
      return;
    }
    // Socket.IO does not reconnect after the server has disconnected.
    const { maxDelayMs, delayMs = 1000, random = systemRandom } = this.#options;
    const pauseMs = backoffMs({ initialMs: delayMs, maxMs: maxDelayMs }, this.#failures++, random.next());
    this.#clock.clearTimeout(this.#again);
    this.#again = this.#clock.setTimeout(() => {
      if (!socket.connected && this.#socket === socket) socket.connect();
    }, pauseMs);
  }

  #late(): void {
    const error = this.#failure('CONNECT_TIMEOUT', `No connection within ${this.#options.connectTimeoutMs} ms; the client keeps trying`);
    this.#become('reconnecting', error);
    this.#settle(error);
    this.#options.late(error);
  }

  #settle(error?: Error): void {
    this.#clock.clearTimeout(this.#timer);
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (error) attempt?.reject(error);
    else attempt?.resolve();
  }

  #failure(code: RoomErrorCode, message: string, cause?: unknown): Error {
    return new this.#options.Failure(code, message, { cause });
  }

  #become(status: ClientStatus, why?: Error): void {
    if (this.#status === status || this.#status === 'closed') return;
    this.#status = status;
    this.#statuses.notify(status, why);
  }
}

async function loadSocketIo(Failure: RoomErrorClass): Promise<SocketIoFactory> {
  try {
    const { io } = await import('socket.io-client');
    return io;
  } catch (cause) {
    throw new Failure('DEPENDENCY_MISSING', "The package 'socket.io-client' is not installed: npm install socket.io-client", { cause });
  }
}
