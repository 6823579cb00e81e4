// The plain WebSocket protocol at /ws: subscribe, unsubscribe and ping; subscribed, event and pong. Persistent like the Socket.IO connection.

import type { Clock, Timer } from '../lib/clock.ts';
import { loadWebSocket } from '../lib/platform-web-socket.ts';
import type { Random } from '../lib/random.ts';
import { backoffMs } from '../lib/retry.ts';
import { type Deferred, deferred } from '../rooms/deferred.ts';
import { Listeners, surface } from '../rooms/listeners.ts';
import { isPlain } from '../rooms/payload.ts';
import type { ClientStatus } from '../rooms/room.ts';
import { errorOf } from '../rooms/room-error.ts';
import { PlatformRealtimeError } from './platform-error.ts';
import type { PlatformTransport, SubscribeRequest, TransportEvents, UnsubscribeRequest } from './transport.ts';

export interface PlainSocketOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs: number;
  readonly delayMs: number;
  readonly maxDelayMs: number;
  readonly attempts: number;
  /** Whether `url` may have another token in it when it is called with `force`. */
  readonly canRefresh: boolean;
  /** The address with the token in it. */
  url(options: { readonly force: boolean }): Promise<string>;
  readonly webSocket?: ((url: string) => PlainWebSocket) | undefined;
}

/** As much of a WebSocket as is used. */
export interface PlainWebSocket {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(frame: string): void;
  close(): void;
  terminate?(): void;
}

const pingEveryMs = 25_000;
const pongWithinMs = 20_000;
/** Assumed: policy violation, and the private code that services use for "not authenticated". */
const refusedCodes: readonly number[] = [1008, 4401];

export class PlainSocket implements PlatformTransport {
  readonly emit = undefined;
  readonly socketId = undefined;
  readonly #options: PlainSocketOptions;
  readonly #events: TransportEvents;
  readonly #statuses = new Listeners<[ClientStatus, Error | undefined]>(surface);
  #status: ClientStatus = 'idle';
  #socket: PlainWebSocket | undefined;
  #attempt: Deferred<void> | undefined;
  #late: Timer | undefined;
  #again: Timer | undefined;
  #ping: Timer | undefined;
  #pong: Timer | undefined;
  #failures = 0;
  #isForced = false;
  /** Number of the current socket; events of older ones are ignored. */
  #generation = 0;

  constructor(options: PlainSocketOptions, events: TransportEvents) {
    this.#options = options;
    this.#events = events;
  }

  get status(): ClientStatus {
    return this.#status;
  }

  get isConnected(): boolean {
    return this.#status === 'connected';
  }

  onStatus(listener: (status: ClientStatus, why?: Error) => void): () => void {
    return this.#statuses.add(listener);
  }

