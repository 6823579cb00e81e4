// Presence data for a backend whose members carry none: each client publishes its data as messages on a topic of its own, says it again to
// those who arrive and after every reconnect. The server neither keeps nor checks it; a user's data is taken only from that user.

import { isPlain } from './payload.ts';
import type { PresenceData, RoomMessage } from './room.ts';
import type { Member, Roster } from './roster.ts';

export const presenceTopic = 'triplane.presence';

/** Data of ids that are not in the room yet: the message may overtake the event that says they came. */
const mostUnknown = 256;

interface Shown {
  readonly data: PresenceData;
  /** The server vouches that this member sent it. */
  readonly isVerified: boolean;
}

/** `ask`: the sender has just arrived and wants to know what the others show. */
interface PresenceMessage {
  readonly id: string;
  readonly data: PresenceData | null;
  readonly ask: boolean;
}

export class SharedPresence {
  readonly #send: (message: PresenceMessage) => void;
  readonly #changed: (id: string) => void;
  readonly #shown = new Map<string, Shown>();
  #own: PresenceData | undefined;
  #selfId: string | undefined;
  #isAnswerDue = false;

  constructor(send: (message: PresenceMessage) => void, changed: (id: string) => void) {
    this.#send = send;
    this.#changed = changed;
  }

  set(data: PresenceData): void {
    this.#own = { ...this.#own, ...data };
    if (this.#selfId === undefined) return;
    this.#say(false);
    this.#changed(this.#selfId);
  }

  /** After every join, the first and those after a reconnect. */
  announce(): void {
    this.#say(true);
  }

  /** Forgets whom the room no longer has. */
  keep(members: readonly Member[], selfId: string | undefined): void {
    this.#selfId = selfId;
    const ids = new Set(members.map(({ id }) => id));
    for (const id of this.#shown.keys()) if (!ids.has(id)) this.#shown.delete(id);
  }

  forget(id: string): void {
    this.#shown.delete(id);
  }

  clear(): void {
    this.#shown.clear();
    this.#selfId = undefined;
  }

  dataOf(id: string, roster: Roster): PresenceData | undefined {
    if (roster.isSelf(id)) return this.#own;
    const shown = this.#shown.get(id);
    if (!shown) return undefined;
    return shown.isVerified || roster.get(id)?.kind !== 'user' ? shown.data : undefined;
  }

  received({ data: message, senderId }: RoomMessage, roster: Roster): void {
    if (!isPresenceMessage(message)) return;
    const id = senderId ?? message.id;
    if (roster.isSelf(id)) return;
    if (message.data !== null && (roster.has(id) || this.#shown.size < mostUnknown + roster.members.length)) {
      this.#shown.set(id, { data: message.data, isVerified: senderId !== undefined });
      this.#changed(id);
    }
    if (message.ask) this.#answer();
  }

  /** Once for all that ask at the same time. */
  #answer(): void {
    if (this.#isAnswerDue || !this.#own) return;
    this.#isAnswerDue = true;
    queueMicrotask(() => {
      this.#isAnswerDue = false;
      this.#say(false);
    });
  }

  #say(ask: boolean): void {
    if (this.#selfId === undefined || (!ask && !this.#own)) return;
    this.#send({ id: this.#selfId, data: this.#own ?? null, ask });
  }
}

function isPresenceMessage(message: unknown): message is PresenceMessage {
  if (!isPlain(message)) return false;
  const { id, data, ask } = message;
  return typeof id === 'string' && id !== '' && (data === null || isPlain(data)) && typeof ask === 'boolean';
}
