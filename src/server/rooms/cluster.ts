// Presence shared between the servers of an app: messages about local peers, and the peers reported by other servers. Each server holds the
// peers of all; a server that was disconnected requests everything again. rooms.ts decides what room members are sent.

import type { Broadcast } from '../../protocol/server-message.ts';
import type { Outgoing } from '../session/subscriber.ts';
import { keyOf, type RoomChange, type Rooms } from './rooms.ts';

/** A message from one server to all others. */
export type ClusterMessage =
  /** Requests all peers. */
  | { readonly is: 'hello' }
  /** Lists all peers of the sender. */
  | { readonly is: 'all'; readonly peers: readonly RoomChange[] }
  | { readonly is: 'changed'; readonly peers: readonly RoomChange[] }
  | { readonly is: 'said'; readonly roomId: string; readonly topic: string; readonly broadcast: Broadcast };

/** Call after this server may have missed messages, or others missed its own. */
export function resumed(rooms: Rooms): ClusterMessage[] {
  return [{ is: 'hello' }, { is: 'all', peers: rooms.localPeers() }];
}

export interface Reaction {
  readonly outgoing: readonly Outgoing[];
  readonly reply: ClusterMessage | undefined;
}

const noReaction: Reaction = { outgoing: [], reply: undefined };

export function receive(from: string, message: ClusterMessage, rooms: Rooms): Reaction {
  switch (message.is) {
    case 'hello':
      return { outgoing: [], reply: { is: 'all', peers: rooms.localPeers() } };
    case 'all':
      rooms.forget(from, new Set(message.peers.map(keyOf)));
      for (const change of message.peers) rooms.setRemotePeer(from, change);
      return noReaction;
    case 'changed':
      for (const change of message.peers) rooms.setRemotePeer(from, change);
      return noReaction;
    case 'said':
      return { outgoing: rooms.toAll(message.roomId, message.topic, message.broadcast), reply: undefined };
  }
}
