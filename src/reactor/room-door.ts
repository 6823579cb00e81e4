// The door to the rooms, which are loaded when somebody first wants into one. What is wanted before that waits here, in order; once they
// are loaded, for whichever database, whatever is wanted is done at once.

import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import { Part } from './part.ts';
import type { PresenceRequest, Slice } from './presence-slice.ts';
import type { RoomDesk } from './room-desk.ts';
import { crowdedError, mostWaiting } from './trouble.ts';

type Rooms = typeof import('./room-desk.ts');

export const roomsPart = new Part<Rooms>(() => import('./room-desk.ts'));

type Wish = (desk: RoomDesk) => void;

export class RoomDoor {
  readonly #back: Back;
  readonly #part: Part<Rooms>;
  readonly #wishes = new Set<Wish>();
  #isLoading = false;
  #desk: RoomDesk | undefined;

  constructor(back: Back, part = roomsPart) {
    this.#back = back;
    this.#part = part;
    // What waits after they could not be loaded is tried again with the next wish, and with the next session.
    back.events.on('status', () => void (back.isReady && this.#wishes.size > 0 && this.#load()));
  }

  /** What the room is called on the wire, where its type is not part of what it is. */
  idOf(type: string, id: string): string {
    return this.#back.config.roomsByType ? `${type}/${id}` : id;
  }

  /** Undefined for a room that nobody holds, and until rooms are loaded. */
  presence(roomId: string, request: PresenceRequest): Slice | undefined {
    return this.#desk?.presence(roomId, request);
  }

  /** What is begun in the rooms, once they are here. Gives what ends it; what is ended before it has begun never begins. */
  begin(begin: (desk: RoomDesk) => (() => void) | void): () => void {
    this.#back.assertOpen();
    let end: (() => void) | void;
    const wish: Wish = (desk) => (end = begin(desk));
    if (this.#desk) wish(this.#desk);
    else this.#wait(wish);
    return () => {
      this.#wishes.delete(wish);
      end?.();
      end = undefined;
    };
  }

  #wait(wish: Wish): void {
    if (this.#wishes.size >= mostWaiting) throw crowdedError();
    this.#wishes.add(wish);
    if (this.#part.here) this.#open(this.#part.here);
    else this.#load();
  }

  #load(): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const report = (error: Error): void => void (this.#back.isOpen && this.#back.report(error));
    void this.#part
      .load()
      .then((rooms) => this.#open(rooms), report)
      .finally(() => (this.#isLoading = false));
  }

  #open({ RoomDesk }: Rooms): void {
    if (this.#desk || !this.#back.isOpen) return;
    const desk = (this.#desk = new RoomDesk(this.#back));
    for (const wish of this.#wishes)
      safely(
        () => wish(desk),
        (error) => this.#back.report(error),
      );
    this.#wishes.clear();
  }
}
