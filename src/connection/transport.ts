// The port to a server, in messages, not text. A Transport opens lines; a Line is one session's way there and back.
// Which line is the current one, and when to open the next, is not decided here: see machine.ts.

// What came down a line as one frame, told message by message: the same over every transport.

import type { ClientMessage } from '../protocol/client-message.ts';
import type { Log } from '../lib/log.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { TriplaneError } from '../errors.ts';
import { decodeServerFrame, type ServerFrame } from '../protocol/codec.ts';

export interface Transport {
  readonly name: 'ws' | 'sse';
  /** Nothing is told before this has returned. */
  open(on: ChannelEvents): Channel;
}

export interface Channel {
  /** @throws TriplaneError 'unreachable' if the line is not open, 'frame-malformed' if this cannot be written */
  send(message: ClientMessage): void;
  /** After this the line tells nothing more, not even that it closed. A promise tells when nothing of it is left. */
  close(code?: number, reason?: string): void | Promise<void>;
}

/** In the order of the wire: `opened`, then the frames, then `closed`, once and last. A line that never opened may close. */
export interface ChannelEvents {
  opened(): void;
  message(message: ServerMessage): void;
  /** A frame with nothing in it that we know. It tells that the server lives. */
  activity(): void;
  /** One frame that is no message: reported, the line lives. */
  fault(error: TriplaneError): void;
  closed(why: CloseReason): void;
}

/** No code carries a meaning on this wire; they are for the log. PROTOCOL.md#connection */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/** Whom a frame is told to. A line that was closed meanwhile tells nobody. */
export type FrameHandlers = Pick<ChannelEvents, 'message' | 'activity' | 'fault'>;

export function deliverFrame(data: unknown, on: FrameHandlers, log: Log): void {
  let frame: ServerFrame;
  try {
    frame = decodeServerFrame(data);
  } catch (error) {
    if (!(error instanceof TriplaneError)) throw error;
    return on.fault(error);
  }
  if (frame.messages.length === 0) on.activity();
  for (const { op } of frame.unknown) log.debug('connection', `'${op}' is no op that this client knows`);
  for (const message of frame.messages) on.message(message);
}
