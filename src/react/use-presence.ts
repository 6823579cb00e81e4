// Who is in a room and what they show: `db.rooms.usePresence`.

import { useMemo } from 'react';

import { type Presence, type RoomRef, type Slice, sliceOf, type SliceRequest, useHeldRoom } from './room-of.ts';
import { useSource } from './use-source.ts';

export interface PresenceRequest extends SliceRequest {
  readonly initialPresence?: Presence | undefined;
  readonly initialData?: Presence | undefined;
}

export type PresenceNow = Slice & { readonly publishPresence: (data: Presence) => void };

export function usePresence(room: RoomRef, request: PresenceRequest = {}): PresenceNow {
  const { user, peers, keys } = request;
  const here = useHeldRoom(room, request.initialPresence ?? request.initialData);
  const { publishPresence } = here;
  const slice = useSource(useMemo(() => sliceOf(here, { user, peers, keys }), [here, JSON.stringify([user, peers, keys])]));
  return useMemo(() => ({ ...slice, publishPresence }), [slice, publishPresence]);
}
