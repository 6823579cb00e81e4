// Hearing what is said in a room: `db.rooms.useTopicEffect`. The newest callback is called, and a new one does not subscribe anew.

import { useEffect, useRef } from 'react';

import { type RoomRef, useHeldRoom } from './room-of.ts';

type OnEvent = (event: unknown, peer: unknown) => void;

export function useTopicEffect(room: RoomRef, topic: string, onEvent: OnEvent): void {
  const newest = useRef(onEvent);
  const here = useHeldRoom(room);
  useEffect(() => void (newest.current = onEvent));
  useEffect(
    () => here.door.begin((desk) => desk.subscribeTopic(here.id, topic, (event, peer) => newest.current(event, peer))),
    [here, topic],
  );
}
