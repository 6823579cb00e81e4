// The rooms that the client has joined or is joining: its own presence, the peers, and messages that wait for the join. Every new session joins all
// rooms again. PROTOCOL.md#join-room and the headings after it

import type { EventEmitter } from 'eventemitter3';

import { TriplaneError } from '../../errors.ts';
import { equal } from '../../lib/equal.ts';
import { type PresencePatch, tryPatches } from '../../protocol/presence-edits.ts';
import type { Broadcast, ClientBroadcast, JoinRoom, LeaveRoom, SetPresence } from '../../protocol/room-messages.ts';
import type { OriginalEvent } from '../../protocol/server-error.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { Random } from '../../lib/random.ts';
import type { Effect } from '../effect.ts';
import type { Feature, RejectedRequest, FeatureEnv } from '../features.ts';
import { roomQueueFullError, maxQueuedRoomMessages } from '../client-errors.ts';
import { isPeers, newRoom, type Peers, type Presence, type Room } from './room.ts';

const roomOps: ReadonlySet<unknown> = new Set(['join-room', 'leave-room', 'set-presence', 'client-broadcast']);

/** If the peers do not arrive within this time, the server has lost the message. */
const peersTimeoutMs = 2000;

/** The event names of a room: presence, or a topic. */
export function eventKeyOf(roomId: string, topic?: string): string {
  return JSON.stringify([roomId, topic]);
}

export class Rooms implements Feature {
  readonly #random: Random;
  readonly #emitter: EventEmitter;
  readonly #byId = new Map<string, Room>();
  /** Rooms that this client could not leave yet, with the refusals and the time of the next attempt. */
  readonly #toLeave = new Map<string, Pick<Room, 'refusals' | 'retryAtMs'>>();

  constructor(random: Random, emitter: EventEmitter) {
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
    const room = newRoom(id, type, initial);
    this.#byId.set(id, room);
    this.#toLeave.delete(id);
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
    room.isPresenceDue = true;
    return [this.#notify(room), ...this.#flush(room)];
  }

  publishTopic(id: string, topic: string, data: unknown): Effect[] {
    const room = this.#byId.get(id);
    if (!room) return [];
    if (room.queued.length >= maxQueuedRoomMessages) throw roomQueueFullError();
    room.queued.push({ topic, data });
    return this.#flush(room);
  }

  /** A session is open: join every room. */
  onSessionOpen(): Effect[] {
    return this.#each((room) => this.#join(room));
  }

  onDisconnect(): Effect[] {
    this.#toLeave.clear();
    return this.#each((room) => {
      room.state = 'apart';
      this.#resume(room);
      this.#forgetPeers(room);
      return [this.#notify(room)];
    });
  }

