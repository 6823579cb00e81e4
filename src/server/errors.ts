// Errors with which the server rejects messages. Each is thrown where the fault is detected and becomes the `error` response of the
// message. PROTOCOL.md#error

// Where and why a query is invalid: thrown by the reader of each part, collected into one error of the query.

import { InstantAPIError } from '../errors.ts';
import { type ServerErrorType, serverErrors } from '../protocol/server-error.ts';

export interface Fault {
  /** Path within the input. */
  readonly in?: readonly (string | number)[];
  /** The name of the check that failed, or a list that describes it. Programs match on it. */
  readonly expected?: string | readonly unknown[];
  /** The same, of a value in a query. */
  readonly 'expected?'?: string;
  readonly message?: string;
  readonly hint?: unknown;
  /** The step of a transaction, as a list or its parts by name. */
  readonly 'tx-step'?: object;
  /** A name that tools recognise. */
  readonly issue?: string;
}

export function rejection(type: ServerErrorType, message: string, hint: unknown = null): InstantAPIError {
  return new InstantAPIError({ status: serverErrors[type].status, body: { type, message, hint } });
}

/** Something lacks the required form or value. `about` names the kind of thing. */
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

/** `args`: the lookup key, without secret parts. */
export function recordNotFound(type: string, args: object): InstantAPIError {
  return rejection('record-not-found', `Record not found: ${type}`, { 'record-type': type, args: [args] });
}

export function recordExpired(type: string, args: object): InstantAPIError {
  return rejection('record-expired', `Record expired: ${type}`, { args: [args] });
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

/** `which`: what is taken. */
export function recordNotUnique(type: string, which: object = {}): InstantAPIError {
  return rejection('record-not-unique', `Record not unique: ${type}`, { 'record-type': type, ...which });
}

/** A limit of the server was exceeded. */
export function overLimit(limit: string, most: number, what: string): InstantAPIError {
  return rejection('validation-failed', `${what}: at most ${most}`, { 'data-type': 'limit', limit, most });
}

/** The same request may succeed in a moment. */
export function busy(message: string): InstantAPIError {
  return rejection('rate-limited', message, { 'retry-after': 1 });
}

/** An unexpected fault: it is unknown whether anything was done. */
export function failure(cause: unknown): InstantAPIError {
  const error = new InstantAPIError({ status: 500, body: { type: null, message: 'The server failed', hint: null } });
  error.cause = cause;
  return error;
}

export type Path = readonly (string | number)[];

/** Faults of a query. */
export class QueryFault extends Error {
  readonly faults: readonly Fault[];
  constructor(path: Path, check: Pick<Fault, 'expected' | 'expected?'>, ...messages: readonly string[]) {
    super(messages[0]);
    this.faults = messages.map((message) => ({ in: path, ...check, message }));
  }
}

/** The session's token is not, or no longer, valid. */
export function signedOut(): InstantAPIError {
  return rejection('record-not-found', 'Record not found: app-user', { 'record-type': 'app-user', args: [] });
}
