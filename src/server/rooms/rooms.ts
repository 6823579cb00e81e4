// Rooms: members, their presence, and the messages due to members. Changes are collected until `flush`, so that changes of the same moment
// are sent together. Includes peers connected to other servers. Permissions are not checked here. PROTOCOL.md#join-room

import { diffPresence } from '../../protocol/presence-edits.ts';
import type { Broadcast, Peer, ServerMessage } from '../../protocol/server-message.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';

/** The instance id in session entries of the wire format; there is only one. */
const instanceId = 'i-1';

interface Member {
  /** Undefined = connected to another server, which sends that server's name. */
  readonly subscriber: Subscriber | undefined;
  readonly server?: string;
  peer: Peer;
}

/** The current peer; null = not in the room. */
export interface RoomChange {
  readonly roomId: string;
  readonly id: string;
  readonly peer: Peer | null;
}

export const keyOf = ({ roomId, id }: Pick<RoomChange, 'roomId' | 'id'>): string => `${id} ${roomId}`;

interface Room {
  readonly id: string;
  readonly members: Map<string, Member>;
  /** Session id → the peer as last sent, undefined if absent; for peers that changed since. */
  readonly before: Map<string, Peer | undefined>;
  /** Sessions that have not been sent anything yet. */
  readonly newMembers: Set<string>;
}

export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #ofSubscriber = new Map<string, Set<string>>();
  readonly #changed = new Set<Room>();
  /** Local peers with changes that other servers have not been sent. */
  readonly #clusterChanges = new Map<string, Pick<RoomChange, 'roomId' | 'id'>>();

  /** Number of rooms per session. */
  count(subscriber: Subscriber): number {
    return this.#ofSubscriber.get(subscriber.id)?.size ?? 0;
  }

  has(subscriber: Subscriber, roomId: string): boolean {
    return this.#rooms.get(roomId)?.members.has(subscriber.id) ?? false;
  }

  /** Peers by room, for the status page. */
  sizes(): ReadonlyMap<string, number> {
    return new Map([...this.#rooms].map(([id, { members }]) => [id, members.size]));
  }

  /** All peers of a room; undefined if the room is empty. */
  peers(roomId: string): readonly Peer[] | undefined {
    const members = this.#rooms.get(roomId)?.members;
    return members && [...members.values()].map(({ peer }) => peer);
  }

  /** Joining again has no effect. */
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

  /** Broadcasts to all other peers. Undefined if the session is not in the room. */
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

  /** Broadcasts to all local peers except the sender. */
  toAll(roomId: string, topic: string, broadcast: Broadcast): Outgoing[] {
    const message: ServerMessage = { op: 'server-broadcast', 'room-id': roomId, topic, data: broadcast };
    const outgoing: Outgoing[] = [];
    for (const [id, { subscriber }] of this.#rooms.get(roomId)?.members ?? []) {
      if (subscriber && id !== broadcast['peer-id']) outgoing.push({ to: subscriber, message });
    }
    return outgoing;
  }

  /** Sets a peer connected to another server. */
  setRemotePeer(server: string, { roomId, id, peer }: RoomChange): void {
    const room = this.#room(roomId);
    if (room.members.get(id)?.subscriber) return;
    if (!peer) return this.#remove(room, id);
    this.#markChanged(room, id);
    room.members.set(id, { subscriber: undefined, server, peer });
  }

  /** Removes all peers of another server except the ones named. */
  forget(server: string, except: ReadonlySet<string> = new Set()): void {
    for (const room of [...this.#rooms.values()]) {
      for (const [id, member] of [...room.members]) {
        if (member.server === server && !except.has(keyOf({ roomId: room.id, id }))) this.#remove(room, id);
      }
    }
  }

  /** All local peers. */
  localPeers(): RoomChange[] {
    const all: RoomChange[] = [];
    for (const { id: roomId, members } of this.#rooms.values()) {
      for (const [id, { subscriber, peer }] of members) if (subscriber) all.push({ roomId, id, peer });
    }
    return all;
  }

  /** Returns, once, the changes that other servers must be sent. */
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

  /** The messages for all changes since the last flush. */
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

/** New members get the whole presence; others get the changes, or the whole presence if they do not support patches. */
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

/** Compares only the peers that changed. */
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
