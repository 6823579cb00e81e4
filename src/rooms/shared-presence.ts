// Presence data for a backend whose members carry none: each client publishes its data as messages on a separate topic, and repeats it for members
// who join and after every reconnection. The server neither stores nor checks it; data of a user is accepted from that user only.

import { isPlain } from './payload.ts';
import type { PresenceData, RoomMessage } from './room.ts';
import type { Member, Roster } from './roster.ts';

export const presenceTopic = 'triplane.presence';

/** Limit on data of unknown ids: the message may arrive before the event that announces the member. */
const mostUnknown = 256;

interface Shown {
  readonly data: PresenceData;
  /** The server vouches that this member sent it. */
  readonly isVerified: boolean;
}

/** `ask`: the sender has just joined and requests the data of the others. */
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

  /** Called after every join, including those after a reconnection. */
  announce(): void {
    this.#say(true);
  }

  /** Removes the data of members who have left. */
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

  /** One response to all requests of the same moment. */
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
