// The contract every room keeps, whatever server is behind it: join, leave, publish, listen, and see who else is there. `capabilities` says
// what a backend cannot do. Types only.

/** `reconnecting`: the room is wanted, and the client is trying to get it back. `rejected`: the server refused; only `join()` tries again. */
export type RoomStatus = 'idle' | 'joining' | 'joined' | 'reconnecting' | 'rejected' | 'left';

export interface RoomCapabilities {
  readonly publish: boolean;
  /** `live`: the server reports changes. `polled`: the client asks from time to time. */
  readonly presence: 'live' | 'polled' | 'none';
  /** Peers can show data of their own: `setPresence`. */
  readonly presenceData: boolean;
  /** The sender receives its own messages. */
  readonly selfEcho: boolean;
  /** What a resolved `publish()` proves: nothing, that the message came back, or that the server took it. */
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
   * Enters the room and resolves with who is there. Calls are counted: the room is left with the last `leave()`.
   *
   * @throws RoomError if the server refuses, cannot be reached in time, or the room is left meanwhile
   */
  join(): Promise<PresenceSnapshot>;
  /** Takes back one `join()`; the last one leaves. Harmless in a room that was not joined. */
  leave(): Promise<void>;
  /**
   * Sends a message to everyone in the room. What a resolved promise proves, `capabilities.publishAck` says.
   *
   * @throws RoomError 'NOT_JOINED', 'INVALID_PAYLOAD', 'PAYLOAD_TOO_LARGE', 'INVALID_TOPIC', or what the server answered
   */
  publish(topic: string, data: unknown): Promise<void>;
  /** Calls the listener with each message on a topic. Gives what stops it. */
  onTopic<T = unknown>(topic: string, listener: (data: T, message: RoomMessage<T>) => void): () => void;
  getPresence(): PresenceSnapshot;
  onPresence(listener: (event: PresenceEvent) => void): () => void;
  onStatus(listener: (status: RoomStatus, why?: Error) => void): () => void;
  onError(listener: (error: Error) => void): () => void;
  /**
   * Merges data into what the others see of the caller.
   *
   * @throws RoomError 'UNSUPPORTED' where `capabilities.presenceData` is false
   */
  setPresence(data: PresenceData): Promise<void>;
}

/** The life of one connection that several rooms share. */
export type ClientStatus = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'rejected' | 'closed';
