// One channel on the socket: subscribing with a time-out, publishing, and matching a publish with its echo. client.ts owns the socket and routes
// incoming frames to the channels.

import type { Clock, Timer } from '../lib/clock.ts';
import { type Deferred, deferred } from '../rooms/deferred.ts';
import { type HookRoom, hookRoom } from '../rooms/hook-room.ts';
import { LiveRoom } from '../rooms/live-room.ts';
import type { RoomDriver } from '../rooms/room-driver.ts';
import { jsonOf } from '../rooms/payload.ts';
import type { RoomCapabilities, RoomMessage } from '../rooms/room.ts';
import type { RoomApi } from '../rooms/room-api.ts';
import type { SocketIoSocket } from '../rooms/socket-io.ts';
import { readSubscribeAnswer, reservedEvents } from './frames.ts';
import { InsforgeRealtimeError } from './insforge-error.ts';
import { type EchoMark, encodePayload } from './payload.ts';

export interface ChannelOptions {
  /** `echo`: `publish()` resolves when the message comes back from the server. Adds a key to the payload that others can see. */
  readonly ack?: 'none' | 'echo';
  /** How long an echo is awaited; 10,000 ms if not given. */
  readonly timeoutMs?: number;
  /** With `ack: 'echo'`: one message at a time, so that those of one sender arrive in order. */
  readonly serial?: boolean;
  /** With `ack: 'echo'`: the sender's own messages are not delivered to it. */
  readonly suppressEcho?: boolean;
  /** Presence data for `setPresence` and the React hooks, sent as messages: InsForge's members carry none. */
  readonly sharePresence?: boolean;
}

/** What a channel needs of its client. */
export interface ChannelContext {
  readonly clock: Clock;
  readonly nonce: string;
  readonly subscribeTimeoutMs: number;
  readonly maxPayloadBytes: number;
  readonly rooms: RoomApi;
  socket(): SocketIoSocket | undefined;
  /** The caller among these members. */
  selfId(ids: ReadonlySet<string>): string | undefined;
  /** Connects, and subscribes this channel then. */
  connect(channel: InsforgeChannel): void;
  /** The channel is in use from now on. */
  used(channel: InsforgeChannel): void;
}

interface Sent extends Deferred<void> {
  readonly timer: Timer;
}

/** Message ids remembered, so that a message delivered twice is seen once. */
const mostIds = 500;
const echoTimeoutMs = 10_000;