  /** The new user may not be allowed to see the peers. */
  onUserChange(): Effect[] {
    return this.#each((room) => {
      room.peers = {};
      return [this.#notify(room)];
    });
  }

  onMessage(message: ServerMessage, { nowMs }: FeatureEnv): Effect[] {
    if (message.op === 'leave-room-ok') this.#toLeave.delete(message['room-id']);
    const room = 'room-id' in message && this.#byId.get(message['room-id']);
    if (!room) return [];
    switch (message.op) {
      case 'join-room-ok':
        return this.#onJoined(room, nowMs);
      case 'join-room-error':
        // An error message comes with it, and says whether the refusal is one for the moment.
        return room.retryAtMs < Infinity ? [] : this.#onRejected(room, message.error);
      case 'set-presence-ok':
      case 'client-broadcast-ok':
        room.refusals = 0;
        return [];
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
    if (!original || !roomOps.has(op)) return undefined;
    const id = String(original['room-id']);
    const room = this.#byId.get(id);
    const known = room ?? this.#toLeave.get(id) ?? { refusals: 0, retryAtMs: Infinity };
    // The rooms of a disabled app are joined when it is enabled again: until then their listeners have the error.
    const atMs = op === 'join-room' && error.type === 'app-disabled' ? undefined : retryAtMs(known.refusals);
    // A message that may have been delivered is not sent twice.
    if (atMs === undefined || (op === 'client-broadcast' && error.status >= 500)) return this.#onFinalError(room, original, error, message);
    if (op === 'leave-room' ? room : !room) return [];
    // Of what was sent together, each refusal postpones the rest.
    if (known.retryAtMs === Infinity) known.refusals += 1;
    known.retryAtMs = atMs;
    if (!room) this.#toLeave.set(id, known);
    else if (op === 'join-room') room.state = 'apart';
    else if (op === 'set-presence') room.isPresenceDue = true;
    else room.queued.splice(room.refusedMessages++, 0, { topic: String(original['topic']), data: original['data'] });
    return [];
  }

  #onFinalError(room: Room | undefined, original: OriginalEvent, error: TriplaneError, text: unknown): Effect[] {
    if (original['op'] === 'set-presence') return this.#onPresenceRejected(room, original['data'], error);
    return original['op'] === 'join-room' ? (room ? this.#onRejected(room, text) : []) : [{ do: 'report', error }];
  }

  /** The same presence would be rejected again with every join, and with it the join. */
  #onPresenceRejected(room: Room | undefined, data: unknown, error: TriplaneError): Effect[] {
    const effects: Effect[] = [{ do: 'report', error }];
    if (!room || (data !== undefined && !equal(data, room.own))) return effects;
    room.own = undefined;
    room.isPresenceDue = false;
    return [...effects, this.#notify(room), ...(room.state === 'asked' ? this.#join(room) : [])];
  }

  nextDeadline(): number {
    const rooms = [...this.#byId.values()];
    return Math.min(
      ...[...rooms, ...this.#toLeave.values()].map(({ retryAtMs }) => retryAtMs),
      ...rooms.map(({ peersDeadlineMs }) => peersDeadlineMs),
    );
  }

  onDeadline(nowMs: number): Effect[] {
    const due = this.#each((room) =>
      room.retryAtMs <= nowMs ? this.#retry(room) : room.peersDeadlineMs <= nowMs ? this.#rejoin(room) : [],
    );
    for (const [id, left] of this.#toLeave) {
      if (left.retryAtMs > nowMs) continue;
      left.retryAtMs = Infinity;
      due.push(this.#send({ id }, { op: 'leave-room' }));
    }
    return due;
  }

  #retry(room: Room): Effect[] {
    this.#resume(room);
    return room.state === 'apart' ? this.#join(room) : this.#flush(room);
  }

  #resume(room: Room): void {
    room.retryAtMs = Infinity;
    room.refusedMessages = 0;
  }

  #each(run: (room: Room) => Effect[]): Effect[] {
    return [...this.#byId.values()].flatMap(run);
  }

  #onJoined(room: Room, nowMs: number): Effect[] {
    if (room.state === 'joined') return [];
    room.state = 'joined';
    room.error = undefined;
    room.refusals = 0;
    this.#resume(room);
    if (!room.hasPeers) room.peersDeadlineMs = nowMs + peersTimeoutMs;
    room.isPresenceDue = true;
    return [this.#notify(room), ...this.#flush(room)];
  }

  /** Reported once: listeners of presence see it, those of topics do not. */
  #onRejected(room: Room, error: unknown): Effect[] {
    const isKnown = room.error !== undefined;
    room.state = 'refused';
    room.error = typeof error === 'string' ? error : 'The room could not be joined';
    return [...(isKnown ? [] : [roomRefused(room)]), this.#notify(room)];
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

  /** What waits, once the room is joined. */
  #flush(room: Room): Effect[] {
    if (room.state !== 'joined' || room.retryAtMs < Infinity) return [];
    const presence = room.isPresenceDue && room.own ? [this.#send(room, { op: 'set-presence', data: room.own })] : [];
    room.isPresenceDue = false;
    const messages = room.queued.splice(0);
    return [...presence, ...messages.map((each) => this.#send(room, { op: 'client-broadcast', roomType: room.type, ...each }))];
  }

  #send({ id }: Pick<Room, 'id'>, message: RoomMessage): Effect {
    return { do: 'send', message: { ...message, 'room-id': id, 'client-event-id': this.#random.eventId() } };
  }

  #notify({ id: roomId }: Room, topic?: string, broadcast?: Broadcast): Effect {
    const listener = (): void => void this.#emitter.emit(eventKeyOf(roomId, topic), broadcast);
    return { do: 'call', listener, room: { roomId, topic } };
  }
}

function roomRefused({ id, error }: Room): Effect {
  return { do: 'report', error: new TriplaneError('refused', `The room '${id}' could not be joined: ${error}`) };
}

type Unaddressed<Message> = Message extends unknown ? Omit<Message, 'room-id' | 'client-event-id'> : never;
type RoomMessage = Unaddressed<JoinRoom | LeaveRoom | SetPresence | ClientBroadcast>;
