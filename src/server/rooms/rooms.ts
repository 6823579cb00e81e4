// Rooms: who is in each, what each shows, and what has to be told to whom. Changes gather until `flush`, so that those that
// come together go out as one. Peers that are with other servers of the app are in it too. Asks nobody whether a session may
// be here. PROTOCOL.md#join-room

import { diffPresence } from '../../protocol/presence-edits.ts';
import type { Broadcast, Peer, ServerMessage } from '../../protocol/server-message.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';

/** The node a session is on: there is one. */
const instanceId = 'i-1';

interface Member {
  /** Undefined = with another server, which is told by its name. */
  readonly subscriber: Subscriber | undefined;
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
  readonly newMembers: Set<string>;
}

export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #ofSubscriber = new Map<string, Set<string>>();
  readonly #changed = new Set<Room>();
  /** Of our own peers, what other servers have not been told. */
  readonly #clusterChanges = new Map<string, Pick<RoomChange, 'roomId' | 'id'>>();

  /** How many rooms a session is in. */
  count(subscriber: Subscriber): number {
    return this.#ofSubscriber.get(subscriber.id)?.size ?? 0;
  }

  has(subscriber: Subscriber, roomId: string): boolean {
    return this.#rooms.get(roomId)?.members.has(subscriber.id) ?? false;
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
  join(subscriber: Subscriber, roomId: string, data: unknown): void {
    if (this.has(subscriber, roomId)) return;
    const room = this.#room(roomId);
    this.#markLocalChanged(room, subscriber.id);
    const { userId } = subscriber.actor;
    const user = userId === undefined ? null : { id: userId };
    const peer: Peer = { 'peer-id': subscriber.id, 'instance-id': instanceId, user, data: data === false ? {} : (data ?? {}) };
    room.members.set(subscriber.id, { subscriber, peer });
    room.newMembers.add(subscriber.id);
    const own = this.#ofSubscriber.get(subscriber.id) ?? new Set<string>();
    this.#ofSubscriber.set(subscriber.id, own.add(roomId));
  }

  leave(subscriber: Subscriber, roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room?.members.has(subscriber.id)) return;
    this.#markLocalChanged(room, subscriber.id);
    this.#remove(room, subscriber.id);
    room.newMembers.delete(subscriber.id);
    const own = this.#ofSubscriber.get(subscriber.id);
    own?.delete(roomId);
    if (own?.size === 0) this.#ofSubscriber.delete(subscriber.id);
  }

  leaveAll(subscriber: Subscriber): void {
    for (const roomId of [...(this.#ofSubscriber.get(subscriber.id) ?? [])]) this.leave(subscriber, roomId);
  }

  /** @returns false if the session is not in the room */
  setPresence(subscriber: Subscriber, roomId: string, data: unknown): boolean {
    const room = this.#rooms.get(roomId);
    const member = room?.members.get(subscriber.id);
    if (!room || !member) return false;
    this.#markLocalChanged(room, subscriber.id);
    member.peer = { ...member.peer, data };
    return true;
  }

  /** To all others. Undefined if the session is not in the room. */
  broadcast(
    subscriber: Subscriber,
    roomId: string,
    topic: string,
    data: unknown,
  ): { readonly broadcast: Broadcast; readonly outgoing: Outgoing[] } | undefined {
    const room = this.#rooms.get(roomId);
    const member = room?.members.get(subscriber.id);
    if (!room || !member) return undefined;
    const broadcast: Broadcast = { 'peer-id': subscriber.id, user: member.peer.user ?? null, data };
    return { broadcast, outgoing: this.toAll(roomId, topic, broadcast) };
  }

  /** To all in the room that are with us, but not to who said it. */
  toAll(roomId: string, topic: string, broadcast: Broadcast): Outgoing[] {
    const message: ServerMessage = { op: 'server-broadcast', 'room-id': roomId, topic, data: broadcast };
    const outgoing: Outgoing[] = [];
    for (const [id, { subscriber }] of this.#rooms.get(roomId)?.members ?? []) {
      if (subscriber && id !== broadcast['peer-id']) outgoing.push({ to: subscriber, message });
    }
    return outgoing;
  }

  /** A peer that is with another server. */
  setRemotePeer(server: string, { roomId, id, peer }: RoomChange): void {
    const room = this.#room(roomId);
    if (room.members.get(id)?.subscriber) return;
    if (!peer) return this.#remove(room, id);
    this.#markChanged(room, id);
    room.members.set(id, { subscriber: undefined, server, peer });
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
  localPeers(): RoomChange[] {
    const all: RoomChange[] = [];
    for (const { id: roomId, members } of this.#rooms.values()) {
      for (const [id, { subscriber, peer }] of members) if (subscriber) all.push({ roomId, id, peer });
    }
    return all;
  }

  /** What other servers are to be told, once. */
  drainClusterChanges(): RoomChange[] {
    const changes = [...this.#clusterChanges.values()].map(({ roomId, id }) => {
      const member = this.#rooms.get(roomId)?.members.get(id);
      return { roomId, id, peer: member?.peer ?? null };
    });
    this.#clusterChanges.clear();
    return changes;
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** What is to be said about all that changed since the last time. */
  flush(): Outgoing[] {
    const outgoing: Outgoing[] = [];
    for (const room of this.#changed) collectUpdates(room, outgoing);
    this.#changed.clear();
    return outgoing;
  }

  #room(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (!room) this.#rooms.set(roomId, (room = { id: roomId, members: new Map(), before: new Map(), newMembers: new Set() }));
    return room;
  }

  #remove(room: Room, id: string): void {
    if (room.members.has(id)) {
      this.#markChanged(room, id);
      room.members.delete(id);
    }
    if (room.members.size === 0) this.#rooms.delete(room.id);
  }

  #markLocalChanged(room: Room, id: string): void {
    this.#markChanged(room, id);
    this.#clusterChanges.set(keyOf({ roomId: room.id, id }), { roomId: room.id, id });
  }

  #markChanged(room: Room, id: string): void {
    this.#changed.add(room);
    if (!room.before.has(id)) room.before.set(id, room.members.get(id)?.peer);
  }
}

/** Newcomers get everybody; the others what changed, or everybody if they do not know how to take a change. */
function collectUpdates(room: Room, outgoing: Outgoing[]): void {
  const { members, newMembers } = room;
  const edits = diffPresence(...changesOf(room));
  let patch: ServerMessage | undefined;
  let whole: ServerMessage | undefined;
  for (const [id, { subscriber }] of members) {
    if (!subscriber) continue;
    if (newMembers.has(id) || (edits.length > 0 && !subscriber.features.patchPresence)) {
      outgoing.push({ to: subscriber, message: (whole ??= wholeRoom(room)) });
    } else if (edits.length > 0) {
      outgoing.push({ to: subscriber, message: (patch ??= { op: 'patch-presence', 'room-id': room.id, edits }) });
    }
  }
  newMembers.clear();
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
