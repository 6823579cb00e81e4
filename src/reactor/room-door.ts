// The door to the rooms, which are loaded when somebody first wants into one. What is wanted before that waits here, in order; once they
// are loaded, for whichever database, whatever is wanted is done at once.

import { guarded } from './notify.ts';
import type { ClientContext } from './context.ts';
import { Lazy } from './lazy.ts';
import type { PresenceRequest, Slice } from './rooms/presence-slice.ts';
import type { RoomDesk } from './rooms/room-api.ts';
import { roomQueueFullError, maxQueuedRoomMessages } from './client-errors.ts';

type Rooms = typeof import('./rooms/room-api.ts');

export const lazyRooms = new Lazy<Rooms>(() => import('./rooms/room-api.ts'));

type QueuedCall = (api: RoomDesk) => void;

export class LazyRoomApi {
  readonly #context: ClientContext;
  readonly #lazy: Lazy<Rooms>;
  readonly #queue = new Set<QueuedCall>();
  #isLoading = false;
  #api: RoomDesk | undefined;

  constructor(context: ClientContext, lazy = lazyRooms) {
    this.#context = context;
    this.#lazy = lazy;
    // What waits after they could not be loaded is tried again with the next wish, and with the next session.
    context.events.on('status', () => void (context.isReady && this.#queue.size > 0 && this.#load()));
  }

  /** What the room is called on the wire, where its type is not part of what it is. */
  idOf(type: string, id: string): string {
    return this.#context.config.roomsByType ? `${type}/${id}` : id;
  }

  /** Undefined for a room that nobody holds, and until rooms are loaded. */
  presence(roomId: string, request: PresenceRequest): Slice | undefined {
    return this.#api?.presence(roomId, request);
  }

  /** What is begun in the rooms, once they are here. Gives what ends it; what is ended before it has begun never begins. */
  begin(begin: (api: RoomDesk) => (() => void) | void): () => void {
    this.#context.assertOpen();
    let end: (() => void) | void;
    const call: QueuedCall = (api) => (end = begin(api));
    if (this.#api) call(this.#api);
    else this.#wait(call);
    return () => {
      this.#queue.delete(call);
      end?.();
      end = undefined;
    };
  }

  #wait(call: QueuedCall): void {
    if (this.#queue.size >= maxQueuedRoomMessages) throw roomQueueFullError();
    this.#queue.add(call);
    if (this.#lazy.here) this.#open(this.#lazy.here);
    else this.#load();
  }

  #load(): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const report = (error: Error): void => void (this.#context.isOpen && this.#context.report(error));
    void this.#lazy
      .load()
      .then((rooms) => this.#open(rooms), report)
      .finally(() => (this.#isLoading = false));
  }

  #open({ RoomDesk: RoomApi }: Rooms): void {
    if (this.#api || !this.#context.isOpen) return;
    const api = (this.#api = new RoomApi(this.#context));
    for (const call of this.#queue)
      guarded(
        () => call(api),
        (error) => this.#context.report(error),
      );
    this.#queue.clear();
  }
}
