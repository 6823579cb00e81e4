// The other servers of an app, as far as rooms go: what they are told of ours, and what is made of what they tell. Each
// server keeps the peers of all; who was cut off asks for everything again. What people in the rooms have to hear of it is
// left to the rooms.

import type { Broadcast } from '../protocol/server-message.ts';
import type { Letter } from './listener.ts';
import { keyOf, type RoomChange, type Rooms } from './rooms.ts';

/** What one server says to all others. */
export type Note =
  /** "Who is with you?" */
  | { readonly is: 'hello' }
  /** "With me is, and nobody else:" */
  | { readonly is: 'all'; readonly peers: readonly RoomChange[] }
  | { readonly is: 'changed'; readonly peers: readonly RoomChange[] }
  | { readonly is: 'said'; readonly roomId: string; readonly topic: string; readonly said: Broadcast };

/** After it may have missed something, or have been missed. */
export function resumed(rooms: Rooms): Note[] {
  return [{ is: 'hello' }, { is: 'all', peers: rooms.own() }];
}

export interface Reaction {
  readonly letters: readonly Letter[];
  readonly answer: Note | undefined;
}

const nothing: Reaction = { letters: [], answer: undefined };

export function heard(from: string, note: Note, rooms: Rooms): Reaction {
  switch (note.is) {
    case 'hello':
      return { letters: [], answer: { is: 'all', peers: rooms.own() } };
    case 'all':
      rooms.forget(from, new Set(note.peers.map(keyOf)));
      for (const change of note.peers) rooms.place(from, change);
      return nothing;
    case 'changed':
      for (const change of note.peers) rooms.place(from, change);
      return nothing;
    case 'said':
      return { letters: rooms.toAll(note.roomId, note.topic, note.said), answer: undefined };
  }
}
