// Every error this package throws or rejects with. One class, plus the subclasses that code written for InstantDB's client catches.
// Programs distinguish errors by `code`, never by the message.

/** The kinds of errors. */
export type ErrorCode =
  | 'config-invalid' // `init` or `createServer` was called with an invalid option
  | 'query-invalid' // a query does not fit the schema or the query language
  | 'transaction-invalid' // a transaction does not fit the schema or the transaction language
  | 'frame-malformed' // received data is not a valid message
  | 'refused' // the server rejected the write or query; it was not applied
  | 'server-failed' // the server failed; a write may or may not have been applied
  | 'unreachable' // the call needs a connection, and there is none
  | 'timeout' // no response in time
  | 'signature-invalid' // a webhook request has an invalid or expired signature
  | 'closed' // the database was shut down
  | 'user-changed' // the user who made the write signed out; the write stays in the outbox and is sent when they sign in again
  | 'data-invalid' // presence, a message of a topic or a request holds a value that cannot be sent
  | 'limit' // a documented limit was reached
  | 'storage-failed' // the durable store cannot be read or written
  | 'module-missing' // a lazily loaded part of the client could not be fetched, as after a new deployment: reload the page
  | 'archive-invalid' // a backup is damaged, or its data does not fit its schema; nothing of it was taken over
  | 'dependency-missing'; // an optional package is not installed, or the platform lacks a built-in; the message names it

export interface ErrorOptions {
  readonly hint?: unknown;
  readonly traceId?: string | undefined;
  readonly cause?: unknown;
}

export class TriplaneError extends Error {
  readonly code: ErrorCode;
  readonly hint: unknown;
  readonly traceId: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'TriplaneError';
    this.code = code;
    this.hint = options.hint;
    this.traceId = options.traceId;
  }
}

/** The details of a rejection: the body of an HTTP error response, or the fields of an `error` message. PROTOCOL.md#error */
export interface RejectionBody {
  readonly type?: string | null | undefined;
  readonly message?: string | undefined;
  readonly hint?: unknown;
  readonly 'trace-id'?: string | null | undefined;
}

/** The server responded with an error. `status` 400: not applied; 500: unknown. */
export class InstantAPIError extends TriplaneError {
  readonly body: RejectionBody;
  readonly status: number;
  readonly type: string | undefined;
  /** The delay before another attempt, if the server specified one. */
  readonly retryAfterMs: number | undefined;

  constructor(rejection: { readonly body: RejectionBody; readonly status: number; readonly retryAfterMs?: number | undefined }) {
    const { body, status } = rejection;
    super(status >= 500 ? 'server-failed' : 'refused', body.message ?? `The server responded with status ${status}`, {
      hint: body.hint,
      traceId: body['trace-id'] ?? undefined,
    });
    this.name = 'InstantAPIError';
    this.body = body;
    this.status = status;
    this.type = body.type ?? undefined;
    this.retryAfterMs = rejection.retryAfterMs ?? retryAfterOf(body.hint);
  }
}

/** Limits in permission rules put it, in seconds, in the hint. PROTOCOL.md#error */
function retryAfterOf(hint: unknown): number | undefined {
  const seconds = typeof hint === 'object' && hint !== null && 'retry-after' in hint ? hint['retry-after'] : undefined;
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined;
}

export class QueryValidationError extends TriplaneError {
  readonly path: string | undefined;
  constructor(message: string, path?: string) {
    super('query-invalid', path ? `At path '${path}': ${message}` : message);
    this.name = 'QueryValidationError';
    this.path = path;
  }
}

export class TransactionValidationError extends TriplaneError {
  /** `hint`: what programs read of it. */
  constructor(message: string, hint?: unknown) {
    super('transaction-invalid', message, hint === undefined ? {} : { hint });
    this.name = 'TransactionValidationError';
  }
}

export function isTriplaneError(error: unknown): error is TriplaneError {
  return error instanceof TriplaneError;
}
