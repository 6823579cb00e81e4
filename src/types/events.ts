// What a database tells of what it does: `db.on`. Plain data, for tools and telemetry. Tokens are never in it; what users wrote may be.

import type { ConnectionStatus } from './database.ts';

interface EventBase<Type extends string> {
  readonly type: Type;
  /** When it happened, in milliseconds since 1970. It is told at the end of the task. */
  readonly atMs: number;
}

/** A message as it is on the wire, without its secrets. Its `op` says what else is in it: PROTOCOL.md. Rows and steps in it are not copied: they are to be read only. */
export type LoggedMessage = Readonly<Record<string, unknown>>;

export interface SentEvent extends EventBase<'sent'> {
  readonly op: string;
  readonly eventId?: string | undefined;
  readonly message: LoggedMessage;
}

export interface ReceivedEvent extends EventBase<'received'> {
  readonly op: string;
  readonly eventId?: string | undefined;
  /** Since what it answers was sent. */
  readonly tookMs?: number | undefined;
  readonly message: LoggedMessage;
}

export interface ConnectionEvent extends EventBase<'connection'> {
  readonly status: ConnectionStatus;
}

/** One write: `kept` on the device, `sent`, `confirmed` or `refused` by the server, `done`: every answer holds it, and it is forgotten. */
export interface OutboxEvent extends EventBase<'outbox'> {
  readonly state: 'kept' | 'sent' | 'confirmed' | 'refused' | 'done';
  readonly eventId: string;
  /** How many are not certain yet. */
  readonly waiting: number;
  /** Since it was sent, when the server has spoken. */
  readonly tookMs?: number | undefined;
  readonly error?: Error | undefined;
}

/** One query: `changed` means that what its subscribers see may be another. */
export interface QueryEvent extends EventBase<'query'> {
  readonly state: 'asked' | 'answered' | 'changed' | 'failed' | 'ended';
  /** The same for equal queries. */
  readonly key: string;
  readonly tookMs?: number | undefined;
  readonly error?: string | undefined;
}

export interface StorageEvent extends EventBase<'storage'> {
  readonly state: 'written' | 'failed';
  /** How many entries. */
  readonly ops?: number | undefined;
  readonly error?: Error | undefined;
}

export interface TabEvent extends EventBase<'tab'> {
  /** What this tab told the others, or heard from one. */
  readonly direction: 'told' | 'heard';
  readonly message: string;
}

export interface AuthEvent extends EventBase<'auth'> {
  readonly userId: string | undefined;
}

export interface RoomEvent extends EventBase<'room'> {
  readonly roomId: string;
  /** Undefined for presence. */
  readonly topic?: string | undefined;
}

/** An error that belongs to nobody's promise: the same that `onError` is given. */
export interface ErrorEvent extends EventBase<'error'> {
  readonly error: Error;
}

export type DatabaseEvent =
  SentEvent | ReceivedEvent | ConnectionEvent | OutboxEvent | QueryEvent | StorageEvent | TabEvent | AuthEvent | RoomEvent | ErrorEvent;

/** `*` is every event. */
export type DatabaseEventType = DatabaseEvent['type'] | '*';

export type DatabaseEventOf<Type extends DatabaseEventType> = Type extends '*' ? DatabaseEvent : Extract<DatabaseEvent, EventBase<Type>>;

export type EventListener = (event: DatabaseEvent) => void;
