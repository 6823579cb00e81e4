// What a server says no with. Each is thrown where the fault is seen, and becomes the `error` that answers the message.
// PROTOCOL.md#error

// Where a query cannot be taken, and why: thrown by whoever reads a part of it, told as one refusal of the whole.

import { InstantAPIError } from '../errors.ts';
import { type ServerErrorType, serverErrors } from '../protocol/server-error.ts';

export interface Fault {
  /** Where in the input. */
  readonly in?: readonly (string | number)[];
  /** The name of the check that failed, or a list that describes it. Programs match on it. */
  readonly expected?: string | readonly unknown[];
  /** The same, of a value in a query. */
  readonly 'expected?'?: string;
  readonly message?: string;
  readonly hint?: unknown;
  /** A name that tools know. */
  readonly issue?: string;
}

export function rejection(type: ServerErrorType, message: string, hint: unknown = null): InstantAPIError {
  return new InstantAPIError({ status: serverErrors[type].status, body: { type, message, hint } });
}

/** Something does not have the form or the value it must have. `about` names what kind of thing it is. */
export function invalid(about: string, input: unknown, faults: readonly Fault[], message?: string): InstantAPIError {
  const [first] = faults;
  const text = message ?? `Validation failed for ${about}: ${first?.message ?? `expected ${wanted(first)}`}`;
  return rejection('validation-failed', text, { 'data-type': about, input, errors: faults });
}

const wanted = ({ expected }: Fault = {}): string => (typeof expected === 'string' ? expected : 'something else');

/** Not allowed; `about` is a namespace, or `attrs`. */
export function denied(about: string, message: string, action = about === 'attrs' ? 'attr' : 'object'): InstantAPIError {
  return rejection('permission-denied', `Permission denied: ${message}`, {
    input: [about, action],
    expected: 'perms-pass?',
  });
}

/** `args`: what it was looked up by, without what may be secret. */
export function recordNotFound(type: string, args: object): InstantAPIError {
  return rejection('record-not-found', `Record not found: ${type}`, { 'record-type': type, args: [args] });
}

export function recordNotUnique(type: string): InstantAPIError {
  return rejection('record-not-unique', `Record not unique: ${type}`, { 'record-type': type });
}

/** U+0000, which PostgreSQL cannot keep. */
export function nullByte(problem: string): InstantAPIError {
  const hint = { condition: 'untranslatable-character', table: null, constraint: null };
  return rejection('validation-failed', `A value ${problem}.`, hint);
}

/** Whether a text in it has one; a key too, unless keys are `ignored`. */
export function hasNullByte(part: unknown, keys: 'counted' | 'ignored' = 'counted'): boolean {
  if (typeof part === 'string') return part.includes('\0');
  if (typeof part !== 'object' || part === null) return false;
  const isKey = keys === 'counted' && !Array.isArray(part);
  return Object.entries(part).some(([key, item]) => (isKey && key.includes('\0')) || hasNullByte(item, keys));
}

/** What the database of the original rejects by an exception of its own. */
export function raised(message: string): InstantAPIError {
  return rejection('sql-raise', message, { condition: 'raise-exception', table: null, constraint: message });
}

/** One of the server's own limits. */
export function overLimit(limit: string, most: number, what: string): InstantAPIError {
  return rejection('validation-failed', `${what}: at most ${most}`, { 'data-type': 'limit', limit, most });
}

/** A fault nobody foresaw: whether anything was done is not known. */
export function failure(cause: unknown): InstantAPIError {
  const error = new InstantAPIError({ status: 500, body: { type: null, message: 'The server failed', hint: null } });
  error.cause = cause;
  return error;
}

export type Path = readonly (string | number)[];

/** What is wrong with a query. */
export class QueryFault extends Error {
  readonly faults: readonly Fault[];
  constructor(path: Path, check: Pick<Fault, 'expected' | 'expected?'>, ...messages: readonly string[]) {
    super(messages[0]);
    this.faults = messages.map((message) => ({ in: path, ...check, message }));
  }
}

/** The token of a session is not, or no longer, one of a user. */
export function signedOut(): InstantAPIError {
  return rejection('record-not-found', 'Record not found: app-user', { 'record-type': 'app-user', args: [] });
}
