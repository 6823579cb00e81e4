// The events of `db.on`. Plain data for tools and telemetry. They never contain tokens but may contain user data.

import type { ConnectionStatus } from './database.ts';

interface EventBase<Type extends string> {
  readonly type: Type;
  /** When the event happened, in milliseconds since 1970. Listeners are called at the end of the task. */
  readonly atMs: number;
}

/**
 * A wire message without secrets. Its `op` determines the other fields: PROTOCOL.md. Rows and steps are not copied and must not be
 * modified.
 */
export type LoggedMessage = Readonly<Record<string, unknown>>;

export interface SentEvent extends EventBase<'sent'> {
  readonly op: string;
  readonly eventId?: string | undefined;
  readonly message: LoggedMessage;
}

export interface ReceivedEvent extends EventBase<'received'> {
  readonly op: string;
  readonly eventId?: string | undefined;
  /** Time since the request was sent. */
  readonly tookMs?: number | undefined;
  readonly message: LoggedMessage;
}

export interface ConnectionEvent extends EventBase<'connection'> {
  readonly status: ConnectionStatus;
}

/**
 * The state of one write: `persisted` on the device, `sent`, `acknowledged` or `rejected` by the server, `done` once every result includes
 * it and the write is removed.
 */
export interface OutboxEvent extends EventBase<'outbox'> {
  readonly state: 'persisted' | 'sent' | 'acknowledged' | 'rejected' | 'done';
  readonly eventId: string;
  /** The number of unacknowledged writes. */
  readonly waiting: number;
  /** Time since the write was sent, once the server has responded. */
  readonly tookMs?: number | undefined;
  readonly error?: Error | undefined;
}

/** The state of one query: `changed` means that its subscribers may see a different result. */
export interface QueryEvent extends EventBase<'query'> {
  readonly state: 'subscribed' | 'result' | 'changed' | 'failed' | 'ended';
  /** Identifies the query; equal queries have the same key. */
  readonly key: string;
  readonly tookMs?: number | undefined;
  readonly error?: string | undefined;
}

export interface StorageEvent extends EventBase<'storage'> {
  readonly state: 'written' | 'failed';
  /** The number of key-value operations. */
  readonly ops?: number | undefined;
  readonly error?: Error | undefined;
}

export interface TabEvent extends EventBase<'tab'> {
  /** Whether this tab sent the message to other tabs or received it from one. */
  readonly direction: 'sent' | 'received';
  readonly message: string;
}

export interface AuthEvent extends EventBase<'auth'> {
  readonly userId: string | undefined;
}

export interface RoomEvent extends EventBase<'room'> {
  readonly roomId: string;
  /** Undefined for presence events. */
  readonly topic?: string | undefined;
}

/** What the first start took over from the official client's database, and what it had to leave out. docs/moving-from-instantdb.md */
export interface AdoptionEvent extends EventBase<'adoption'> {
  /** The user who stays signed in. */
  readonly userId: string | undefined;
  /** The number of pending writes. */
  readonly writes: number;
  readonly localIds: number;
  /** The number of cached results. */
  readonly results: number;
  /** Records that cannot be used, each with the reason. */
  readonly skipped: readonly string[];
}

/** An error that no promise rejects with; the same errors are passed to `onError`. */
export interface ErrorEvent extends EventBase<'error'> {
  readonly error: Error;
}

export type DatabaseEvent =
  | SentEvent
  | ReceivedEvent
  | ConnectionEvent
  | OutboxEvent
  | QueryEvent
  | StorageEvent
  | TabEvent
  | AuthEvent
  | AdoptionEvent
  | RoomEvent
  | ErrorEvent;

/** `*` subscribes to every event. */
export type DatabaseEventType = DatabaseEvent['type'] | '*';

export type DatabaseEventOf<Type extends DatabaseEventType> = Type extends '*' ? DatabaseEvent : Extract<DatabaseEvent, EventBase<Type>>;

export type EventListener = (event: DatabaseEvent) => void;
