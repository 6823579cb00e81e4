// The rooms that the client has joined or is joining: its own presence, the peers, and messages that wait for the join. Every new session joins all
// rooms again. PROTOCOL.md#join-room and the headings after it

import type { TriplaneError } from '../../errors.ts';
import type { Emitter } from '../../lib/emitter.ts';
import { equal } from '../../lib/equal.ts';
import { isObject } from '../../lib/json.ts';
import { type PresencePatch, tryPatches } from '../../protocol/presence-edits.ts';
import type { Broadcast, ClientBroadcast, JoinRoom, LeaveRoom, Peer, SetPresence } from '../../protocol/room-messages.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { Random } from '../../lib/random.ts';
import type { Effect } from '../effect.ts';
import type { Feature, RejectedRequest, FeatureEnv } from '../features.ts';
import { roomQueueFullError, maxQueuedRoomMessages } from '../client-errors.ts';

export type Presence = Readonly<Record<string, unknown>>;

type Peers = Readonly<Record<string, Peer>>;

/** `asked`: the join was sent. `joined`: the server confirmed it; `hasPeers` says whether the peers are known. */
type RoomState = 'apart' | 'asked' | 'joined' | 'refused';

export interface Room {
  readonly id: string;
  readonly type: string;
  state: RoomState;
  /** Reference count: handles and subscriptions. */
  refCount: number;
  /** The client's own presence. Undefined until it is published. */
  own: Presence | undefined;
  /** By session id, including this session. */
  peers: Peers;
  /** Whether the server has sent the peers. */
  hasPeers: boolean;
  /** When to join again if the peers are still missing; Infinity for never. */
  peersDeadlineMs: number;
  error: string | undefined;
  /** Messages sent before the join was confirmed. */
  readonly queued: { readonly topic: string; readonly data: unknown }[];
}

/** If the peers do not arrive within this time, the server has lost the message. */
const peersTimeoutMs = 2000;

/** The event names of a room: presence, or a topic, whose events carry the message. */
export function eventKeyOf(roomId: string, topic?: string): string {
  return JSON.stringify([roomId, topic]);
}

export type RoomEmitter = Emitter<Record<string, [broadcast?: Broadcast]>>;

export class Rooms implements Feature {
  readonly #random: Random;
  readonly #emitter: RoomEmitter;
  readonly #byId = new Map<string, Room>();

  constructor(random: Random, emitter: RoomEmitter) {
    this.#random = random;
    this.#emitter = emitter;
  }

  get(id: string): Room | undefined {
    return this.#byId.get(id);
  }

  /** Adds a reference to the room. */
  acquire(type: string, id: string, initial: Presence | undefined): Effect[] {
    const known = this.#byId.get(id);
    if (known) {
      known.refCount += 1;
      return initial && !known.own ? this.publish(id, initial) : [];
    }
    const room: Room = {
      id,
      type,
      state: 'apart',
      refCount: 1,
      own: initial,
      peers: {},
      hasPeers: false,
      peersDeadlineMs: Infinity,
      error: undefined,
      queued: [],
    };
    this.#byId.set(id, room);
    return this.#join(room);
  }

  /** Removes a reference. The last one leaves the room. */
  release(id: string): Effect[] {
    const room = this.#byId.get(id);
    if (!room || --room.refCount > 0) return [];
    this.#byId.delete(id);
    // Leaving cannot overtake the join: the server processes messages about one room in order.
    return room.state === 'asked' || room.state === 'joined' ? [this.#send(room, { op: 'leave-room' })] : [];
  }

  /** Merges into the client's own presence. */
  publish(id: string, data: Presence): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    room.own = { ...room.own, ...data };
    return [this.#notify(room), ...(room.state === 'joined' ? this.#sendPresence(room) : [])];
  }

  publishTopic(id: string, topic: string, data: unknown): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    if (room.state !== 'joined' && room.queued.length >= maxQueuedRoomMessages) throw roomQueueFullError();
    room.queued.push({ topic, data });
    return this.#broadcast(room);
  }

  /** A session is open: join every room. */
  onSessionOpen(): Effect[] {
    return this.#each((room) => this.#join(room));
  }

