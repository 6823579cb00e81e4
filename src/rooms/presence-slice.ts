// The presence of a room in the form that `db.room` and the React hooks use: the caller, and the peers by id, restricted to the requested parts.

import { isPlain } from './payload.ts';
import type { Peer, PresenceData, PresenceSnapshot, RoomStatus } from './room.ts';

export interface SliceRequest {
  readonly user?: boolean | undefined;
  readonly peers?: readonly string[] | undefined;
  readonly keys?: readonly PropertyKey[] | undefined;
}

export interface Slice {
  readonly user?: PresenceData;
  readonly peers: Readonly<Record<string, PresenceData>>;
  readonly isLoading: boolean;
  readonly error: string | undefined;
}

export interface SliceSource {
  readonly snapshot: PresenceSnapshot;
  readonly status: RoomStatus;
  readonly error: string | undefined;
  /** The caller's own data, whether the room lists the caller or not. */
  readonly own: PresenceData | undefined;
}

export function presenceSlice({ snapshot, status, error, own }: SliceSource, { user, peers: wanted, keys }: SliceRequest): Slice {
  const shown = snapshot.peers.filter(({ id }) => !wanted || wanted.includes(id));
  return {
    ...(user !== false && { user: { ...pick(own, keys), peerId: snapshot.self?.id } }),
    peers: Object.fromEntries(shown.map((peer) => [peer.id, peerData(peer, keys)])),
    isLoading: status !== 'joined' && status !== 'rejected',
    error,
  };
}

function peerData({ id, data }: Peer, keys: readonly PropertyKey[] | undefined): PresenceData {
  return { ...pick(data, keys), peerId: id };
}

function pick(data: unknown, keys: readonly PropertyKey[] | undefined): PresenceData {
  if (!isPlain(data)) return {};
  return keys ? Object.fromEntries(Object.entries(data).filter(([key]) => keys.includes(key))) : data;
}
