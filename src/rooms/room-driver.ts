// What a room needs of its backend. Types only.

import type { PresenceData, RoomCapabilities } from './room.ts';
import type { RoomErrorClass } from './room-error.ts';

/** What a backend does for a room. */
export interface RoomDriver {
  readonly capabilities: RoomCapabilities;
  readonly Failure: RoomErrorClass;
  /** The room is wanted: connect if needed, subscribe, and call `opened`, `failed` or `refused`. */
  subscribe(): void;
  /** The room is wanted no more. */
  unsubscribe(): void;
  /** @throws RoomError for a topic that cannot be sent, or data that cannot */
  publish(topic: string, data: unknown): Promise<void>;
  /** Presence listeners came or went: a driver that polls starts or stops. */
  presenceWanted?(isWanted: boolean): void;
  /** The first listener of a topic came, or the last one went. */
  topicWanted?(topic: string, isWanted: boolean): void;
  /** Only where members carry data of their own. */
  setPresence?(data: PresenceData): void;
  dataOf?(id: string): unknown;
}
