// The live side of InsForge: one Socket.IO connection for all channels, and the routing of what comes over it. docs/insforge.md

import { type Clock, systemClock } from '../lib/clock.ts';
import { consoleLog } from '../lib/log.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { decodeJwt } from '../rooms/jwt.ts';
import { Listeners, surface } from '../rooms/listeners.ts';
import type { ClientStatus, PresenceData, Room } from '../rooms/room.ts';
import { type AnyRoomHandle, RoomApi } from '../rooms/room-api.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import type { HookRoom } from '../rooms/hook-room.ts';
import { RoomRegistry } from '../rooms/room-registry.ts';
import { SocketIoConnection, type SocketIoFactory } from '../rooms/socket-io.ts';
import type { SchemaWithRooms, WithRooms } from '../rooms/typed-room.ts';
import { type ChannelContext, type ChannelOptions, InsforgeChannel } from './channel.ts';
import { readFrame } from './frames.ts';
import { InsforgeRealtimeError } from './insforge-error.ts';

export interface InsforgeOptions {
  /** Where the backend is: `https://your-app.insforge.app`. */
  readonly baseUrl: string;
  /** Sent while no user is signed in. */
  readonly anonKey?: string;
  /** Returns the user's token; called for every connection. `force`: the last token was rejected, so get a new one. */
  readonly getToken?: (options: { readonly force: boolean }) => Promise<string | null> | string | null;
  /** A project's key. For servers only: it may do everything. */
  readonly apiKey?: string;
  /** Types the rooms, as `init({ schema })` does; nothing is checked at run time. */
  readonly schema?: SchemaWithRooms;
  /** The user's id; read from the token if not given. */
  readonly userId?: string;
  readonly connectTimeoutMs?: number;
  readonly subscribeTimeoutMs?: number;
  /** A larger message is rejected by the client, because the server would close the connection. */
  readonly maxPayloadBytes?: number;
  readonly transports?: readonly ('websocket' | 'polling')[];
  /** `io` of `socket.io-client`; imported when first needed if not given. */
  readonly io?: SocketIoFactory;
  /** The pauses between attempts to reconnect: at first, and at most. */
  readonly reconnect?: { readonly delayMs?: number; readonly maxDelayMs?: number };
  /** Channel names that begin with `realtime:` are ambiguous in some frames, and rejected unless this is set. */
  readonly allowAmbiguousNames?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A member of a channel as the server lists it. */
export interface PresenceMember {
  readonly type: 'user' | 'anonymous';
  readonly presenceId: string;
  readonly joinedAt?: string;
}

export type InsforgeRoom = Room & HookRoom;

export class InsforgeClient {
  readonly #options: InsforgeOptions;
  readonly #connection: SocketIoConnection;
  readonly #channels = new RoomRegistry<InsforgeChannel>(({ room }) => room.isWanted || room.hasListeners);
  readonly #context: ChannelContext;
  readonly #errors = new Listeners<[Error]>(surface);
  readonly #rooms = new RoomApi((name) => this.#channel(name).room);
  /** Kinds of malformed frames that were reported: one report for each kind. */
  readonly #reported = new Set<string>();
  #userId: string | undefined;

