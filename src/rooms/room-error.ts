// The errors of rooms and of the connection below them. Codes in capitals, as the backends write theirs: what a server answered keeps its
// own code, what the client found out itself has one of these.

/** What the client itself reports; a server's answer adds codes of its own. */
export type RoomErrorCode =
  | 'NOT_JOINED' // a message needs a room that was joined
  | 'INVALID_TOPIC' // a topic that the backend reserves or cannot deliver
  | 'INVALID_PAYLOAD' // data that JSON cannot carry
  | 'PAYLOAD_TOO_LARGE' // more bytes than the backend takes
  | 'UNSUPPORTED' // the backend has no such operation; see `capabilities`
  | 'SUBSCRIBE_TIMEOUT' // the server did not answer a join in time
  | 'SUBSCRIPTION_CANCELLED' // the room was left before it was joined
  | 'PUBLISH_TIMEOUT' // the server did not confirm a message in time
  | 'CONNECT_TIMEOUT' // no connection in time; the client goes on trying
  | 'UNREACHABLE' // no connection after as many attempts as the options allow; connect() tries again
  | 'DISCONNECTED' // the connection was lost before the answer came
  | 'AUTH_FAILED' // the server does not accept the credentials
  | 'MALFORMED_FRAME' // the server sent what the protocol does not know
  | 'DEPENDENCY_MISSING' // an optional package is not installed; the message names it
  | 'CLOSED'; // the client was closed

export interface RoomErrorOptions {
  readonly channel?: string | undefined;
  readonly cause?: unknown;
}

/** A failure of a room or of its connection. `code` is one of `RoomErrorCode`, or what the server called it. */
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

/** An argument that is refused before any request is made. */
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
