// The rooms we are in or on our way into: what we show, who else is there, what waits to be said. Whether a room is joined
// follows from the session: with a new line every room is joined anew. PROTOCOL.md#join-room and the headings after it

import { isObject } from '../protocol/check.ts';
import { followEdits } from '../protocol/presence-edits.ts';
import type { Broadcast, PatchPresence, Peer, RefreshPresence, ServerBroadcast } from '../protocol/room-messages.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Random } from '../lib/random.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';
import { crowdedError, mostWaiting } from './trouble.ts';

export type Presence = Readonly<Record<string, unknown>>;

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
  peers: Readonly<Record<string, Peer>>;
  /** The server has told who is here. */
  hasPeers: boolean;
  /** When to ask again who is here. */
  peersDueMs: number;
  error: string | undefined;
  /** Said before we were in. */
  readonly waiting: { readonly topic: string; readonly data: unknown }[];
}

/** A server that does not tell who is in the room within this has lost the message. */
const peersWithinMs = 2000;

/** Who is to hear. */
interface RoomNews {
  /** Who is in the room, or what they show, may have changed. */
  presence(roomId: string): void;
  topic(roomId: string, topic: string, said: Broadcast): void;
}

export class Rooms implements Extra {
  readonly #random: Random;
  readonly #news: RoomNews;
  readonly #byId = new Map<string, Room>();

  constructor(random: Random, news: RoomNews) {
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
      if (!initial || known.own) return [];
      return this.publish(id, initial);
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
    return room.state === 'asked' || room.state === 'joined' ? [this.#say({ op: 'leave-room', 'room-id': id })] : [];
  }

  /** Merged into what we show already. */
  publish(id: string, data: Presence): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    room.own = { ...room.own, ...data };
    const effects: Effect[] = [this.#seen(id)];
    if (room.state === 'joined') effects.push(this.#show(room));
    return effects;
  }

  say(id: string, topic: string, data: unknown): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    if (room.state === 'joined') return [this.#broadcast(room, topic, data)];
    if (room.waiting.length >= mostWaiting) throw crowdedError();
    room.waiting.push({ topic, data });
    return [];
  }

  /** The session is open: into every room, as if for the first time. */
  sessionOpened(): Effect[] {
    return [...this.#byId.values()].flatMap((room) => this.#join(room));
  }

  lineLost(): Effect[] {
    return [...this.#byId.values()].map((room) => {
      room.state = 'apart';
      room.hasPeers = false;
      room.peersDueMs = Infinity;
      return this.#seen(room.id);
    });
  }

  heard(message: ServerMessage, { nowMs }: Hour): Effect[] {
    switch (message.op) {
      case 'join-room-ok':
        return this.#joined(message['room-id'], nowMs);
      case 'join-room-error':
        return this.#refused(message['room-id'], message.error);
      case 'refresh-presence':
        return this.#peersTold(message, nowMs);
      case 'patch-presence':
        return this.#peersChanged(message);
      case 'server-broadcast':
        return this.#said(message);
      default:
        return [];
    }
  }

  failed({ message: { message, 'original-event': original } }: Failure): Effect[] | undefined {
    const id = original?.['room-id'];
    return original?.['op'] === 'join-room' && typeof id === 'string' ? this.#refused(id, message) : undefined;
  }

  nextDue(): number {
    return Math.min(...[...this.#byId.values()].map(({ peersDueMs }) => peersDueMs));
  }

  due(nowMs: number): Effect[] {
    return [...this.#byId.values()].flatMap((room) => (room.peersDueMs <= nowMs ? this.#rejoin(room) : []));
  }

  /** What the one who spoke shows. */
  peerOf(id: string, said: Broadcast, ownId: string | undefined): unknown {
    const room = this.#byId.get(id);
    return said['peer-id'] === ownId ? room?.own : room?.peers[said['peer-id']]?.data;
  }

  #joined(id: string, nowMs: number): Effect[] {
    const room = this.#byId.get(id);
    if (!room || room.state === 'joined') return [];
    room.state = 'joined';
    room.error = undefined;
    if (!room.hasPeers) room.peersDueMs = nowMs + peersWithinMs;
    const effects: Effect[] = [this.#seen(id)];
    if (room.own) effects.push(this.#show(room));
    for (const { topic, data } of room.waiting.splice(0)) effects.push(this.#broadcast(room, topic, data));
    return effects;
  }

  #refused(id: string, error: unknown): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    room.state = 'refused';
    room.error = typeof error === 'string' ? error : 'The room could not be joined';
    return [this.#seen(id)];
  }

  #peersTold({ 'room-id': id, data }: RefreshPresence, nowMs: number): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    room.peers = data;
    room.hasPeers = true;
    room.peersDueMs = Infinity;
    return [...this.#joined(id, nowMs), this.#seen(id)];
  }

  /** A difference to something we were never told is of no use: the room is joined again. */
  #peersChanged({ 'room-id': id, edits }: PatchPresence): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    const { state, missed } = followEdits(room.peers, edits);
    if (!room.hasPeers || missed > 0 || !isPeers(state)) return this.#rejoin(room);
    room.peers = state;
    return [this.#seen(id)];
  }

  #said({ 'room-id': id, topic, data }: ServerBroadcast): Effect[] {
    if (!this.#byId.has(id)) return [];
    return [{ do: 'call', listener: () => this.#news.topic(id, topic, data), room: { roomId: id, topic } }];
  }

  #seen(roomId: string): Effect {
    return { do: 'call', listener: () => this.#news.presence(roomId), room: { roomId } };
  }

  #join(room: Room): Effect[] {
    room.state = 'asked';
    return [this.#say({ op: 'join-room', 'room-type': room.type, 'room-id': room.id, ...(room.own && { data: room.own }) })];
  }

  #rejoin(room: Room): Effect[] {
    room.peersDueMs = Infinity;
    room.hasPeers = false;
    return [this.#say({ op: 'leave-room', 'room-id': room.id }), ...this.#join(room)];
  }

  #show(room: Room): Effect {
    return this.#say({ op: 'set-presence', 'room-id': room.id, data: room.own });
  }

  #broadcast(room: Room, topic: string, data: unknown): Effect {
    return this.#say({ op: 'client-broadcast', 'room-id': room.id, roomType: room.type, topic, data });
  }

  #say(message: RoomMessage): Effect {
    return { do: 'send', message: { ...message, 'client-event-id': this.#random.eventId() } };
  }
}

type RoomMessage = Extract<Effect, { do: 'send' }>['message'] & { readonly 'room-id': string };

function isPeers(state: unknown): state is Readonly<Record<string, Peer>> {
  return isObject(state) && Object.values(state).every(isObject);
}
