// The client under the vendor's names, for programs written for its SDK: `RealtimeClient`, its `sync` and `socketClient`, and `on('event:…')`.

import { Listeners, surface } from '../rooms/listeners.ts';
import type { ClientStatus, Room } from '../rooms/room.ts';
import { PlatformClient } from './client.ts';
import type { PlatformOptions } from './options.ts';
import { PlatformApiError, PlatformRealtimeError } from './platform-error.ts';
import type { Subscription } from './subscriptions.ts';
import { decodeToken, tokenExpiresInMs } from './token.ts';
import type { SubscribeRequest } from './transport.ts';
import type { PlatformEvent, SyncDoc, SyncMutation } from './types.ts';

export interface RealtimeClientOptions extends Omit<PlatformOptions, 'reconnect'> {
  readonly token: string;
  /** True by default. */
  readonly autoConnect?: boolean;
  /** True by default. */
  readonly reconnection?: boolean;
  /** 10 by default. */
  readonly reconnectionAttempts?: number;
  /** 1000 ms by default. */
  readonly reconnectionDelay?: number;
}

export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'reconnecting';

const states: Readonly<Record<ClientStatus, ConnectionState>> = {
  idle: 'disconnected',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  rejected: 'disconnected',
  closed: 'disconnected',
};

type Listener = (value: never) => void;

