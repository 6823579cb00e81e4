// Rooms: who is in each, what each shows, and what has to be told to whom. Changes gather until `flush`, so that those that
// come together go out as one. Peers that are with other servers of the app are in it too. Asks nobody whether a session may
// be here. PROTOCOL.md#join-room

import { diffPresence } from '../protocol/presence-edits.ts';
import type { Broadcast, Peer, ServerMessage } from '../protocol/server-message.ts';
import type { Letter, Listener } from './listener.ts';

/** The node a session is on: there is one. */
const here = 'i-1';

interface Member {
  /** Undefined = with another server, which is told by its name. */
  readonly listener: Listener | undefined;
  readonly server?: string;
  peer: Peer;
}

/** A peer as it is now; null = not there. */
export interface RoomChange {
  readonly roomId: string;
  readonly id: string;
  readonly peer: Peer | null;
}

export const keyOf = ({ roomId, id }: Pick<RoomChange, 'roomId' | 'id'>): string => `${id} ${roomId}`;

interface Room {
  readonly id: string;
  readonly members: Map<string, Member>;
  /** Session id → the peer as last told, undefined if it was not there; of those that changed since. */
  readonly before: Map<string, Peer | undefined>;
  /** Those who have not been told anything yet. */
  readonly newcomers: Set<string>;
}

