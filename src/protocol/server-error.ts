// The `error` message, the closed list of its types, and what each means for the request. How the client reacts is decided by the reactor.
// PROTOCOL.md#error

import type { Maybe, ReplyEnvelope } from './envelope.ts';
import { hasOwn } from '../lib/own.ts';

export interface ErrorMessage extends ReplyEnvelope {
  readonly op: 'error';
  /** 400: not applied. 500: see `meaningOf`. */
  readonly status?: Maybe<number>;
  /** A `ServerErrorType`, or a type of a newer server. Null for an unhandled server error. */
  readonly type?: Maybe<string>;
  /** Human-readable text. */
  readonly message?: Maybe<string>;
  readonly hint?: unknown;
  /** The message that failed, or the server's own work: `{ op: 'refresh' }`. Identifies the request the error belongs to. */
  readonly 'original-event'?: Maybe<OriginalEvent>;
}

export type OriginalEvent = Readonly<Record<string, unknown>>;

export interface ServerErrorMeaning {
  readonly status: 400 | 500;
  /** Whether the request may have taken effect despite the error. */
  readonly outcome: 'not-applied' | 'unknown';
  /** The same request may succeed later. */
  readonly isTransient: boolean;
}

export const rejected: ServerErrorMeaning = { status: 400, outcome: 'not-applied', isTransient: false };
const retryLater: ServerErrorMeaning = { status: 400, outcome: 'not-applied', isTransient: true };
const tooMuch: ServerErrorMeaning = { status: 500, outcome: 'not-applied', isTransient: false };
export const failed: ServerErrorMeaning = { status: 500, outcome: 'unknown', isTransient: true };

/** Types whose meaning differs from their status. */
export const exceptions = {
  'app-read-only': retryLater,
  'app-disabled': retryLater,
  'rate-limited': retryLater,
  'parameter-limit-exceeded': tooMuch,
} as const;

/** Prefixes of the types that mean a rejection, used when the error has no status. */
const rejectionTypes = /^(param-m|validation|permission|record|sql-raise)/;

/** The meaning of an error: from its type if it is an exception, otherwise from its status. Works for unknown types. */
export function meaningOf({ status, type }: Pick<ErrorMessage, 'status' | 'type'>): Pick<ServerErrorMeaning, 'outcome' | 'isTransient'> {
  if (isException(type)) return exceptions[type];
  return (status ? status >= 400 && status < 500 : rejectionTypes.test(type ?? '')) ? rejected : failed;
}

function isException(type: Maybe<string>): type is keyof typeof exceptions {
  return hasOwn(exceptions, type ?? '');
}

/** Every `type` a server sends. */
export const serverErrors = {
  ...exceptions,
  'param-missing': rejected,
  'param-malformed': rejected,
  'validation-failed': rejected,
  'permission-denied': rejected,
  'permission-evaluation-failed': rejected,
  'record-not-found': rejected,
  'record-not-unique': rejected,
  'record-expired': rejected,
  'record-foreign-key-invalid': rejected,
  'record-check-violation': rejected,
  'sql-raise': rejected,
  timeout: failed,
  'operation-timed-out': failed,
  'sql-exception': failed,
} as const satisfies Readonly<Record<string, ServerErrorMeaning>>;

export type ServerErrorType = keyof typeof serverErrors;
