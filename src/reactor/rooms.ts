// The rooms we are in or on our way into: what we show, who else is there, what waits to be said. Whether a room is joined
// follows from the session: with a new line every room is joined anew. PROTOCOL.md#join-room and the headings after it

import type { EventEmitter } from 'eventemitter3';

import { isObject } from '../protocol/check.ts';
import { type Edit, followEdits } from '../protocol/presence-edits.ts';
import type { Broadcast, ClientBroadcast, JoinRoom, LeaveRoom, Peer, SetPresence } from '../protocol/room-messages.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Random } from '../lib/random.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';
import { crowdedError, mostWaiting } from './trouble.ts';

export type Presence = Readonly<Record<string, unknown>>;

type Peers = Readonly<Record<string, Peer>>;

/** `asked`: the join is on its way. `joined`: we are in, and `hasPeers` tells whether we know who else is. */
type RoomState = 'apart' | 'asked' | 'joined' | 'refused';

export interface Room {
  readonly id: string;
  readonly type: string;
  state: RoomState;
  /** How many hold the room: handles and subscriptions. */
  holders: number;
  /** What we show. Undefined until something was published. */
  own: Presence | undefined;
  /** By session id, ourselves among them. */
  peers: Peers;
  /** The server has told who is here. */
  hasPeers: boolean;
  /** When to ask again who is here; Infinity: never. */
  peersDueMs: number;
  error: string | undefined;
  /** Said before we were in. */
  readonly waiting: { readonly topic: string; readonly data: unknown }[];
}

/** A server that does not tell who is in the room within this has lost the message. */
const peersWithinMs = 2000;

/** Under what news of a room are told: of presence, or of what is said on a topic. */
export function newsOf(roomId: string, topic?: string): string {
  return JSON.stringify([roomId, topic]);
}

export class Rooms implements Extra {
  readonly #random: Random;
  readonly #news: EventEmitter;
  readonly #byId = new Map<string, Room>();

  constructor(random: Random, news: EventEmitter) {
    this.#random = random;
    this.#news = news;
  }

  get(id: string): Room | undefined {
    return this.#byId.get(id);
  }

  /** One more holds the room. */
  hold(type: string, id: string, initial: Presence | undefined): Effect[] {
    const known = this.#byId.get(id);
    if (known) {
      known.holders += 1;
      return initial && !known.own ? this.publish(id, initial) : [];
    }
    const room: Room = {
      id,
      type,
      state: 'apart',
      holders: 1,
      own: initial,
      peers: {},
      hasPeers: false,
      peersDueMs: Infinity,
      error: undefined,
      waiting: [],
    };
    this.#byId.set(id, room);
    return this.#join(room);
  }

  /** One less. The last one leaves. */
  release(id: string): Effect[] {
    const room = this.#byId.get(id);
    if (!room || --room.holders > 0) return [];
    this.#byId.delete(id);
    // A join that is still on its way is overtaken by nothing: messages about one room are handled in order.
    return room.state === 'asked' || room.state === 'joined' ? [this.#say(room, { op: 'leave-room' })] : [];
  }

  /** Merged into what we show already. */
  publish(id: string, data: Presence): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    room.own = { ...room.own, ...data };
    return [this.#tell(room), ...(room.state === 'joined' ? this.#show(room) : [])];
  }

  say(id: string, topic: string, data: unknown): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    if (room.state !== 'joined' && room.waiting.length >= mostWaiting) throw crowdedError();
    room.waiting.push({ topic, data });
    return this.#broadcast(room);
  }

  /** The session is open: into every room, as if for the first time. */
  sessionOpened(): Effect[] {
    return this.#each((room) => this.#join(room));
  }

