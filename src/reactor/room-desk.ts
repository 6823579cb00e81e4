// Where rooms are entered, and presence and topics published and listened to. Loaded with the first room: room-door.ts.

import { learn } from '../protocol/codec.ts';
import { roomFields } from '../protocol/room-fields.ts';
import type { Broadcast } from '../protocol/room-messages.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import { type PresenceRequest, presenceSlice, type Slice } from './presence-slice.ts';
import { RoomListeners, type TopicListener } from './room-listeners.ts';
import { type Presence, Rooms } from './rooms.ts';

export class RoomDesk {
  readonly #back: Back;
  readonly #rooms: Rooms;
  readonly #listeners = new RoomListeners();

  constructor(back: Back) {
    learn(roomFields);
    this.#back = back;
    this.#rooms = back.organs.extras.install(
      new Rooms(back.config.random, {
        presence: (roomId) => this.#tellPresence(roomId),
        topic: (roomId, topic, said) => this.#tellTopic(roomId, topic, said),
      }),
    );
  }

  hold(type: string, id: string, initial?: Presence): () => void {
    this.#back.run(this.#rooms.hold(type, id, initial));
    return () => this.#back.run(this.#rooms.release(id));
  }

  publishPresence(roomId: string, data: Presence): void {
    this.#back.run(this.#rooms.publish(roomId, data));
  }

  publishTopic(roomId: string, topic: string, data: unknown): void {
    this.#back.run(this.#rooms.say(roomId, topic, data));
  }

  presence(roomId: string, request: PresenceRequest): Slice | undefined {
    const room = this.#rooms.get(roomId);
    return room && presenceSlice(room, this.#ownId, request);
  }

  subscribePresence(roomId: string, request: PresenceRequest, told: (slice: Slice) => void): () => void {
    const stop = this.#listeners.addPresence(roomId, { request, told });
    this.#tellPresence(roomId);
    return stop;
  }

  subscribeTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    return this.#listeners.addTopic(roomId, topic, listener);
  }

  get #ownId(): string | undefined {
    return this.#back.organs.session.id;
  }

  #tellPresence(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    for (const { listener, slice } of this.#listeners.news(roomId, (request) => presenceSlice(room, this.#ownId, request))) {
      safely(() => listener.told(slice), this.#report);
    }
  }

  #tellTopic(roomId: string, topic: string, said: Broadcast): void {
    const peer = this.#rooms.peerOf(roomId, said, this.#ownId);
    for (const listener of this.#listeners.ofTopic(roomId, topic)) safely(() => listener(said.data, peer), this.#report);
  }

  readonly #report = (error: Error): void => this.#back.report(error);
}
