// The port to a server, in messages, not text. A Transport opens lines; a Line is one session's way there and back.
// Which line is the current one, and when to open the next, is not decided here: see machine.ts.

import type { TriplaneError } from '../errors.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';

export interface Transport {
  readonly name: 'ws' | 'sse';
  /** Nothing is told before this has returned. */
  open(on: LineEvents): Line;
}

export interface Line {
  /** @throws TriplaneError 'unreachable' if the line is not open, 'frame-malformed' if this cannot be written */
  send(message: ClientMessage): void;
  /** After this the line tells nothing more, not even that it closed. A promise tells when nothing of it is left. */
  close(code?: number, reason?: string): void | Promise<void>;
}

/** In the order of the wire: `opened`, then the frames, then `closed`, once and last. A line that never opened may close. */
export interface LineEvents {
  opened(): void;
  message(message: ServerMessage): void;
  /** A frame with nothing in it that we know. It tells that the server lives. */
  heard(): void;
  /** One frame that is no message: reported, the line lives. */
  fault(error: TriplaneError): void;
  closed(why: CloseReason): void;
}

/** No code carries a meaning on this wire; they are for the log. PROTOCOL.md#connection */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}
