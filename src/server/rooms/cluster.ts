// The other servers of an app, as far as rooms go: what they are told of ours, and what is made of what they tell. Each
// server keeps the peers of all; who was cut off asks for everything again. What people in the rooms have to hear of it is
// left to the rooms.

import type { Broadcast } from '../../protocol/server-message.ts';
import type { Outgoing } from '../session/subscriber.ts';
import { keyOf, type RoomChange, type Rooms } from './rooms.ts';

/** What one server says to all others. */
export type ClusterMessage =
  /** "Who is with you?" */
  | { readonly is: 'hello' }
  /** "With me is, and nobody else:" */
  | { readonly is: 'all'; readonly peers: readonly RoomChange[] }
  | { readonly is: 'changed'; readonly peers: readonly RoomChange[] }
  | { readonly is: 'said'; readonly roomId: string; readonly topic: string; readonly broadcast: Broadcast };

/** After it may have missed something, or have been missed. */
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