  constructor(options: InsforgeOptions) {
    checkOptions(options);
    this.#options = options;
    const { baseUrl, io, transports, connectTimeoutMs = 10_000, subscribeTimeoutMs = 10_000, maxPayloadBytes = 900_000 } = options;
    const { clock = systemClock, random = systemRandom, reconnect: { delayMs = 1000, maxDelayMs = 5000 } = {} } = options;
    this.#connection = new SocketIoConnection({
      url: baseUrl,
      io,
      transports,
      connectTimeoutMs,
      delayMs,
      maxDelayMs,
      clock,
      random,
      Failure: InsforgeRealtimeError,
      canRefresh: options.apiKey === undefined && options.getToken !== undefined,
      auth: (request) => this.#auth(request),
      opened: () => this.#each((channel) => channel.room.isWanted && channel.room.status !== 'rejected' && channel.subscribe()),
      lost: () => this.#each((channel) => channel.connectionLost()),
      late: (error) => this.#each((channel) => channel.room.failed(error)),
      rejected: (error) => {
        this.#errors.notify(error);
        this.#each((channel) => channel.room.refused(error));
      },
      received: (event, [body]) => this.#received(event, body),
    });
    this.#context = {
      clock,
      nonce: random.eventId(),
      subscribeTimeoutMs,
      maxPayloadBytes,
      socket: () => this.#connection.socket,
      selfId: (ids) => this.#selfId(ids),
      rooms: this.#rooms,
      used: (channel) => this.#channels.hold(channel),
      // `late` and `rejected` deliver every other failure to all rooms.
      connect: ({ room }) =>
        void this.#connection.connect().catch(() => this.status === 'closed' && room.end('The client was closed', 'CLOSED')),
    };
  }

  get status(): ClientStatus {
    return this.#connection.status;
  }

  /** The socket's id: the presence id of a client that is not signed in. Another one with every connection. */
  get socketId(): string | undefined {
    return this.#connection.socket?.id;
  }

  onStatus(listener: (status: ClientStatus, why?: Error) => void): () => void {
    return this.#connection.onStatus(listener);
  }

  /** Errors that belong to no room: rejected credentials, malformed frames, warnings of the server. */
  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Connects if needed. Joining a room connects too.
   *
   * @throws InsforgeRealtimeError 'AUTH_FAILED', 'CONNECT_TIMEOUT', 'DEPENDENCY_MISSING' or 'CLOSED'
   */
  connect(): Promise<void> {
    return this.#connection.connect();
  }

  /**
   * Call after signing in or out: the server authenticates a socket by the token of its handshake, so the client reconnects and rejoins its
   * rooms.
   */
  setIdentity(): Promise<void> {
    this.#userId = undefined;
    this.#each((channel) => channel.room.retry());
    return this.#connection.reconnect();
  }

  /** The room of a channel `kind:id`, or `kind` alone. The same object for the same name; join() it. */
  room(kind: string, id?: string, options: ChannelOptions = {}): InsforgeRoom {
    return this.channel(id === undefined ? kind : `${kind}:${id}`, options);
  }

  /** The room of a channel by its full name. */
  channel(name: string, options: ChannelOptions = {}): InsforgeRoom {
    return this.#channel(name, options).room;
  }

  /** A room in the form of `db.joinRoom`: joined at once, until `leaveRoom()`. */
  joinRoom(kind: string, id?: string, options: ChannelOptions & { readonly initialPresence?: PresenceData } = {}): AnyRoomHandle {
    const { name } = this.room(kind, id, options);
    return this.#rooms.handle(kind, name, options.initialPresence);
  }

  /** The members of a channel, as the server lists them; empty for a channel that is not joined. */
  getPresenceState(channel: string): PresenceMember[] {
    const members = this.#channels.get(channel)?.room.members ?? [];
    return members.map(({ id, kind, joinedAt }) => ({
      type: kind === 'user' ? 'user' : 'anonymous',
      presenceId: id,
      ...(joinedAt !== undefined && { joinedAt: new Date(joinedAt).toISOString() }),
    }));
  }

  getSubscribedChannels(): string[] {
    return this.#channels.all().flatMap(({ room }) => (room.status === 'joined' ? room.name : []));
  }

  /** Leaves every room and ends the connection for good. */
  async close(): Promise<void> {
    this.#each((channel) => channel.room.end('The client was closed', 'CLOSED'));
    this.#connection.close();
  }

  #channel(name: string, options: ChannelOptions = {}): InsforgeChannel {
    if (typeof name !== 'string' || name === '') throw new InvalidArgumentError('A channel name is a string that is not empty');
    if (name.startsWith('realtime:') && !this.#options.allowAmbiguousNames) {
      throw new InvalidArgumentError(`'${name}' begins with 'realtime:', which the server itself puts before channel names`);
    }
    const channel = this.#channels.getOrCreate(name, () => new InsforgeChannel(name, this.#context, options));
    channel.configure(options);
    return channel;
  }

  #each(run: (channel: InsforgeChannel) => unknown): void {
    for (const channel of this.#channels.all()) run(channel);
  }

  async #auth({ force }: { readonly force: boolean }): Promise<Record<string, unknown>> {
    const { apiKey, getToken, anonKey } = this.#options;
    if (apiKey !== undefined) return { apiKey };
    const token = (await getToken?.({ force })) ?? anonKey;
    const subject = token === undefined ? undefined : decodeJwt(token)?.['sub'];
    this.#userId = typeof subject === 'string' ? subject : undefined;
    return token === undefined ? {} : { token };
  }

  #selfId(ids: ReadonlySet<string>): string | undefined {
    const { userId } = this.#options;
    return [userId, this.#userId, this.#connection.socket?.id].find((id) => id !== undefined && ids.has(id));
  }

  #received(event: string, body: unknown): void {
    const frame = readFrame(event, body);
    switch (frame.is) {
      case 'message':
        return this.#joined(...frame.channels)?.received(frame.message, frame.mark);
      case 'presence': {
        const room = this.#joined(frame.channel)?.room;
        return frame.type === 'join' ? room?.joined(frame.member) : room?.departed(frame.member.id);
      }
      case 'error': {
        const error = new InsforgeRealtimeError(frame.code, frame.message, { channel: frame.channel });
        const channel = frame.channel === undefined ? undefined : this.#joined(frame.channel);
        return channel ? channel.publishRefused(error) : this.#errors.notify(error);
      }
      case 'notification':
        return this.#errors.notify(new InsforgeRealtimeError('NOTIFICATION', frame.message));
      case 'malformed':
        return this.#reportOnce(frame.why);
      case 'forged':
        return this.#reportOnce(`A peer published under the name '${event}', which is the server's`);
    }
  }

  #joined(...names: readonly string[]): InsforgeChannel | undefined {
    return names.map((name) => this.#channels.get(name)).find((channel) => channel?.room.isWanted);
  }

  #reportOnce(why: string): void {
    if (this.#reported.has(why) || this.#reported.size >= 100) return;
    this.#reported.add(why);
    this.#errors.notify(new InsforgeRealtimeError('MALFORMED_FRAME', why));
  }
}

