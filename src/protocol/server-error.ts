// What a server says when it refuses: the message, and what it means for the request. What to do about it is not decided here,
// and the list of its types is in server-error-types.ts. PROTOCOL.md#error

import type { Echo, Maybe } from './envelope.ts';

export interface ErrorMessage extends Echo {
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

export interface ServerErrorFacts {
  readonly status: 400 | 500;
  /** What became of the request: whether it may have taken effect all the same. */
  readonly outcome: 'not-applied' | 'unknown';
  /** The same request may well succeed later. */
  readonly isPassing: boolean;
}

export const refused: ServerErrorFacts = { status: 400, outcome: 'not-applied', isPassing: false };
const later: ServerErrorFacts = { status: 400, outcome: 'not-applied', isPassing: true };
const tooMuch: ServerErrorFacts = { status: 500, outcome: 'not-applied', isPassing: false };
export const failed: ServerErrorFacts = { status: 500, outcome: 'unknown', isPassing: true };

/** The types whose status does not tell all. */
export const exceptions = {
  'app-read-only': later,
  'app-disabled': later,
  'rate-limited': later,
  'parameter-limit-exceeded': tooMuch,
} as const;

/** What the types of refusals begin with: where no status is told, they tell it. */
const refusals = /^(param-m|validation|permission|record|sql-raise)/;

/** What a refusal means: by its type where that is an exception, else by its status. A type need not be known. */
export function meaningOf({ status, type }: Pick<ErrorMessage, 'status' | 'type'>): Pick<ServerErrorFacts, 'outcome' | 'isPassing'> {
  if (isException(type)) return exceptions[type];
  return (status ? status >= 400 && status < 500 : refusals.test(type ?? '')) ? refused : failed;
}

function isException(type: Maybe<string>): type is keyof typeof exceptions {
  return Object.hasOwn(exceptions, type ?? '');
}
