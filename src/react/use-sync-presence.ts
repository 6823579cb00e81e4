// Showing the others in a room what this component has: `db.rooms.useSyncPresence`.

import { useEffect } from 'react';

import { type Presence, type RoomRef, show, useHeldRoom } from './room-of.ts';

export function useSyncPresence(room: RoomRef, data: Presence, deps?: readonly unknown[]): void {
  useHeldRoom(room, data);
  useEffect(() => show(room, data), [room.core, room.type, room.id, ...(deps ?? [JSON.stringify(data)])]);
}
