// A client for the Realtime Platform: topics, rooms and documents over one connection, and its API. Experimental: it follows the public
// documentation; assumptions about the rest are in wire.ts. docs/realtime-platform.md

import { Listeners, surface } from '../rooms/listeners.ts';
import type { ClientStatus, PresenceData, Room } from '../rooms/room.ts';
import { type AnyRoomHandle, RoomApi } from '../rooms/room-api.ts';
import type { HookRoom } from '../rooms/hook-room.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import { RoomRegistry } from '../rooms/room-registry.ts';
import type { SchemaWithRooms, WithRooms } from '../rooms/typed-room.ts';
import { jsonOf } from '../rooms/payload.ts';
import { type ApiScope, PlatformApi } from './api.ts';
import { type ChannelContext, PlatformChannel } from './channel.ts';
import { type PlatformOptions, type Settings, settingsOf } from './options.ts';
import { PlatformRealtimeError } from './platform-error.ts';
import { name as checkName, serviceName } from './rest.ts';
import { EventRouter } from './event-router.ts';
import { type PlatformRest, restOf } from './sections.ts';
import { transportOf } from './connect.ts';
import { type Subscription, Subscriptions } from './subscriptions.ts';
import { SyncApi } from './sync.ts';
import { TokenSource } from './token.ts';
import { TopicRoom } from './topic-room.ts';
import type { PlatformTransport, SubscribeRequest, TransportEvents } from './transport.ts';
import type { PlatformEvent, ReturnMode, SyncDoc } from './types.ts';
import { DocumentWatch } from './watch.ts';

export type PlatformRoom = Room & HookRoom;

export class PlatformClient {
  /** The API with the client's own application and environment. */
  readonly rest: PlatformRest;
  readonly topics: PlatformRest['topics'];
  readonly schemas: PlatformRest['schemas'];
  readonly database: PlatformRest['database'];
  readonly services: PlatformRest['services'];
  readonly webhooks: PlatformRest['webhooks'];
  readonly socket: PlatformRest['socket'];
  readonly auth: PlatformRest['auth'];
  readonly admin: PlatformRest['admin'];
  readonly debugger: PlatformRest['debugger'];
  readonly health: PlatformRest['health'];
  readonly metrics: PlatformRest['metrics'];
  readonly metricsText: PlatformRest['metricsText'];
  readonly raw: PlatformRest['raw'];
  readonly #settings: Settings;
  readonly #api: PlatformApi;
  readonly #transport: PlatformTransport;
  readonly #subscriptions: Subscriptions;
  readonly #channels = new RoomRegistry<PlatformChannel>(({ room }) => room.isWanted || room.hasListeners);
  readonly #topicRooms = new RoomRegistry<TopicRoom>(({ room }) => room.isWanted || room.hasListeners);
  readonly #rooms = new RoomApi((name) => this.#channel(name).room);
  readonly #context: ChannelContext;
  readonly #errors = new Listeners<[Error]>(surface);
  readonly #connected = new Listeners<[]>(surface);
  readonly #direct = new Listeners<[string, unknown, unknown]>(surface);
  readonly #closed = new AbortController();

