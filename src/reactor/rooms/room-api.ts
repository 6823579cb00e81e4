// Where rooms are entered, and presence and topics published and listened to. Loaded with the first room: room-door.ts.

import { EventEmitter } from 'eventemitter3';

import type { Broadcast } from '../../protocol/room-messages.ts';
import { guarded } from '../notify.ts';
import type { ClientContext } from '../context.ts';
import { type PresenceRequest, presenceSlice, type Slice } from './presence-slice.ts';
import { eventKeyOf, type Presence, Rooms } from './rooms.ts';

export type TopicListener = (data: unknown, peer: unknown) => void;

export class RoomDesk {
  readonly #context: ClientContext;
  readonly #rooms: Rooms;
  readonly #emitter = new EventEmitter();

  constructor(context: ClientContext) {
    this.#context = context;
    this.#rooms = context.state.features.install(new Rooms(context.config.random, this.#emitter));
  }

  /** The room is joined while anybody holds it. Gives what lets go of it. */
  acquire(type: string, id: string, initial?: Presence): () => void {
    this.#context.run(this.#rooms.acquire(type, id, initial));
    return () => this.#context.run(this.#rooms.release(id));
  }

  publishPresence(roomId: string, data: Presence): void {
    this.#context.run(this.#rooms.publish(roomId, data));
  }

  publishTopic(roomId: string, topic: string, data: unknown): void {
    this.#context.run(this.#rooms.publishTopic(roomId, topic, data));
  }

  presence(roomId: string, request: PresenceRequest): Slice | undefined {
    const room = this.#rooms.get(roomId);
    return room && presenceSlice(room, this.#ownId, request);
  }

  subscribePresence(roomId: string, request: PresenceRequest, onSlice: (slice: Slice) => void): () => void {
    let last: string | undefined;
    const notify = (): void => {
      const slice = this.presence(roomId, request);
      const text = JSON.stringify(slice);
      if (!slice || text === last) return;
      last = text;
      onSlice(slice);
    };
    const stop = this.#listen(eventKeyOf(roomId), notify);
    guarded(notify, this.#report);
    return stop;
  }

  subscribeTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    return this.#listen(eventKeyOf(roomId, topic), ({ data, 'peer-id': peerId }: Broadcast) => {
      const room = this.#rooms.get(roomId);
      // What the one who spoke shows.
      listener(data, peerId === this.#ownId ? room?.own : room?.peers[peerId]?.data);
    });
  }

  #listen<Of extends readonly unknown[]>(event: string, listener: (...args: Of) => void): () => void {
    const guardedListener = (...args: Of): void => guarded(() => listener(...args), this.#report);
    this.#emitter.on(event, guardedListener);
    return () => this.#emitter.off(event, guardedListener);
  }

  readonly #report = (error: Error): void => this.#context.report(error);

  get #ownId(): string | undefined {
    return this.#context.state.session.id;
  }
}