  connect(): Promise<void> {
    if (this.#status === 'closed') return Promise.reject(new PlatformRealtimeError('CLOSED', 'The client was closed'));
    if (this.#status === 'connected') return Promise.resolve();
    if (this.#attempt) return this.#attempt.promise;
    const { clock, connectTimeoutMs } = this.#options;
    const attempt = (this.#attempt = deferred<void>());
    this.#late = clock.setTimeout(() => {
      const error = new PlatformRealtimeError('CONNECT_TIMEOUT', `No connection within ${connectTimeoutMs} ms; the client goes on trying`);
      this.#settle(error);
      this.#events.late(error);
    }, connectTimeoutMs);
    if (this.#status !== 'reconnecting') this.#become('connecting');
    this.#isForced = false;
    this.#failures = 0;
    if (!this.#socket) this.#retry(0);
    return attempt.promise;
  }

  reconnect(): Promise<void> {
    if (this.#status === 'idle' || this.#status === 'closed') return this.connect();
    const wasConnected = this.isConnected;
    this.#drop();
    this.#become('reconnecting');
    if (wasConnected) this.#events.lost();
    if (!this.#attempt) return this.connect();
    this.#retry(0);
    return this.#attempt.promise;
  }

  close(): void {
    if (this.#status === 'closed') return;
    this.#become('closed');
    this.#settle(new PlatformRealtimeError('CLOSED', 'The client was closed'));
    this.#options.clock.clearTimeout(this.#again);
    this.#drop();
  }

  subscribe({ topic, filter, returnMode }: SubscribeRequest): void {
    this.#send({ type: 'subscribe', topic, ...(filter && { filter }), ...(returnMode && { returnMode }) });
  }

  unsubscribe({ subscriptionId }: UnsubscribeRequest): void {
    this.#send({ type: 'unsubscribe', subscriptionId });
  }

  #send(message: object): void {
    if (this.isConnected) this.#socket?.send(JSON.stringify(message));
  }

  #retry(pauseMs: number): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#again);
    this.#again = clock.setTimeout(() => void this.#open(), pauseMs);
  }

  async #open(): Promise<void> {
    const generation = ++this.#generation;
    const isCurrent = (): boolean => generation === this.#generation && this.#status !== 'closed';
    let socket: PlainWebSocket;
    try {
      const url = await this.#options.url({ force: this.#isForced });
      const connect = this.#options.webSocket ?? (await platformSocket());
      if (!isCurrent()) return;
      socket = connect(url);
    } catch (error) {
      if (isCurrent()) this.#lost(errorOf(error), false);
      return;
    }
    this.#socket = socket;
    let [failure, isRefused]: [string, boolean] = ['', false];
    socket.onopen = () => isCurrent() && this.#opened();
    socket.onmessage = ({ data }: { readonly data: unknown }) => isCurrent() && this.#received(data);
    socket.onerror = ({ message = '' }: { readonly message?: string }) => {
      failure = message;
      isRefused = /\b40[13]\b/.test(message);
    };
    socket.onclose = ({ code = 1006, reason = '' }: { readonly code?: number; readonly reason?: string }) => {
      const text = [`code ${code}`, reason, failure].filter((part) => part !== '').join(', ');
      if (isCurrent()) this.#lost(new Error(text), isRefused || refusedCodes.includes(code));
    };
  }

  #opened(): void {
    this.#failures = 0;
    this.#become('connected');
    this.#settle();
    this.#schedulePing();
    this.#events.opened();
  }

  #schedulePing(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#ping);
    this.#ping = clock.setTimeout(() => {
      this.#send({ type: 'ping' });
      this.#pong = clock.setTimeout(() => {
        this.#drop();
        this.#lost(new Error('a ping was not answered'), false);
      }, pongWithinMs);
    }, pingEveryMs);
  }

  #received(data: unknown): void {
    // The server has accepted a connection that carries a frame.
    this.#isForced = false;
    const frame = parse(data);
    switch (isPlain(frame) ? frame['type'] : undefined) {
      case 'pong':
        this.#options.clock.clearTimeout(this.#pong);
        return this.#schedulePing();
      case 'subscribed':
        return this.#events.subscribed(frame);
      case 'event': {
        const { topic, data: body } = frame as { readonly topic?: unknown; readonly data?: unknown };
        return this.#events.event(body, typeof topic === 'string' ? topic : undefined);
      }
      default:
        return this.#events.other(isPlain(frame) && typeof frame['type'] === 'string' ? frame['type'] : '', frame);
    }
  }

  #lost(cause: Error, isRefused: boolean): void {
    const wasConnected = this.isConnected;
    this.#drop();
    const { delayMs, maxDelayMs, attempts, canRefresh, random } = this.#options;
    if (isRefused && (this.#isForced || !canRefresh)) {
      return this.#giveUp(new PlatformRealtimeError('AUTH_FAILED', `The server rejected the connection: ${cause.message}`, { cause }));
    }
    if (isRefused) this.#isForced = true;
    this.#become('reconnecting', new PlatformRealtimeError('DISCONNECTED', `The connection was lost: ${cause.message}`, { cause }));
    if (wasConnected) this.#events.lost();
    if (this.#failures >= attempts) {
      const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
      return this.#giveUp(new PlatformRealtimeError('UNREACHABLE', `No connection after ${tries} to reconnect`, { cause }));
    }
    const pauseMs = backoffMs({ initialMs: delayMs, maxMs: maxDelayMs }, this.#failures++, random.next());
    this.#retry(isRefused ? 0 : pauseMs);
  }

  #giveUp(error: Error): void {
    this.#become('rejected', error);
    this.#settle(error);
    this.#events.rejected(error);
  }

  #drop(): void {
    const { clock } = this.#options;
    this.#generation += 1;
    clock.clearTimeout(this.#ping);
    clock.clearTimeout(this.#pong);
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    // Closing a socket that is still being opened is an error with `ws`; without a listener it would end the process.
    [socket.onopen, socket.onmessage, socket.onclose] = [null, null, null];
    socket.onerror = () => {};
    if (socket.terminate) socket.terminate();
    else socket.close();
  }

  #settle(error?: Error): void {
    this.#options.clock.clearTimeout(this.#late);
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (error) attempt?.reject(error);
    else attempt?.resolve();
  }

  #become(status: ClientStatus, why?: Error): void {
    if (this.#status === status || this.#status === 'closed') return;
    this.#status = status;
    this.#statuses.notify(status, why);
  }
}

/** Undefined for anything that is not JSON text. */
function parse(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}

async function platformSocket(): Promise<(url: string) => PlainWebSocket> {
  const Socket = await loadWebSocket();
  if (!Socket) throw new TypeError('This platform has no WebSocket: pass a constructor as `webSocket`');
  return (url) => new Socket(url);
}
