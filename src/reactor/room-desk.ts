// Where rooms are entered, and presence and topics published and listened to. Loaded with the first room: room-door.ts.

import { EventEmitter } from 'eventemitter3';

import type { Broadcast } from '../protocol/room-messages.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import { type PresenceRequest, presenceSlice, type Slice } from './presence-slice.ts';
import { newsOf, type Presence, Rooms } from './rooms.ts';

export type TopicListener = (data: unknown, peer: unknown) => void;

export class RoomDesk {
  readonly #back: Back;
  readonly #rooms: Rooms;
  readonly #news = new EventEmitter();

  constructor(back: Back) {
    this.#back = back;
    this.#rooms = back.organs.extras.install(new Rooms(back.config.random, this.#news));
  }

  /** The room is joined while anybody holds it. Gives what lets go of it. */
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
    let last: string | undefined;
    const tell = (): void => {
      const slice = this.presence(roomId, request);
      const text = JSON.stringify(slice);
      if (!slice || text === last) return;
      last = text;
      told(slice);
    };
    const stop = this.#listen(newsOf(roomId), tell);
    safely(tell, this.#report);
    return stop;
  }

  subscribeTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    return this.#listen(newsOf(roomId, topic), ({ data, 'peer-id': peerId }: Broadcast) => {
      const room = this.#rooms.get(roomId);
      // What the one who spoke shows.
      listener(data, peerId === this.#ownId ? room?.own : room?.peers[peerId]?.data);
    });
  }

  #listen<Of extends readonly unknown[]>(news: string, listener: (...of: Of) => void): () => void {
    const own = (...of: Of): void => safely(() => listener(...of), this.#report);
    this.#news.on(news, own);
    return () => this.#news.off(news, own);
  }

  readonly #report = (error: Error): void => this.#back.report(error);

  get #ownId(): string | undefined {
    return this.#back.organs.session.id;
  }
}