  constructor(options: PlatformOptions) {
    const settings = (this.#settings = settingsOf(options));
    const { url, token, getToken, clock, wire } = settings;
    const tokens = new TokenSource({ token, getToken, clock });
    this.#api = new PlatformApi({
      url,
      tokens,
      clock,
      wire,
      sessionToken: options.sessionToken,
      sessionHeader: options.sessionHeader ?? 'x-session-token',
      applicationId: options.applicationId,
      environment: options.environment,
      fetch: options.fetch,
      retryDelayMs: options.retryDelayMs,
      timeoutMs: options.timeoutMs,
      maxResponseBytes: options.maxResponseBytes,
      closed: this.#closed.signal,
    });
    const rest = (this.rest = restOf(this.#api));
    [this.topics, this.schemas, this.database, this.services, this.webhooks] = [
      rest.topics,
      rest.schemas,
      rest.database,
      rest.services,
      rest.webhooks,
    ];
    [this.socket, this.auth, this.admin, this.debugger] = [rest.socket, rest.auth, rest.admin, rest.debugger];
    [this.health, this.metrics, this.metricsText, this.raw] = [rest.health, rest.metrics, rest.metricsText, rest.raw];
    this.#transport = transportOf(settings, tokens, this.#events());
    this.#subscriptions = new Subscriptions({
      wire,
      clock,
      transport: () => this.#transport,
      report: (error) => this.#errors.notify(error),
    });
    this.#context = {
      wire,
      clock,
      rooms: this.#rooms,
      publishVia: options.publishVia ?? 'rest',
      presence: options.presence ?? 'poll',
      presencePollMs: options.presencePollMs ?? 5_000,
      maxPayloadBytes: options.maxPayloadBytes ?? 900_000,
      sharePresence: options.sharePresence ?? false,
      transport: () => this.#transport,
      members: (channel) => this.rest.socket.members(channel),
      broadcast: (channel, event, data) => this.rest.socket.broadcast(channel, event, data),
      connect: ({ room }) =>
        void this.#transport.connect().catch(() => this.status === 'closed' && room.end('The client was closed', 'CLOSED')),
      used: (channel) => this.#channels.hold(channel),
    };
  }

  get status(): ClientStatus {
    return this.#transport.status;
  }

  /** The id under which the client is a member of channels; changes with every connection. */
  get socketId(): string | undefined {
    return this.#transport.socketId;
  }

  onStatus(listener: (status: ClientStatus, why?: Error) => void): () => void {
    return this.#transport.onStatus(listener);
  }

  /** Errors that no promise carries: malformed frames, unconfirmed subscriptions, rejected credentials. */
  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /** @throws PlatformRealtimeError 'AUTH_FAILED', 'CONNECT_TIMEOUT', 'DEPENDENCY_MISSING' or 'CLOSED' */
  connect(): Promise<void> {
    return this.#transport.connect();
  }

  /** Call after signing in or out: reconnects with a new token. */
  setIdentity(): Promise<void> {
    this.#each((channel) => channel.room.retry());
    return this.#transport.reconnect();
  }

  /** Leaves all rooms and ends the connection for good. */
  async close(): Promise<void> {
    this.#each((channel) => channel.room.end('The client was closed', 'CLOSED'));
    for (const { room } of this.#topicRooms.all()) room.end('The client was closed', 'CLOSED');
    this.#subscriptions.ended(new PlatformRealtimeError('CLOSED', 'The client was closed'));
    this.#transport.close();
    this.#closed.abort();
  }

  /**
   * Subscribes to a topic.
   *
   * @throws PlatformRealtimeError 'INVALID_PAYLOAD' or 'PAYLOAD_TOO_LARGE' for a filter that cannot be sent
   * @example
   * const { unsubscribe } = platform.subscribe({ topic: 'order.changed', filter: { state: 'paid' } }, ({ payload }) => show(payload));
   */
  subscribe<T = unknown>(request: SubscribeRequest, listener: (event: PlatformEvent<T>) => void): Subscription {
    checkName('topic', request.topic);
    jsonOf(request, this.#context.maxPayloadBytes, PlatformRealtimeError);
    return this.#subscriptions.subscribe(request, listener);
  }

  /** The room of a socket channel. The same object for the same name; join() it. */
  channel(name: string): PlatformRoom {
    return this.#channel(name).room;
  }

  /** The room of the channel `kind:id`. */
  room(kind: string, id?: string): PlatformRoom {
    return this.channel(id === undefined ? kind : `${kind}:${id}`);
  }

  /** Joins a room and returns what `db.joinRoom` returns. */
  joinRoom(kind: string, id?: string, options: { readonly initialPresence?: PresenceData } = {}): AnyRoomHandle {
    return this.#rooms.handle(kind, this.room(kind, id).name, options.initialPresence);
  }

  /** A receive-only room: its topic `t` is the platform's topic `<name>.t`. Uses documented operations only. */
  topicRoom(name: string): Room {
    const context = {
      subscribe: (request: SubscribeRequest, listener: (event: PlatformEvent) => void) => this.subscribe(request, listener),
      connect: () => this.connect(),
    };
    return this.#topicRooms.getOrCreate(checkName('topic', name), () => new TopicRoom(name, context)).room;
  }

  /** Sends a message to one socket. Experimental: the event is assumed (A4). */
  direct(socketId: string, event: string, data: unknown): void {
    const { emit } = this.#transport;
    if (!emit) throw unsupportedTransport();
    const message = { targetSocketId: checkName('socket', socketId), event: checkName('event', event), data };
    jsonOf(data, this.#context.maxPayloadBytes, PlatformRealtimeError);
    emit(this.#settings.wire.channel.direct, message);
  }

  /** Calls the listener with messages sent to this socket only: those without a channel. Assumed (A4). */
  onDirect(listener: (event: string, data: unknown, raw: unknown) => void): () => void {
    return this.#direct.add(listener);
  }

  /** Documents: the calls of `rest.documents`, and `watch`. */
  get sync(): SyncApi & { watch: PlatformClient['watch'] } {
    return Object.assign(new SyncApi(this.#api), { watch: this.watch.bind(this) });
  }

  /** Calls the listener with a document now and whenever it changes; with null while it does not exist. Returns a function that stops it. */
  watch<T = unknown>(
    service: string,
    id: string,
    listener: (document: SyncDoc<T> | null) => void,
    options: { readonly returnMode?: ReturnMode } = {},
  ): () => void {
    serviceName(service);
    checkName('document', id);
    const context = {
      wire: this.#settings.wire,
      subscribe: (request: SubscribeRequest, onEvent: (event: PlatformEvent) => void) => this.subscribe(request, onEvent),
      get: (of: string, docId: string) => this.rest.documents.get(of, docId),
      report: (error: Error) => this.#errors.notify(error),
      onConnected: (run: () => void) => this.#connected.add(run),
    };
    const watch = new DocumentWatch(context, service, id, listener as (document: SyncDoc | null) => void, options.returnMode);
    return () => watch.stop();
  }

  /** The API of another application or environment, or with a signal or time-out of its own, with the same credentials. */
  scoped(scope: ApiScope): PlatformRest {
    return restOf(this.#api.scoped(scope));
  }

  #events(): TransportEvents {
    const router = new EventRouter({
      wire: this.#settings.wire,
      channel: (name) => this.#channels.get(name),
      received: (body, topic) => this.#subscriptions.received(body, topic),
      direct: (event, data, raw) => this.#direct.notify(event, data, raw),
      report: (error) => this.#errors.notify(error),
    });
    return {
      opened: () => {
        this.#subscriptions.opened();
        this.#each((channel) => channel.room.isWanted && channel.room.status !== 'rejected' && channel.subscribe());
        for (const room of this.#topicRooms.all()) room.connected();
        this.#connected.notify();
      },
      lost: () => {
        this.#subscriptions.lost();
        this.#each((channel) => channel.connectionLost());
        for (const { room } of this.#topicRooms.all()) room.lost();
      },
      late: (error) => this.#each((channel) => channel.room.failed(error)),
      rejected: (error) => {
        this.#errors.notify(error);
        this.#subscriptions.ended(error);
        this.#each((channel) => channel.room.refused(error));
        for (const { room } of this.#topicRooms.all()) room.refused(error);
      },
      event: (body, topic) => router.event(body, topic),
      subscribed: (body) => this.#subscriptions.subscribed(body),
      other: (event, body) => router.other(event, body),
    };
  }

  #channel(name: string): PlatformChannel {
    if (!this.#transport.emit) throw unsupportedTransport();
    if (typeof name !== 'string' || name === '') throw new InvalidArgumentError('A channel name is a string that is not empty');
    return this.#channels.getOrCreate(name, () => new PlatformChannel(name, this.#context));
  }

  #each(run: (channel: PlatformChannel) => unknown): void {
    for (const channel of this.#channels.all()) run(channel);
  }
}

/**
 * A client for the Realtime Platform. Experimental.
 *
 * @example
 * const platform = createRealtimePlatformClient({ url: 'http://localhost:3000', getToken, applicationId: 'app_demo' });
 * const room = platform.room('board', '42');
 * await room.join();
 */
export function createRealtimePlatformClient<Schema extends SchemaWithRooms>(
  options: PlatformOptions & { readonly schema: Schema },
): WithRooms<PlatformClient, Schema, object>;
export function createRealtimePlatformClient(options: PlatformOptions): PlatformClient;
export function createRealtimePlatformClient(options: PlatformOptions): object {
  return new PlatformClient(options);
}

function unsupportedTransport(): PlatformRealtimeError {
  return new PlatformRealtimeError('UNSUPPORTED_TRANSPORT', 'The plain WebSocket protocol has no channels; use the transport socketio');
}
