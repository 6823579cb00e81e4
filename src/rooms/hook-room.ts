// A backend's room with what the React hooks of `triplane/react` read of a room, so that `rooms.usePresence(room)` and the others work on it
// as on `db.room(…)`.

/* eslint-disable @typescript-eslint/no-explicit-any -- what presence and topics hold is known to the caller only */

import type { LiveRoom } from './live-room.ts';
import type { RoomApi } from './room-api.ts';

/** What the hooks read of a room. */
export interface HookRoom {
  readonly core: RoomApi['core'];
  readonly type: string;
  readonly id: string;
  /** For the compiler only: presence and topics hold anything. */
  readonly _rooms?: { [type: string]: { presence: { [key: string]: any }; topics: { [topic: string]: any } } };
}

export function hookRoom(room: LiveRoom, { core }: RoomApi): LiveRoom & HookRoom {
  const [type = room.name] = room.name.split(':');
  return Object.assign(room, { core, type, id: room.name });
}
