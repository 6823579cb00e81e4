// What a server says when it refuses: the message, and what it means for the request. What to do about it is not decided here,
// and the list of its types is in server-error-types.ts. PROTOCOL.md#error

// The closed list of the types of an `error`, and what each means. PROTOCOL.md#error

import type { ReplyEnvelope, Maybe } from './envelope.ts';

export interface ErrorMessage extends ReplyEnvelope {
  readonly op: 'error';
  /** 400: not applied. 500: see `meaningOf`. */
  readonly status?: Maybe<number>;
  /** One of `ServerErrorType`, or what a newer server calls it. Null for a fault nobody caught. */
  readonly type?: Maybe<string>;
  /** For people. */
  readonly message?: Maybe<string>;
  readonly hint?: unknown;
  /** The message that failed, or the server's own work: `{ op: 'refresh' }`. Tells whose error this is. */
  readonly 'original-event'?: Maybe<OriginalEvent>;
}

export type OriginalEvent = Readonly<Record<string, unknown>>;

export interface ServerErrorMeaning {
  readonly status: 400 | 500;
  /** What became of the request: whether it may have taken effect all the same. */
  readonly outcome: 'not-applied' | 'unknown';
  /** The same request may well succeed later. */
  readonly isTransient: boolean;
}

export const rejected: ServerErrorMeaning = { status: 400, outcome: 'not-applied', isTransient: false };
const retryLater: ServerErrorMeaning = { status: 400, outcome: 'not-applied', isTransient: true };
const tooMuch: ServerErrorMeaning = { status: 500, outcome: 'not-applied', isTransient: false };
export const failed: ServerErrorMeaning = { status: 500, outcome: 'unknown', isTransient: true };

/** The types whose status does not tell all. */
export const exceptions = {
  'app-read-only': retryLater,
  'app-disabled': retryLater,
  'rate-limited': retryLater,
  'parameter-limit-exceeded': tooMuch,
} as const;

/** What the types of refusals begin with: where no status is told, they tell it. */
const rejectionTypes = /^(param-m|validation|permission|record|sql-raise)/;

/** What a refusal means: by its type where that is an exception, else by its status. A type need not be known. */
export function meaningOf({ status, type }: Pick<ErrorMessage, 'status' | 'type'>): Pick<ServerErrorMeaning, 'outcome' | 'isTransient'> {
  if (isException(type)) return exceptions[type];
  return (status ? status >= 400 && status < 500 : rejectionTypes.test(type ?? '')) ? rejected : failed;
}

function isException(type: Maybe<string>): type is keyof typeof exceptions {
  return Object.hasOwn(exceptions, type ?? '');
}

/** Every `type` a client can be told. */
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
