// Errors that the client detects by itself, each with advice.

import { type ErrorCode, InstantAPIError, TriplaneError } from '../errors.ts';
import { errorOf } from '../lib/thrown.ts';
import type { ConnectionStatus } from '../types/database.ts';

interface ServerInfo {
  readonly serverName: string;
  readonly queryTimeoutMs: number;
}

export function unreachableError(serverName: string): TriplaneError {
  const message = `No connection to ${serverName}. Check that the server is running and that the address is correct. Pending writes are kept; the client reconnects automatically.`;
  return new TriplaneError('unreachable', message);
}

export function queryTimeoutError({ serverName, queryTimeoutMs }: ServerInfo, status: ConnectionStatus): TriplaneError {
  const seconds = queryTimeoutMs / 1000;
  if (status === 'authenticated') return new TriplaneError('timeout', `${serverName} did not respond to the query within ${seconds} s`);
  return new TriplaneError(
    'unreachable',
    `No response to the query within ${seconds} s. No connection to ${serverName}. Check that the server is running.`,
  );
}

export function closedError(): TriplaneError {
  return new TriplaneError('closed', 'This database was closed. Call init() to open a new one');
}

export function discardedError(cause?: unknown): TriplaneError {
  return new TriplaneError('refused', 'The write was discarded before the server confirmed it', { cause });
}

export function userChangedError(): TriplaneError {
  return new TriplaneError(
    'user-changed',
    'The user who made this write signed out. The write stays in the outbox and is sent when they sign in again',
  );
}

export function outboxFullError(limit: number): TriplaneError {
  const message = `The outbox is full: ${limit} writes are pending, and this one was not accepted. Try again when the server is reachable`;
  return new TriplaneError('limit', message);
}

/** Limit per room: more than a user can type during a join, little enough to be harmless. */
export const maxQueuedRoomMessages = 1000;

export function roomQueueFullError(): TriplaneError {
  return new TriplaneError(
    'limit',
    `More than ${maxQueuedRoomMessages} messages are queued until the room is joined. Publish fewer, or wait`,
  );
}

export const unprotectedText =
  'A write may be applied twice: the rules forbid this user to create triplaneReceipts. `npx triplane push` adds a rule. docs/exactly-once.md';

export function disabledError(): InstantAPIError {
  return rejection('app-disabled', 'This app is currently disabled', 'disabled');
}

export function readOnlyError(): InstantAPIError {
  return rejection('app-read-only', 'This app is read-only: writes are rejected', 'read-only');
}

/** @throws TriplaneError 'config-invalid' */
export function assertCallback(call: string, given: unknown): void {
  if (typeof given !== 'function') throw new TriplaneError('config-invalid', `${call}: the callback must be a function`);
}

/** @param code the code for errors of other libraries */
export function asError(thrown: unknown, code: ErrorCode = 'transaction-invalid'): TriplaneError {
  const error = errorOf(thrown);
  return error instanceof TriplaneError ? error : new TriplaneError(code, error.message, { cause: thrown });
}

function rejection(type: string, message: string, status: string): InstantAPIError {
  return new InstantAPIError({ status: 400, body: { type, message, hint: { status } } });
}
