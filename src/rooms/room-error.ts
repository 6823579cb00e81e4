// The errors of rooms and of their connection. Codes are in capitals, as the backends write theirs: an error that the server reports keeps the
// server's code, an error that the client detects has one of these.

/** The codes of errors that the client detects. */
export type RoomErrorCode =
  | 'NOT_JOINED' // only a joined room can publish
  | 'INVALID_TOPIC' // a topic that the backend reserves or cannot deliver
  | 'INVALID_PAYLOAD' // data that JSON cannot represent
  | 'PAYLOAD_TOO_LARGE' // larger than the backend accepts
  | 'UNSUPPORTED' // the backend has no such operation; see `capabilities`
  | 'SUBSCRIBE_TIMEOUT' // the server did not confirm a join in time
  | 'SUBSCRIPTION_CANCELLED' // the room was left before it was joined
  | 'PUBLISH_TIMEOUT' // the server did not confirm a message in time
  | 'CONNECT_TIMEOUT' // no connection in time; the client goes on trying
  | 'UNREACHABLE' // no connection after as many attempts as the options allow; connect() tries again
  | 'DISCONNECTED' // the connection was lost before the answer came
  | 'AUTH_FAILED' // the server rejected the credentials
  | 'MALFORMED_FRAME' // the server sent a frame that is not one of the protocol
  | 'JOIN_REFUSED' // the server rejected a join without a code of its own
  | 'FORBIDDEN' // the token may not publish
  | 'UNSUPPORTED_TRANSPORT' // the transport has no channels
  | 'SERVER_ERROR' // the server reported an error without a code of its own
  | 'NOTIFICATION' // a warning of the server, such as before a restart
  | 'DEPENDENCY_MISSING' // an optional package is not installed; the message names it
  | 'CLOSED'; // the client was closed

export interface RoomErrorOptions {
  readonly channel?: string | undefined;
  readonly cause?: unknown;
}

/** A failure of a room or of its connection. `code` is one of `RoomErrorCode`, or the server's own. */
export class RoomError extends Error {
  readonly code: string;
  readonly channel: string | undefined;

  constructor(code: RoomErrorCode | (string & {}), message: string, { channel, cause }: RoomErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'RoomError';
    this.code = code;
    this.channel = channel;
  }
}

/** Each adapter throws a class of its own. */
export type RoomErrorClass = new (code: RoomErrorCode | (string & {}), message: string, options?: RoomErrorOptions) => RoomError;

/** An argument that is rejected before any request is made. */
export class InvalidArgumentError extends TypeError {
  readonly code = 'INVALID_ARGUMENT';

  constructor(message: string) {
    super(message);
    this.name = 'InvalidArgumentError';
  }
}

export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