  onDisconnect(): Effect[] {
    return this.#each((room) => {
      room.state = 'apart';
      this.#forgetPeers(room);
      return [this.#notify(room)];
    });
  }

  onMessage(message: ServerMessage, { nowMs }: FeatureEnv): Effect[] {
    const room = 'room-id' in message && this.#byId.get(message['room-id']);
    if (!room) return [];
    switch (message.op) {
      case 'join-room-ok':
        return this.#onJoined(room, nowMs);
      case 'join-room-error':
        return this.#onRejected(room, message.error);
      case 'refresh-presence':
        return this.#onPeers(room, message.data, nowMs);
      case 'patch-presence':
        return this.#onPeersChanged(room, message.edits);
      case 'server-broadcast':
        return typeof message.topic === 'string' ? [this.#notify(room, message.topic, message.data)] : [];
      default:
        return [];
    }
  }

  onError({ message: { message, 'original-event': original }, error, retryAtMs }: RejectedRequest): Effect[] | undefined {
    const op = original?.['op'];
    if (!original || (op !== 'join-room' && op !== 'set-presence')) return undefined;
    const room = this.#byId.get(String(original['room-id']));
    if (op === 'set-presence') return retryAtMs(0) === undefined ? this.#onPresenceRejected(room, original['data'], error) : undefined;
    return room ? this.#onRejected(room, message) : [];
  }

  /** The same presence would be rejected again with every join, and with it the join. */
  #onPresenceRejected(room: Room | undefined, data: unknown, error: TriplaneError): Effect[] {
    const effects: Effect[] = [{ do: 'report', error }];
    if (!room || (data !== undefined && !equal(data, room.own))) return effects;
    room.own = undefined;
    return [...effects, this.#notify(room), ...(room.state === 'asked' ? this.#join(room) : [])];
  }

  nextDeadline(): number {
    return Math.min(...[...this.#byId.values()].map(({ peersDeadlineMs }) => peersDeadlineMs));
  }

  onDeadline(nowMs: number): Effect[] {
    return this.#each((room) => (room.peersDeadlineMs <= nowMs ? this.#rejoin(room) : []));
  }

  #each(run: (room: Room) => Effect[]): Effect[] {
    return [...this.#byId.values()].flatMap(run);
  }

  #onJoined(room: Room, nowMs: number): Effect[] {
    if (room.state === 'joined') return [];
    room.state = 'joined';
    room.error = undefined;
    if (!room.hasPeers) room.peersDeadlineMs = nowMs + peersTimeoutMs;
    return [this.#notify(room), ...this.#sendPresence(room), ...this.#broadcast(room)];
  }

  #onRejected(room: Room, error: unknown): Effect[] {
    room.state = 'refused';
    room.error = typeof error === 'string' ? error : 'The room could not be joined';
    return [this.#notify(room)];
  }

  #onPeers(room: Room, peers: Peers, nowMs: number): Effect[] {
    room.peers = peers;
    room.hasPeers = true;
    room.peersDeadlineMs = Infinity;
    return [...this.#onJoined(room, nowMs), this.#notify(room)];
  }

  /** Edits cannot be applied without the initial state: join again. */
  #onPeersChanged(room: Room, edits: readonly PresencePatch[]): Effect[] {
    const { state, skipped: missed } = tryPatches(room.peers, edits);
    if (!room.hasPeers || missed > 0 || !isPeers(state)) return this.#rejoin(room);
    room.peers = state;
    return [this.#notify(room)];
  }

  #forgetPeers(room: Room): void {
    room.hasPeers = false;
    room.peersDeadlineMs = Infinity;
  }

  #join(room: Room): Effect[] {
    room.state = 'asked';
    return [this.#send(room, { op: 'join-room', 'room-type': room.type, ...(room.own && { data: room.own }) })];
  }

  #rejoin(room: Room): Effect[] {
    this.#forgetPeers(room);
    return [this.#send(room, { op: 'leave-room' }), ...this.#join(room)];
  }

  #sendPresence(room: Room): Effect[] {
    return room.own ? [this.#send(room, { op: 'set-presence', data: room.own })] : [];
  }

  /** The waiting messages, once the room is joined. */
  #broadcast(room: Room): Effect[] {
    if (room.state !== 'joined') return [];
    return room.queued.splice(0).map((broadcast) => this.#send(room, { op: 'client-broadcast', roomType: room.type, ...broadcast }));
  }

  #send({ id }: Room, message: RoomMessage): Effect {
    return { do: 'send', message: { ...message, 'room-id': id, 'client-event-id': this.#random.eventId() } };
  }

  #notify({ id: roomId }: Room, topic?: string, broadcast?: Broadcast): Effect {
    const listener = (): void => this.#emitter.emit(eventKeyOf(roomId, topic), broadcast);
    return { do: 'call', listener, room: { roomId, topic } };
  }
}

type Unaddressed<Message> = Message extends unknown ? Omit<Message, 'room-id' | 'client-event-id'> : never;
type RoomMessage = Unaddressed<JoinRoom | LeaveRoom | SetPresence | ClientBroadcast>;

function isPeers(state: unknown): state is Peers {
  return isObject(state) && Object.values(state).every(isObject);
}
