// Saying something in a room: `db.rooms.usePublishTopic`.

import { useCallback } from 'react';

import { type RoomRef, useHeldRoom } from './room-of.ts';

export function usePublishTopic(room: RoomRef, topic: string): (data: unknown) => void {
  const { core, type, id } = room;
  useHeldRoom(room);
  return useCallback(
    (data: unknown) => void core._reactor.rooms.begin((desk) => desk.publishTopic(id, topic, data)),
    [core, type, id, topic],
  );
}
