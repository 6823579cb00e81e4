// Showing the others in a room what this component has: `db.rooms.useSyncPresence`.

import { useEffect } from 'react';

import { type Presence, type RoomRef, useHeldRoom } from './room-of.ts';

export function useSyncPresence(room: RoomRef, data: Presence, deps?: readonly unknown[]): void {
  const { publishPresence } = useHeldRoom(room, data);
  useEffect(() => publishPresence(data), [publishPresence, ...(deps ?? [JSON.stringify(data)])]);
}
