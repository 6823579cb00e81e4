// Where rooms are entered, and presence and topics published and listened to.

import type { Broadcast } from '../protocol/room-messages.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import { type PresenceRequest, presenceSlice, type Slice } from './presence-slice.ts';
import { RoomListeners, type TopicListener } from './room-listeners.ts';
import type { Presence } from './rooms.ts';

export class RoomDesk {
  readonly #back: Back;
  readonly #listeners = new RoomListeners();

  constructor(back: Back) {
    this.#back = back;
  }

  /** What the room is called on the wire, where its type is not part of what it is. */
  idOf(type: string, id: string): string {
    return this.#back.config.roomsByType ? `${type}/${id}` : id;
  }

  /** The room is joined while anybody holds it. Gives what lets go of it. */
  hold(type: string, id: string, initial?: Presence): () => void {
    this.#back.assertOpen();
    const { organs } = this.#back;
    this.#back.run(organs.rooms.hold(type, id, initial));
    let isHeld = true;
    return () => {
      if (isHeld) this.#back.run(organs.rooms.release(id));
      isHeld = false;
    };
  }

  publishPresence(roomId: string, data: Presence): void {
    this.#back.assertOpen();
    this.#back.run(this.#back.organs.rooms.publish(roomId, data));
  }

  publishTopic(roomId: string, topic: string, data: unknown): void {
    this.#back.assertOpen();
    this.#back.run(this.#back.organs.rooms.say(roomId, topic, data));
  }

  presence(roomId: string, request: PresenceRequest): Slice | undefined {
    const { rooms, session } = this.#back.organs;
    const room = rooms.get(roomId);
    return room && presenceSlice(room, session.id, request);
  }

  subscribePresence(roomId: string, request: PresenceRequest, told: (slice: Slice) => void): () => void {
    const stop = this.#listeners.addPresence(roomId, { request, told });
    this.tellPresence(roomId);
    return stop;
  }

  subscribeTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    return this.#listeners.addTopic(roomId, topic, listener);
  }

  tellPresence(roomId: string): void {
    const { rooms, session } = this.#back.organs;
    const room = rooms.get(roomId);
    if (!room) return;
    for (const { listener, slice } of this.#listeners.news(roomId, (request) => presenceSlice(room, session.id, request))) {
      safely(() => listener.told(slice), this.#report);
    }
  }

  tellTopic(roomId: string, topic: string, said: Broadcast): void {
    const { rooms, session } = this.#back.organs;
    const peer = rooms.peerOf(roomId, said, session.id);
    for (const listener of this.#listeners.ofTopic(roomId, topic)) safely(() => listener(said.data, peer), this.#report);
  }

  readonly #report = (error: Error): void => this.#back.report(error);
}
