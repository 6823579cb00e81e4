// A backend's room with the fields that the React hooks of `triplane/react` read, so that `rooms.usePresence(room)` and the other hooks work as with
// `db.room(…)`.

/* eslint-disable @typescript-eslint/no-explicit-any -- what presence and topics hold is known to the caller only */

import type { LiveRoom } from './live-room.ts';
import type { RoomApi } from './room-api.ts';

/** The fields that the hooks read. */
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
