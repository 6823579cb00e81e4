// The errors of the Realtime Platform's sockets and of its HTTP API.

import { RoomError, type RoomErrorOptions } from '../rooms/room-error.ts';
import type { SyncDoc } from './types.ts';

/** A failure of the live side. `code` is one of `RoomErrorCode`, `UNSUPPORTED_TRANSPORT`, or the server's own. */
export class PlatformRealtimeError extends RoomError {
  constructor(code: string, message: string, options?: RoomErrorOptions) {
    super(code, message, options);
    this.name = 'PlatformRealtimeError';
  }
}

export interface ApiErrorDetails {
  readonly status: number;
  readonly code: string;
  readonly body: unknown;
  readonly cause?: unknown;
}

/**
 * The API responded with an error, with something that is not JSON of the API, or not at all (`status` 0). Branch on `status`: the names of
 * errors are not documented.
 */
export class PlatformApiError extends Error {
  readonly status: number;
  /** The server's `error` field, or an `ApiFailureCode`. */
  readonly code: string;
  /** The response: parsed if it is JSON, otherwise its text. */
  readonly body: unknown;

  constructor(message: string, { status, code, body, cause }: ApiErrorDetails) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'PlatformApiError';
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** The document was changed concurrently: it does not have the expected revision. */
export class RevisionConflictError extends PlatformApiError {
  readonly expectedRevision: number;
  /** Undefined if the document could not be read, or was deleted. */
  readonly currentRevision: number | undefined;
  /** The document as it is now. */
  readonly current: SyncDoc | null;

  constructor(message: string, details: ApiErrorDetails, expectedRevision: number, current: SyncDoc | null) {
    super(message, details);
    this.name = 'RevisionConflictError';
    this.expectedRevision = expectedRevision;
    this.currentRevision = current?.revision;
    this.current = current;
  }
}
