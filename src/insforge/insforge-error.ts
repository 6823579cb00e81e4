// The errors of InsForge's socket and of its HTTP API.

import { RoomError, type RoomErrorOptions } from '../rooms/room-error.ts';

/** A failure of the live side. `code` is the server's (`REALTIME_UNAUTHORIZED`, …) or one of `RoomErrorCode`. */
export class InsforgeRealtimeError extends RoomError {
  constructor(code: string, message: string, options?: RoomErrorOptions) {
    super(code, message, options);
    this.name = 'InsforgeRealtimeError';
  }
}

/** The management API responded with an error, with something that is not JSON of the API, or not at all (`status` 0). */
export class InsforgeApiError extends Error {
  readonly status: number;
  /** The server's `error` field, or an `ApiFailureCode`. */
  readonly code: string;
  readonly nextActions: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { readonly nextActions?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'InsforgeApiError';
    this.status = status;
    this.code = code;
    this.nextActions = options.nextActions;
  }
}
