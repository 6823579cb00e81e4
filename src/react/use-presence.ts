// Who is in a room and what they show: `db.rooms.usePresence`.

import { useCallback, useMemo } from 'react';

import { type Presence, type RoomRef, show, type Slice, sliceOf, type SliceRequest, useHeldRoom } from './room-of.ts';
import { useSource } from './use-source.ts';

export interface PresenceRequest extends SliceRequest {
  readonly initialPresence?: Presence | undefined;
  readonly initialData?: Presence | undefined;
}

export type PresenceNow = Slice & { readonly publishPresence: (data: Presence) => void };

export function usePresence(room: RoomRef, request: PresenceRequest = {}): PresenceNow {
  const { core, type, id } = room;
  const { user, peers, keys } = request;
  useHeldRoom(room, request.initialPresence ?? request.initialData);
  const signature = JSON.stringify([user, peers, keys]);
  const slice = useSource(useMemo(() => sliceOf(core, id, { user, peers, keys }), [core, id, signature]));
  const publishPresence = useCallback((data: Presence) => show({ core, type, id }, data), [core, type, id]);
  return useMemo(() => ({ ...slice, publishPresence }), [slice, publishPresence]);
}