/**
 * A client for InsForge Realtime.
 *
 * @example
 * const insforge = createInsforgeClient({ baseUrl: 'https://your-app.insforge.app', anonKey });
 * const room = insforge.room('board', '42');
 * await room.join();
 * room.onTopic('stroke.added', (stroke) => draw(stroke));
 */
export function createInsforgeClient<Schema extends SchemaWithRooms>(
  options: InsforgeOptions & { readonly schema: Schema },
): WithRooms<InsforgeClient, Schema, ChannelOptions>;
export function createInsforgeClient(options: InsforgeOptions): InsforgeClient;
export function createInsforgeClient(options: InsforgeOptions): object {
  return new InsforgeClient(options);
}

function checkOptions({ baseUrl, apiKey, anonKey, getToken }: InsforgeOptions): void {
  if (!URL.canParse(baseUrl)) throw new InvalidArgumentError(`baseUrl is not a URL: ${String(baseUrl)}`);
  if (apiKey === undefined && anonKey === undefined && getToken === undefined) {
    throw new InvalidArgumentError('Give createInsforgeClient an anonKey, a getToken or, on a server, an apiKey');
  }
  if (apiKey !== undefined && typeof window !== 'undefined') {
    consoleLog.warn('An InsForge apiKey in a browser gives every visitor all rights to the project. Use anonKey and getToken.');
  }
}
