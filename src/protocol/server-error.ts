// What a server says when it refuses: the message, the closed list of its types, and for each what it means for the
// request. What to do about it is not decided here. PROTOCOL.md#error

import type { Echo, Maybe } from './envelope.ts';

export interface ErrorMessage extends Echo {
  readonly op: 'error';
  /** 400: not applied. 500: see `outcomeOf`. */
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

/** What became of the request. */
export type Outcome = 'not-applied' | 'unknown';

interface ServerErrorFacts {
  readonly status: 400 | 500;
  readonly outcome: Outcome;
  /** The same request may well succeed later. */
  readonly isPassing: boolean;
}

const refused: ServerErrorFacts = { status: 400, outcome: 'not-applied', isPassing: false };
const later: ServerErrorFacts = { status: 400, outcome: 'not-applied', isPassing: true };
const tooMuch: ServerErrorFacts = { status: 500, outcome: 'not-applied', isPassing: false };
const failed: ServerErrorFacts = { status: 500, outcome: 'unknown', isPassing: true };

/** Every `type` a client can be told. */
export const serverErrors = {
  'param-missing': refused,
  'param-malformed': refused,
  'validation-failed': refused,
  'permission-denied': refused,
  'permission-evaluation-failed': refused,
  'record-not-found': refused,
  'record-not-unique': refused,
  'record-expired': refused,
  'record-foreign-key-invalid': refused,
  'record-check-violation': refused,
  'sql-raise': refused,
  'app-read-only': later,
  'app-disabled': later,
  'rate-limited': later,
  timeout: failed,
  'operation-timed-out': failed,
  'parameter-limit-exceeded': tooMuch,
  'sql-exception': failed,
} as const satisfies Readonly<Record<string, ServerErrorFacts>>;

export type ServerErrorType = keyof typeof serverErrors;

export function isServerErrorType(type: unknown): type is ServerErrorType {
  return typeof type === 'string' && Object.hasOwn(serverErrors, type);
}

type Refusal = Pick<ErrorMessage, 'status' | 'type'>;

/** Whether a refused request may have taken effect all the same. */
export function outcomeOf({ status, type }: Refusal): Outcome {
  if (isServerErrorType(type)) return serverErrors[type].outcome;
  return isClientFault(status) ? 'not-applied' : 'unknown';
}

/** Whether the same request may succeed if it is made again after a while. */
export function isPassing({ status, type }: Refusal): boolean {
  if (isServerErrorType(type)) return serverErrors[type].isPassing;
  return !isClientFault(status);
}

function isClientFault(status: Maybe<number>): boolean {
  return typeof status === 'number' && status >= 400 && status < 500;
}