export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #ofListener = new Map<string, Set<string>>();
  readonly #changed = new Set<Room>();
  /** Of our own peers, what other servers have not been told. */
  readonly #news = new Map<string, Pick<RoomChange, 'roomId' | 'id'>>();

  /** How many rooms a session is in. */
  count(listener: Listener): number {
    return this.#ofListener.get(listener.id)?.size ?? 0;
  }

  has(listener: Listener, roomId: string): boolean {
    return this.#rooms.get(roomId)?.members.has(listener.id) ?? false;
  }

  /** Who is here, by room: for people to look at. */
  sizes(): ReadonlyMap<string, number> {
    return new Map([...this.#rooms].map(([id, { members }]) => [id, members.size]));
  }

  /** Everybody in a room; undefined if nobody ever is. */
  peers(roomId: string): readonly Peer[] | undefined {
    const members = this.#rooms.get(roomId)?.members;
    return members && [...members.values()].map(({ peer }) => peer);
  }

  /** Joining again changes nothing. */
  join(listener: Listener, roomId: string, data: unknown): void {
    if (this.has(listener, roomId)) return;
    const room = this.#room(roomId);
    this.#noteOwn(room, listener.id);
    const { userId } = listener.actor;
    const user = userId === undefined ? null : { id: userId };
    const peer: Peer = { 'peer-id': listener.id, 'instance-id': here, user, data: data ?? {} };
    room.members.set(listener.id, { listener, peer });
    room.newcomers.add(listener.id);
    const own = this.#ofListener.get(listener.id) ?? new Set<string>();
    this.#ofListener.set(listener.id, own.add(roomId));
  }

  leave(listener: Listener, roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room?.members.has(listener.id)) return;
    this.#noteOwn(room, listener.id);
    this.#remove(room, listener.id);
    room.newcomers.delete(listener.id);
    const own = this.#ofListener.get(listener.id);
    own?.delete(roomId);
    if (own?.size === 0) this.#ofListener.delete(listener.id);
  }

  leaveAll(listener: Listener): void {
    for (const roomId of [...(this.#ofListener.get(listener.id) ?? [])]) this.leave(listener, roomId);
  }

  /** @returns false if the session is not in the room */
  setPresence(listener: Listener, roomId: string, data: unknown): boolean {
    const room = this.#rooms.get(roomId);
    const member = room?.members.get(listener.id);
    if (!room || !member) return false;
    this.#noteOwn(room, listener.id);
    member.peer = { ...member.peer, data };
    return true;
  }

  /** To all others. Undefined if the session is not in the room. */
  broadcast(
    listener: Listener,
    roomId: string,
    topic: string,
    data: unknown,
  ): { readonly said: Broadcast; readonly letters: Letter[] } | undefined {
    const room = this.#rooms.get(roomId);
    const member = room?.members.get(listener.id);
    if (!room || !member) return undefined;
    const said: Broadcast = { 'peer-id': listener.id, user: member.peer.user ?? null, data };
    return { said, letters: this.toAll(roomId, topic, said) };
  }

  /** To all in the room that are with us, but not to who said it. */
  toAll(roomId: string, topic: string, said: Broadcast): Letter[] {
    const message: ServerMessage = { op: 'server-broadcast', 'room-id': roomId, topic, data: said };
    const letters: Letter[] = [];
    for (const [id, { listener }] of this.#rooms.get(roomId)?.members ?? []) {
      if (listener && id !== said['peer-id']) letters.push({ to: listener, message });
    }
    return letters;
  }

  /** A peer that is with another server. */
  place(server: string, { roomId, id, peer }: RoomChange): void {
    const room = this.#room(roomId);
    if (room.members.get(id)?.listener) return;
    if (!peer) return this.#remove(room, id);
    this.#note(room, id);
    room.members.set(id, { listener: undefined, server, peer });
  }

  /** The peers of another server, but for those named, are not there any more. */
  forget(server: string, except: ReadonlySet<string> = new Set()): void {
    for (const room of [...this.#rooms.values()]) {
      for (const [id, member] of [...room.members]) {
        if (member.server === server && !except.has(keyOf({ roomId: room.id, id }))) this.#remove(room, id);
      }
    }
  }

  /** All peers that are with us. */
  own(): RoomChange[] {
    const all: RoomChange[] = [];
    for (const { id: roomId, members } of this.#rooms.values()) {
      for (const [id, { listener, peer }] of members) if (listener) all.push({ roomId, id, peer });
    }
    return all;
  }

  /** What other servers are to be told, once. */
  takeNews(): RoomChange[] {
    const news = [...this.#news.values()].map(({ roomId, id }) => {
      const member = this.#rooms.get(roomId)?.members.get(id);
      return { roomId, id, peer: member?.peer ?? null };
    });
    this.#news.clear();
    return news;
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** What is to be said about all that changed since the last time. */
  flush(): Letter[] {
    const letters: Letter[] = [];
    for (const room of this.#changed) tell(room, letters);
    this.#changed.clear();
    return letters;
  }

  #room(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (!room) this.#rooms.set(roomId, (room = { id: roomId, members: new Map(), before: new Map(), newcomers: new Set() }));
    return room;
  }

  #remove(room: Room, id: string): void {
    if (room.members.has(id)) {
      this.#note(room, id);
      room.members.delete(id);
    }
    if (room.members.size === 0) this.#rooms.delete(room.id);
  }

  #noteOwn(room: Room, id: string): void {
    this.#note(room, id);
    this.#news.set(keyOf({ roomId: room.id, id }), { roomId: room.id, id });
  }

  #note(room: Room, id: string): void {
    this.#changed.add(room);
    if (!room.before.has(id)) room.before.set(id, room.members.get(id)?.peer);
  }
}

/** Newcomers get everybody; the others what changed, or everybody if they do not know how to take a change. */
function tell(room: Room, letters: Letter[]): void {
  const { members, newcomers } = room;
  const edits = diffPresence(...changesOf(room));
  let patch: ServerMessage | undefined;
  let whole: ServerMessage | undefined;
  for (const [id, { listener }] of members) {
    if (!listener) continue;
    if (newcomers.has(id) || (edits.length > 0 && !listener.features.patchPresence)) {
      letters.push({ to: listener, message: (whole ??= wholeRoom(room)) });
    } else if (edits.length > 0) {
      letters.push({ to: listener, message: (patch ??= { op: 'patch-presence', 'room-id': room.id, edits }) });
    }
  }
  newcomers.clear();
  room.before.clear();
}

/** Only of those who changed: the rest of the room need not be compared. */
function changesOf({ before, members }: Room): [before: Record<string, Peer>, after: Record<string, Peer>] {
  const was: Record<string, Peer> = {};
  const is: Record<string, Peer> = {};
  for (const [id, peer] of before) {
    const now = members.get(id)?.peer;
    if (peer) was[id] = peer;
    if (now) is[id] = now;
  }
  return [was, is];
}

function wholeRoom({ id, members }: Room): ServerMessage {
  return { op: 'refresh-presence', 'room-id': id, data: Object.fromEntries([...members].map(([sid, { peer }]) => [sid, peer])) };
}