export class InsforgeChannel implements RoomDriver {
  readonly Failure = InsforgeRealtimeError;
  readonly room: LiveRoom & HookRoom;
  readonly #context: ChannelContext;
  readonly #sent = new Map<number, Sent>();
  readonly #ids = new Set<string>();
  #options: ChannelOptions;
  #hasPresence = true;
  /** Number of the current subscription; acknowledgements of older ones are ignored. */
  #epoch = 0;
  #isAsked = false;
  #timer: Timer | undefined;
  #count = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(name: string, context: ChannelContext, options: ChannelOptions) {
    this.#context = context;
    this.#options = options;
    this.room = hookRoom(new LiveRoom(name, this, { sharePresence: options.sharePresence ?? false }), context.rooms);
  }

  get capabilities(): RoomCapabilities {
    const { ack, serial, suppressEcho } = this.#options;
    const isEchoed = ack === 'echo';
    return {
      publish: true,
      presence: this.#hasPresence ? 'live' : 'none',
      presenceData: false,
      selfEcho: !(isEchoed && suppressEcho),
      publishAck: isEchoed ? 'echo' : 'none',
      ordered: isEchoed && serial === true,
    };
  }

  /** Options given with a later call apply from then on; `sharePresence` is settled with the first. */
  configure(options: ChannelOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  subscribe(): void {
    this.#context.used(this);
    const socket = this.#context.socket();
    if (!socket) return this.#context.connect(this);
    if (this.#isAsked || this.room.status === 'joined') return;
    this.#isAsked = true;
    const epoch = ++this.#epoch;
    this.#timer = this.#context.clock.setTimeout(() => this.#unanswered(socket), this.#context.subscribeTimeoutMs);
    socket.emit('realtime:subscribe', { channel: this.room.name }, (answer: unknown) => {
      if (epoch === this.#epoch) this.#answered(answer);
    });
  }

  unsubscribe(): void {
    this.#forget();
    this.#failSent('SUBSCRIPTION_CANCELLED', 'The channel was left before the message came back');
    this.#ids.clear();
    this.#context.socket()?.emit('realtime:unsubscribe', { channel: this.room.name });
  }

  async publish(topic: string, data: unknown): Promise<void> {
    const { name } = this.room;
    if (reservedEvents.has(topic)) throw this.#failure('INVALID_TOPIC', `'${topic}' is a name of the protocol's own`);
    jsonOf(data, this.#context.maxPayloadBytes, InsforgeRealtimeError, name);
    if (this.#options.ack !== 'echo') return this.#emit(topic, data);
    if (!this.#options.serial) return this.#publishForEcho(topic, data);
    const turn = this.#last.then(() => this.#publishForEcho(topic, data));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** A message for this channel, own ones among them. */
  received(message: RoomMessage, mark: EchoMark | undefined): void {
    if (message.id !== undefined) {
      if (this.#ids.has(message.id)) return;
      this.#ids.add(message.id);
      if (this.#ids.size > mostIds) for (const oldest of this.#ids) if (this.#ids.delete(oldest)) break;
    }
    const isOwn = mark?.c === this.#context.nonce;
    if (mark && isOwn) this.#settle(mark.n);
    if (!(isOwn && this.#options.ack === 'echo' && this.#options.suppressEcho)) this.room.received(message);
  }

  /** The server rejected a publish without saying which one: the oldest pending publish is assumed. */
  publishRefused(error: InsforgeRealtimeError): void {
    const [oldest] = this.#sent.keys();
    if (oldest === undefined) this.room.report(error);
    else this.#settle(oldest, error);
  }

  connectionLost(): void {
    this.#forget();
    this.#failSent('DISCONNECTED', 'The connection was lost before the message came back');
    this.room.lost();
  }

  #emit(topic: string, data: unknown, mark?: EchoMark): void {
    const socket = this.#context.socket();
    if (!socket) throw this.#failure('DISCONNECTED', 'There is no connection');
    const { name } = this.room;
    const payload = encodePayload(data, mark);
    // Including the envelope: the server closes the connection, without an error, on a frame above its limit.
    jsonOf({ channel: name, event: topic, payload }, this.#context.maxPayloadBytes, InsforgeRealtimeError, name);
    socket.emit('realtime:publish', { channel: name, event: topic, payload });
  }

  #publishForEcho(topic: string, data: unknown): Promise<void> {
    const { clock, nonce } = this.#context;
    const n = ++this.#count;
    const { timeoutMs = echoTimeoutMs } = this.#options;
    // A serial publish may have waited while the room was left or lost.
    if (this.room.status !== 'joined') return Promise.reject(this.#failure('NOT_JOINED', `'${this.room.name}' is ${this.room.status}`));
    const timer = clock.setTimeout(() => this.#settle(n, this.#failure('PUBLISH_TIMEOUT', `No echo within ${timeoutMs} ms`)), timeoutMs);
    const sent: Sent = { ...deferred<void>(), timer };
    this.#sent.set(n, sent);
    try {
      this.#emit(topic, data, { c: nonce, n });
    } catch (error) {
      this.#settle(n, error);
    }
    return sent.promise;
  }

  #settle(n: number, error?: unknown): void {
    const sent = this.#sent.get(n);
    if (!sent) return;
    this.#sent.delete(n);
    this.#context.clock.clearTimeout(sent.timer);
    if (error === undefined) sent.resolve();
    else sent.reject(error);
  }

  #failSent(code: 'DISCONNECTED' | 'SUBSCRIPTION_CANCELLED', message: string): void {
    for (const n of [...this.#sent.keys()]) this.#settle(n, this.#failure(code, message));
  }

  #answered(answer: unknown): void {
    this.#forget();
    const read = readSubscribeAnswer(answer);
    if (!read.ok) return this.room.refused(this.#failure(read.code, read.message));
    this.#hasPresence = read.hasPresence;
    this.room.opened(read.members, this.#context.selfId(new Set(read.members.map(({ id }) => id))));
    if (read.hasMalformed) this.room.report(this.#failure('MALFORMED_FRAME', 'The server lists members without an id'));
  }

  #unanswered(socket: SocketIoSocket): void {
    this.#forget();
    // The acknowledgement may be on its way: without this, the server would count a member that is not there.
    if (socket.connected) socket.emit('realtime:unsubscribe', { channel: this.room.name });
    const { subscribeTimeoutMs } = this.#context;
    this.room.failed(this.#failure('SUBSCRIBE_TIMEOUT', `'${this.room.name}' was not confirmed within ${subscribeTimeoutMs} ms`));
  }

  #forget(): void {
    this.#epoch += 1;
    this.#isAsked = false;
    this.#context.clock.clearTimeout(this.#timer);
  }

  #failure(code: string, message: string): InsforgeRealtimeError {
    return new InsforgeRealtimeError(code, message, { channel: this.room.name });
  }
}
