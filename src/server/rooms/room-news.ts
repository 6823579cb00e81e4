// Tells the members of rooms what has changed. A change in a room of thousands is a message for each of them, and in such rooms changes come
// thick and fast: while one is being told, in turns, those that come meanwhile are collected, and are then told together.

import type { Guarded } from '../guarded.ts';
import type { Outgoing } from '../session/subscriber.ts';
import type { Rooms } from './rooms.ts';

/** Up to so many messages, the next change is told immediately. */
const fewMessages = 50;

export interface RoomNewsConfig {
  readonly rooms: Pick<Rooms, 'hasChanged' | 'flush'>;
  readonly deliver: (outgoing: readonly Outgoing[]) => void;
  /** Resolves in a later turn, when what was delivered has been sent. */
  readonly sent: () => Promise<void>;
  /** Called whenever changes begin to be told. */
  readonly told: () => void;
  readonly guarded: Guarded;
}

export class RoomNews {
  readonly #config: RoomNewsConfig;
  #isTelling = false;

  constructor(config: RoomNewsConfig) {
    this.#config = config;
  }

  /** Deferred, so that changes of the same moment are sent together. */
  tell(): void {
    if (this.#isTelling || !this.#config.rooms.hasChanged) return;
    this.#isTelling = true;
    queueMicrotask(() => void this.#tell());
  }

  async #tell(): Promise<void> {
    const { rooms, deliver, told, sent, guarded } = this.#config;
    let outgoing: readonly Outgoing[] = [];
    guarded(() => {
      outgoing = rooms.flush();
      deliver(outgoing);
      told();
    });
    if (outgoing.length > fewMessages) await sent();
    this.#isTelling = false;
    this.tell();
  }
}