  lineLost(): Effect[] {
    return this.#each((room) => {
      room.state = 'apart';
      this.#forgetPeers(room);
      return [this.#tell(room)];
    });
  }

  heard(message: ServerMessage, { nowMs }: Hour): Effect[] {
    const room = 'room-id' in message && this.#byId.get(message['room-id']);
    if (!room) return [];
    switch (message.op) {
      case 'join-room-ok':
        return this.#joined(room, nowMs);
      case 'join-room-error':
        return this.#refused(room, message.error);
      case 'refresh-presence':
        return this.#peersTold(room, message.data, nowMs);
      case 'patch-presence':
        return this.#peersChanged(room, message.edits);
      case 'server-broadcast':
        return [this.#tell(room, message.topic, message.data)];
      default:
        return [];
    }
  }

  failed({ message: { message, 'original-event': original } }: Failure): Effect[] | undefined {
    if (original?.['op'] !== 'join-room') return undefined;
    const room = this.#byId.get(String(original['room-id']));
    return room ? this.#refused(room, message) : [];
  }

  nextDue(): number {
    return Math.min(...[...this.#byId.values()].map(({ peersDueMs }) => peersDueMs));
  }

  due(nowMs: number): Effect[] {
    return this.#each((room) => (room.peersDueMs <= nowMs ? this.#rejoin(room) : []));
  }

  #each(run: (room: Room) => Effect[]): Effect[] {
    return [...this.#byId.values()].flatMap(run);
  }

  #joined(room: Room, nowMs: number): Effect[] {
    if (room.state === 'joined') return [];
    room.state = 'joined';
    room.error = undefined;
    if (!room.hasPeers) room.peersDueMs = nowMs + peersWithinMs;
    return [this.#tell(room), ...this.#show(room), ...this.#broadcast(room)];
  }

  #refused(room: Room, error: unknown): Effect[] {
    room.state = 'refused';
    room.error = typeof error === 'string' ? error : 'The room could not be joined';
    return [this.#tell(room)];
  }

  #peersTold(room: Room, peers: Peers, nowMs: number): Effect[] {
    room.peers = peers;
    room.hasPeers = true;
    room.peersDueMs = Infinity;
    return [...this.#joined(room, nowMs), this.#tell(room)];
  }

  /** A difference to something we were never told is of no use: the room is joined again. */
  #peersChanged(room: Room, edits: readonly Edit[]): Effect[] {
    const { state, missed } = followEdits(room.peers, edits);
    if (!room.hasPeers || missed > 0 || !isPeers(state)) return this.#rejoin(room);
    room.peers = state;
    return [this.#tell(room)];
  }

  #forgetPeers(room: Room): void {
    room.hasPeers = false;
    room.peersDueMs = Infinity;
  }

  #join(room: Room): Effect[] {
    room.state = 'asked';
    return [this.#say(room, { op: 'join-room', 'room-type': room.type, ...(room.own && { data: room.own }) })];
  }

  #rejoin(room: Room): Effect[] {
    this.#forgetPeers(room);
    return [this.#say(room, { op: 'leave-room' }), ...this.#join(room)];
  }

  #show(room: Room): Effect[] {
    return room.own ? [this.#say(room, { op: 'set-presence', data: room.own })] : [];
  }

  /** What waits to be said, once we are in. */
  #broadcast(room: Room): Effect[] {
    if (room.state !== 'joined') return [];
    return room.waiting.splice(0).map((said) => this.#say(room, { op: 'client-broadcast', roomType: room.type, ...said }));
  }

  #say({ id }: Room, message: RoomMessage): Effect {
    return { do: 'send', message: { ...message, 'room-id': id, 'client-event-id': this.#random.eventId() } };
  }

  #tell({ id: roomId }: Room, topic?: string, said?: Broadcast): Effect {
    const listener = (): void => void this.#news.emit(newsOf(roomId, topic), said);
    return { do: 'call', listener, room: { roomId, topic } };
  }
}

type Unaddressed<Message> = Message extends unknown ? Omit<Message, 'room-id' | 'client-event-id'> : never;
type RoomMessage = Unaddressed<JoinRoom | LeaveRoom | SetPresence | ClientBroadcast>;

function isPeers(state: unknown): state is Peers {
  return isObject(state) && Object.values(state).every(isObject);
}
