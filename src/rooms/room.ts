// The contract of every room, whatever its backend: join, leave, publish, listen, and presence. `capabilities` describes the limits of a backend.
// Types only.

/** `reconnecting`: the client is trying to rejoin. `rejected`: the server rejected the join; only `join()` tries again. */
export type RoomStatus = 'idle' | 'joining' | 'joined' | 'reconnecting' | 'rejected' | 'left';

export interface RoomCapabilities {
  readonly publish: boolean;
  /** `live`: the server reports changes. `polled`: the client asks from time to time. */
  readonly presence: 'live' | 'polled' | 'none';
  /** Members can carry data: `setPresence`. */
  readonly presenceData: boolean;
  /** The sender receives its own messages. */
  readonly selfEcho: boolean;
  /** What a resolved `publish()` confirms: nothing, that the message came back, or that the server accepted it. */
  readonly publishAck: 'none' | 'echo' | 'server';
  /** Messages of one sender arrive in the order in which they were published. */
  readonly ordered: boolean;
}

export interface Peer {
  readonly id: string;
  readonly kind: 'user' | 'anonymous' | 'connection';
  /** Milliseconds since 1970, by the server's clock. */
  readonly joinedAt?: number;
  /** This is the caller. */
  readonly self: boolean;
  readonly data?: unknown;
}

/** `peers` are the others; `self` is null while the room is not joined, and where the backend does not list the caller. */
export interface PresenceSnapshot {
  readonly self: Peer | null;
  readonly peers: readonly Peer[];
}

export type PresenceEvent =
  | { readonly type: 'sync'; readonly snapshot: PresenceSnapshot }
  | { readonly type: 'join' | 'leave' | 'update'; readonly peer: Peer; readonly snapshot: PresenceSnapshot };

export interface RoomMessage<T = unknown> {
  readonly topic: string;
  readonly data: T;
  readonly id?: string;
  readonly senderId?: string;
  readonly senderKind?: 'user' | 'system';
  /** Milliseconds since 1970, by the server's clock. */
  readonly at?: number;
  /** The frame as it came. */
  readonly raw: unknown;
}

export type PresenceData = Readonly<Record<string, unknown>>;

export interface Room {
  readonly name: string;
  readonly status: RoomStatus;
  readonly capabilities: RoomCapabilities;
  /**
   * Joins the room and resolves with its presence. Calls are counted: the last `leave()` leaves the room.
   *
   * @throws RoomError if the server rejects the join or cannot be reached in time, or if the room is left meanwhile
   */
  join(): Promise<PresenceSnapshot>;
  /** Undoes one `join()`; the last call leaves the room. Harmless in a room that is not joined. */
  leave(): Promise<void>;
  /**
   * Sends a message to everyone in the room. `capabilities.publishAck` describes what a resolved promise confirms.
   *
   * @throws RoomError 'NOT_JOINED', 'INVALID_PAYLOAD', 'PAYLOAD_TOO_LARGE', 'INVALID_TOPIC', or the server's own
   */
  publish(topic: string, data: unknown): Promise<void>;
  /** Calls the listener with each message on a topic. Returns an unsubscribe function. */
  onTopic<T = unknown>(topic: string, listener: (data: T, message: RoomMessage<T>) => void): () => void;
  getPresence(): PresenceSnapshot;
  onPresence(listener: (event: PresenceEvent) => void): () => void;
  onStatus(listener: (status: RoomStatus, why?: Error) => void): () => void;
  onError(listener: (error: Error) => void): () => void;
  /**
   * Merges data into the caller's presence, which the peers see.
   *
   * @throws RoomError 'UNSUPPORTED' where `capabilities.presenceData` is false
   */
  setPresence(data: PresenceData): Promise<void>;
}

/** The life of one connection that several rooms share. */
export type ClientStatus = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'rejected' | 'closed';