export class RealtimeClient {
  /** The underlying client. */
  readonly client: PlatformClient;
  readonly sync: VendorSync;
  readonly socketClient: VendorSocket;
  readonly #listeners = new Map<string, Map<Listener, Listeners<[unknown]>>>();
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(options: RealtimeClientOptions) {
    const { autoConnect = true, reconnection = true, reconnectionAttempts = 10, reconnectionDelay = 1_000, ...rest } = options;
    const attempts = reconnection ? reconnectionAttempts : 0;
    const client = (this.client = new PlatformClient({ ...rest, reconnect: { delayMs: reconnectionDelay, attempts } }));
    this.sync = new VendorSync(client);
    this.socketClient = new VendorSocket(
      client,
      (event, message) => this.#emit(event, message),
      (error) => this.#emit('error', error),
    );
    client.onStatus((status) => this.#emit('connection', { state: states[status] }));
    client.onError((error) => this.#emit('error', error));
    client.onDirect((event, data, raw) => this.#emit('message', { event, data, raw }));
    if (autoConnect) this.connect();
  }

  /** Failures are emitted as `error` events. */
  connect(): void {
    // The client reports what ends its attempts, but not that one takes long. That it was closed is the caller's doing.
    this.client.connect().catch((error: unknown) => {
      if (error instanceof PlatformRealtimeError && error.code === 'CONNECT_TIMEOUT') this.#emit('error', error);
    });
  }

  disconnect(): void {
    void this.client.close();
  }

  get connectionState(): ConnectionState {
    return states[this.client.status];
  }

  /** Returns the subscription's id at once. Its events are emitted as `event` and `event:<topic>`. */
  subscribe(request: SubscribeRequest): string {
    const subscription = this.client.subscribe(request, (event) => {
      this.#emit('event', event);
      this.#emit(`event:${event.topic}`, event);
    });
    subscription.ready.catch(() => this.#subscriptions.delete(subscription.id));
    this.#subscriptions.set(subscription.id, subscription);
    return subscription.id;
  }

  unsubscribe(id: string): void {
    this.#subscriptions.get(id)?.unsubscribe();
    this.#subscriptions.delete(id);
  }

  on(event: 'event' | `event:${string}`, listener: (event: PlatformEvent) => void): this;
  on(event: 'connection', listener: (change: { readonly state: ConnectionState }) => void): this;
  on(event: 'error', listener: (error: Error & { readonly code?: string }) => void): this;
  on(event: 'message' | 'presence', listener: (message: Readonly<Record<string, unknown>>) => void): this;
  on(event: string, listener: Listener): this {
    const known = this.#listeners.get(event) ?? new Map<Listener, Listeners<[unknown]>>();
    this.#listeners.set(event, known);
    const one = known.get(listener) ?? new Listeners<[unknown]>(surface);
    if (one.size === 0) one.add(listener as (value: unknown) => void);
    known.set(listener, one);
    return this;
  }

  off(event: string, listener: Listener): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  #emit(event: string, value: unknown): void {
    for (const one of [...(this.#listeners.get(event)?.values() ?? [])]) one.notify(value);
  }
}

/** Channels, by the vendor's names. */
export class VendorSocket {
  readonly #client: PlatformClient;
  readonly #emit: (event: 'message' | 'presence', message: unknown) => void;
  readonly #report: (error: unknown) => void;
  readonly #joined = new Map<string, () => void>();

  constructor(client: PlatformClient, emit: (event: 'message' | 'presence', message: unknown) => void, report: (error: unknown) => void) {
    this.#client = client;
    this.#emit = emit;
    this.#report = report;
  }

  /** Emits `presence` events for sockets that join and leave. */
  joinChannel(channel: string): void {
    const room = this.#client.channel(channel);
    if (this.#joined.has(channel)) {
      // After a rejection, only another join asks again.
      if (room.status === 'rejected') this.#join(room);
      return;
    }
    const stops = [
      room.onPresence((event) => event.type !== 'sync' && this.#emit('presence', { channel, type: event.type, socketId: event.peer.id })),
      room.onError((error) => this.#report(error)),
    ];
    this.#joined.set(channel, () => {
      for (const stop of stops) stop();
      void room.leave();
    });
    this.#join(room);
  }

  #join(room: Room): void {
    this.#reportFailure(room.join(), ['SUBSCRIPTION_CANCELLED', 'CLOSED']);
  }

  /** Ends that the caller caused, by leaving the channel or by disconnecting, are not errors. */
  #reportFailure(promise: Promise<unknown>, expected: readonly string[]): void {
    promise.catch((error: PlatformRealtimeError) => {
      if (!expected.includes(error.code)) this.#report(error);
    });
  }

  leaveChannel(channel: string): void {
    this.#joined.get(channel)?.();
    this.#joined.delete(channel);
  }

  /** Calls the listener with the channel's messages of one event name. Returns an unsubscribe function. */
  onMessage(channel: string, event: string, listener: (data: unknown, message: unknown) => void): () => void {
    return this.#client.channel(channel).onTopic(event, listener);
  }

  publish(channel: string, event: string, data: unknown): void {
    const room = this.#client.channel(channel);
    // As in the vendor's SDK, a message published right after joining is sent once the channel is joined.
    const sent = room.status === 'joining' ? this.#whenJoined(channel).then(() => room.publish(event, data)) : room.publish(event, data);
    this.#reportFailure(sent, ['CLOSED']);
  }

  directMessage(targetSocketId: string, event: string, data: unknown): void {
    this.#client.direct(targetSocketId, event, data);
  }

  async #whenJoined(channel: string): Promise<void> {
    const room = this.#client.channel(channel);
    await room.join();
    await room.leave();
  }
}

/** Documents, by the vendor's signatures: reading one that does not exist is an error. */
export class VendorSync {
  readonly #client: PlatformClient;

  constructor(client: PlatformClient) {
    this.#client = client;
  }

  create<T>(service: string, data: T, id?: string): Promise<SyncDoc<T>> {
    return this.#client.sync.create(service, data, id === undefined ? {} : { id });
  }

  /** @throws PlatformApiError 404 */
  async get<T>(service: string, id: string): Promise<SyncDoc<T>> {
    const document = await this.#client.sync.get<T>(service, id);
    if (document) return document;
    throw new PlatformApiError(`Document not found: ${service}/${id}`, { status: 404, code: 'NotFoundError', body: undefined });
  }

  replace<T>(service: string, id: string, data: T, expectedRevision?: number): Promise<SyncDoc<T>> {
    return this.#client.sync.replace(service, id, data, expectedRevision);
  }

  merge<T>(service: string, id: string, data: Partial<T>, expectedRevision?: number): Promise<SyncDoc<T>> {
    return this.#client.sync.merge<T>(service, id, data, expectedRevision === undefined ? {} : expectedRevision);
  }

  mutate<T>(service: string, id: string, mutations: readonly SyncMutation[], expectedRevision?: number): Promise<SyncDoc<T>> {
    return this.#client.sync.mutate(service, id, mutations, expectedRevision);
  }

  delete(service: string, id: string): Promise<void> {
    return this.#client.sync.delete(service, id);
  }
}

export function isTokenExpired(token: string): boolean {
  return tokenExpiresInMs(token) <= 0;
}

export function getTokenExpiresIn(token: string): number {
  return Math.max(0, tokenExpiresInMs(token));
}

/** Whether the token expires within the threshold; a minute by default. */
export function shouldRefreshToken(token: string, thresholdMs = 60_000): boolean {
  decodeToken(token);
  return tokenExpiresInMs(token) < thresholdMs;
}
