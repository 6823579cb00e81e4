// Rooms: presence of the connected sessions, and broadcasts that are not stored. PROTOCOL.md#join-room and the headings after it

import type { ClientEnvelope, Maybe, ReplyEnvelope, ServerEnvelope } from './envelope.ts';
import type { PresencePatch } from './presence-edits.ts';

export interface JoinRoom extends ClientEnvelope {
  readonly op: 'join-room';
  readonly 'room-id': string;
  /** Not part of a room's identity. */
  readonly 'room-type'?: unknown;
  /** The initial presence. */
  readonly data?: unknown;
}

export interface LeaveRoom extends ClientEnvelope {
  readonly op: 'leave-room';
  readonly 'room-id': string;
}

/** Replaces the whole presence. */
export interface SetPresence extends ClientEnvelope {
  readonly op: 'set-presence';
  readonly 'room-id': string;
  readonly data?: unknown;
}

export interface ClientBroadcast extends ClientEnvelope {
  readonly op: 'client-broadcast';
  readonly 'room-id': string;
  readonly roomType?: unknown;
  readonly topic: string;
  readonly data?: unknown;
}

export interface JoinRoomOk extends ReplyEnvelope {
  readonly op: 'join-room-ok';
  readonly 'room-id': string;
}

/** Sent in addition to the `error`: older clients report a failed join only on this message. */
export interface JoinRoomError extends ReplyEnvelope {
  readonly op: 'join-room-error';
  readonly 'room-id': string;
  readonly error?: unknown;
}

export interface LeaveRoomOk extends ReplyEnvelope {
  readonly op: 'leave-room-ok';
  readonly 'room-id': string;
}

export interface SetPresenceOk extends ReplyEnvelope {
  readonly op: 'set-presence-ok';
  readonly 'room-id': string;
}

/** A session in a room, keyed by its session id. Includes the receiver's own session. */
export interface Peer {
  readonly 'peer-id'?: Maybe<string>;
  /** The server node the session is connected to. Clients do not use it. */
  readonly 'instance-id'?: Maybe<string>;
  readonly user?: Maybe<{ readonly id: string }>;
  readonly data?: unknown;
}

/** The whole room. */
export interface RefreshPresence extends ServerEnvelope {
  readonly op: 'refresh-presence';
  readonly 'room-id': string;
  readonly data: Readonly<Record<string, Peer>>;
}

/** The changes in the room since the last message about it. */
export interface PatchPresence extends ServerEnvelope {
  readonly op: 'patch-presence';
  readonly 'room-id': string;
  readonly edits: readonly PresencePatch[];
}

/** The payload of a broadcast and its sender. */
export interface Broadcast {
  readonly 'peer-id': string;
  readonly user?: Maybe<{ readonly id: string }>;
  readonly data?: unknown;
}

export interface ClientBroadcastOk extends ReplyEnvelope {
  readonly op: 'client-broadcast-ok';
  readonly 'room-id': string;
  /** A text, unless the sender is another client than this package's. */
  readonly topic: unknown;
  readonly data?: Maybe<Broadcast>;
}

export interface ServerBroadcast extends ServerEnvelope {
  readonly op: 'server-broadcast';
  readonly 'room-id': string;
  /** A text, unless the sender is another client than this package's. */
  readonly topic: unknown;
  readonly data: Broadcast;
}
