// Every error this package throws or rejects with. One class and its few names that code written for
// InstantDB's client already catches; which failure it was is told by `code`, never by the message.

/** What can go wrong, by `code`. */
export type ErrorCode =
  | 'config-invalid' // `init` or `createServer` was called with something it cannot use
  | 'query-invalid' // a query does not fit the schema or the language
  | 'transaction-invalid' // a transaction does not fit the schema or the language
  | 'frame-malformed' // what came over the wire is not a message
  | 'refused' // the server said no, and the write or query was not applied
  | 'server-failed' // the server failed; whether a write was applied is not known
  | 'unreachable' // there is no connection, and the call needs one
  | 'timeout' // no answer in time
  | 'signature-invalid' // a webhook request was not signed by the server, or too long ago
  | 'closed' // the database was shut down
  | 'user-changed' // somebody else is signed in, or nobody; the write is kept, and goes out when its user is back
  | 'limit' // a documented limit was reached
  | 'storage-failed' // the durable store cannot be read or written
  | 'dependency-missing'; // an optional package is not installed; the message names it

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

/** What the server says when it refuses: the body of an HTTP error, or the fields of an `error` message. PROTOCOL.md#error */
export interface RejectionBody {
  readonly type?: string | null | undefined;
  readonly message?: string | undefined;
  readonly hint?: unknown;
  readonly 'trace-id'?: string | null | undefined;
}

/** The server answered, and the answer was no. `status` 400 = not applied; 500 = not known. */
export class InstantAPIError extends TriplaneError {
  readonly body: RejectionBody;
  readonly status: number;
  readonly type: string | undefined;
  /** How long the server asks to wait before another attempt, where it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(rejection: { readonly body: RejectionBody; readonly status: number; readonly retryAfterMs?: number | undefined }) {
    const { body, status } = rejection;
    super(status >= 500 ? 'server-failed' : 'refused', body.message ?? `The server answered ${status}`, {
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
  constructor(message: string) {
    super('transaction-invalid', message);
    this.name = 'TransactionValidationError';
  }
}

export function isTriplaneError(error: unknown): error is TriplaneError {
  return error instanceof TriplaneError;
}
