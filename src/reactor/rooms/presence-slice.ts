// The presence that a listener of a room receives: of the user and of the peers, limited to the requested keys.

import { deepFreeze } from '../../lib/freeze.ts';
import type { Presence, Room } from './room.ts';

export interface PresenceRequest {
  readonly user?: boolean | undefined;
  readonly peers?: readonly string[] | undefined;
  readonly keys?: readonly PropertyKey[] | undefined;
}

export interface Slice {
  readonly user?: Presence;
  readonly peers: Readonly<Record<string, Presence>>;
  readonly isLoading: boolean;
  readonly error: string | undefined;
}

export function presenceSlice(room: Room, ownId: string | undefined, request: PresenceRequest = {}): Slice {
  const peers: Record<string, Presence> = {};
  for (const [id, peer] of Object.entries(room.peers)) {
    if (id === ownId || (request.peers && !request.peers.includes(id))) continue;
    peers[id] = { ...pick(peer.data, request.keys), peerId: id };
  }
  return {
    ...(request.user !== false && { user: { ...pick(room.own, request.keys), peerId: ownId } }),
    peers,
    isLoading: room.state !== 'joined' && room.state !== 'refused',
    error: room.error,
  };
}

function pick(data: unknown, keys: readonly PropertyKey[] | undefined): Presence {
  if (typeof data !== 'object' || data === null) return {};
  deepFreeze(data);
  if (!keys) return data as Presence;
  return Object.fromEntries(Object.entries(data).filter(([key]) => keys.includes(key)));
}
