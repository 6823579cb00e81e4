// Saying something in a room: `db.rooms.usePublishTopic`.

import { useCallback } from 'react';

import { type RoomRef, useHeldRoom } from './room-of.ts';

export function usePublishTopic(room: RoomRef, topic: string): (data: unknown) => void {
  const here = useHeldRoom(room);
  return useCallback((data: unknown) => void here.door.begin((desk) => desk.publishTopic(here.id, topic, data)), [here, topic]);
}
