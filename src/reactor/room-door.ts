// The door to the rooms, which are loaded when somebody first wants into one. What is wanted before that waits here, in order; once they
// are loaded, for whichever database, whatever is wanted is done at once.

import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import { Part } from './part.ts';
import type { PresenceRequest, Slice } from './presence-slice.ts';
import type { RoomDesk } from './room-desk.ts';
import type { TopicListener } from './room-listeners.ts';
import type { Presence } from './rooms.ts';
import { asError, crowdedError, mostWaiting } from './trouble.ts';

type Rooms = typeof import('./room-desk.ts');

export const roomsPart = new Part<Rooms>(() => import('./room-desk.ts'));

type Wish = (desk: RoomDesk) => void;

export class RoomDoor {
  readonly #back: Back;
  readonly #part: Part<Rooms>;
  readonly #wishes = new Set<Wish>();
  #desk: RoomDesk | undefined;

  constructor(back: Back, part = roomsPart) {
    this.#back = back;
    this.#part = part;
  }

  /** What the room is called on the wire, where its type is not part of what it is. */
  idOf(type: string, id: string): string {
    return this.#back.config.roomsByType ? `${type}/${id}` : id;
  }

  /** The room is joined while anybody holds it. Gives what lets go of it. */
  hold(type: string, id: string, initial?: Presence): () => void {
    this.#back.assertOpen();
    return this.#begin((desk) => desk.hold(type, id, initial));
  }

  publishPresence(roomId: string, data: Presence): void {
    this.#back.assertOpen();
    this.#want((desk) => desk.publishPresence(roomId, data));
  }

  publishTopic(roomId: string, topic: string, data: unknown): void {
    this.#back.assertOpen();
    this.#want((desk) => desk.publishTopic(roomId, topic, data));
  }

  /** Undefined for a room that nobody holds, and until rooms are loaded. */
  presence(roomId: string, request: PresenceRequest): Slice | undefined {
    return this.#desk?.presence(roomId, request);
  }

  subscribePresence(roomId: string, request: PresenceRequest, told: (slice: Slice) => void): () => void {
    return this.#begin((desk) => desk.subscribePresence(roomId, request, told));
  }

  subscribeTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    return this.#begin((desk) => desk.subscribeTopic(roomId, topic, listener));
  }

  /** What is ended before it has begun never begins. */
  #begin(begin: (desk: RoomDesk) => () => void): () => void {
    let end: (() => void) | undefined;
    const wish: Wish = (desk) => (end = begin(desk));
    this.#want(wish);
    return () => {
      this.#wishes.delete(wish);
      end?.();
      end = undefined;
    };
  }

  #want(wish: Wish): void {
    if (this.#desk) return wish(this.#desk);
    if (this.#wishes.size >= mostWaiting) throw crowdedError();
    this.#wishes.add(wish);
    if (this.#part.here) this.#open();
    else this.#load();
  }

  #load(): void {
    this.#part.load().then(
      () => this.#open(),
      (error: unknown) => this.#missed(asError(error)),
    );
  }

  /** What waits goes on waiting: it is tried again with the next wish, and with the next session. */
  #missed(error: Error): void {
    if (!this.#back.isOpen) return;
    this.#back.report(error);
    const { events } = this.#back;
    const again = (): void => {
      if (!this.#back.isReady) return;
      events.off('status', again);
      if (this.#wishes.size > 0) this.#load();
    };
    events.on('status', again);
  }

  #open(): void {
    if (!this.#part.here || this.#desk || !this.#back.isOpen) return;
    const desk = (this.#desk = new this.#part.here.RoomDesk(this.#back));
    for (const wish of this.#wishes)
      safely(
        () => wish(desk),
        (error) => this.#back.report(error),
      );
    this.#wishes.clear();
  }
}
