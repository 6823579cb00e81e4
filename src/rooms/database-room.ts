// A room of a Triplane database behind the same contract as rooms of other backends, for pages that run on either.

import { LiveRoom } from './live-room.ts';
import type { RoomDriver } from './room-driver.ts';
import { jsonOf } from './payload.ts';
import type { Slice } from './presence-slice.ts';
import type { PresenceData, Room, RoomCapabilities } from './room.ts';
import type { AnyRoomHandle } from './room-api.ts';
import { RoomError } from './room-error.ts';
import type { Member } from './roster.ts';

/** The part of a database that is used; the return value of `init` has it. */
export interface RoomDatabase {
  joinRoom(type: never, id: string): AnyRoomHandle;
}

/** Below the server's limit for one frame. */
const mostBytes = 900_000;

/**
 * Returns a room of a database with the interface of `createInsforgeClient(…).room(…)`.
 *
 * @example
 * const room = databaseRoom(db, 'chat', 'lobby');
 * await room.join();
 */
export function databaseRoom(database: RoomDatabase, type: string, id: string): Room {
  return new DatabaseRoom(database, type, id).room;
}

class DatabaseRoom implements RoomDriver {
  readonly Failure = RoomError;
  readonly capabilities: RoomCapabilities = {
    publish: true,
    presence: 'live',
    presenceData: true,
    selfEcho: false,
    publishAck: 'none',
    ordered: true,
  };
  readonly room: LiveRoom;
  readonly #open: () => AnyRoomHandle;
  readonly #topics = new Map<string, (() => void) | undefined>();
  #handle: AnyRoomHandle | undefined;
  #stopPresence: (() => void) | undefined;
  #shown: Readonly<Record<string, PresenceData>> = {};
  #own: PresenceData | undefined;
  #selfId: string | undefined;

  constructor(database: RoomDatabase, type: string, id: string) {
    this.#open = () => database.joinRoom(type as never, id);
    this.room = new LiveRoom(`${type}:${id}`, this);
  }

  subscribe(): void {
    // After a rejection the room is joined again.
    if (this.room.status === 'joining') this.#close();
    const handle = (this.#handle ??= this.#open());
    for (const topic of this.#topics.keys()) this.topicWanted(topic, true);
    if (this.#own) handle.publishPresence(this.#own);
    this.#stopPresence ??= handle.subscribePresence({}, (slice) => this.#changed(slice as Slice));
  }

  unsubscribe(): void {
    this.#close();
  }

  async publish(topic: string, data: unknown): Promise<void> {
    jsonOf(data, mostBytes, RoomError, this.room.name);
    this.#handle?.publishTopic(topic, data);
  }

  topicWanted(topic: string, isWanted: boolean): void {
    this.#topics.get(topic)?.();
    if (!isWanted) return void this.#topics.delete(topic);
    this.#topics.set(
      topic,
      this.#handle?.subscribeTopic(topic, (data: unknown) => this.room.received({ topic, data, raw: data })),
    );
  }

  setPresence(data: PresenceData): void {
    this.#own = { ...this.#own, ...data };
    this.#handle?.publishPresence(data);
  }

  dataOf(id: string): PresenceData | undefined {
    const { peerId: _peerId, ...data } = this.#shown[id] ?? {};
    return id in this.#shown ? data : undefined;
  }

  #close(): void {
    this.#stopPresence?.();
    for (const [topic, stop] of this.#topics) {
      stop?.();
      this.#topics.set(topic, undefined);
    }
    this.#handle?.leaveRoom();
    [this.#handle, this.#stopPresence, this.#shown, this.#selfId] = [undefined, undefined, {}, undefined];
  }

  #changed({ user, peers, isLoading, error }: Slice): void {
    if (error !== undefined) return this.room.refused(new RoomError('JOIN_REFUSED', error, { channel: this.room.name }));
    // The database rejoins when the connection is back.
    if (isLoading) return this.room.lost();
    const [before, selfId] = [this.#shown, user?.['peerId']];
    this.#selfId = typeof selfId === 'string' ? selfId : undefined;
    this.#shown = { ...peers, ...(this.#selfId !== undefined && user && { [this.#selfId]: user }) };
    const members = Object.keys(this.#shown).map((id): Member => ({ id, kind: 'connection' }));
    if (this.room.status !== 'joined') return this.room.opened(members, this.#selfId);
    const known = new Set(this.room.members.map(({ id }) => id));
    this.room.refreshed(members, this.#selfId);
    for (const [id, data] of Object.entries(this.#shown)) {
      if (known.has(id) && JSON.stringify(before[id]) !== JSON.stringify(data)) this.room.updated(id);
    }
  }
}
