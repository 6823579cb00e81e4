// The port to a server, in messages instead of text. A Transport opens channels; a Channel is the connection of one session. Which channel
// is current and when to open the next one is decided in machine.ts.

import { TriplaneError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import { decodeServerFrame, type ServerFrame } from '../protocol/codec.ts';
import type { ServerMessage } from '../protocol/server-message.ts';

export interface Transport {
  readonly name: 'ws' | 'sse';
  /** No event is called before this function has returned. */
  open(on: ChannelEvents): Channel;
}

export interface Channel {
  /** @throws TriplaneError 'unreachable' if the channel is not open, 'frame-malformed' if the message cannot be encoded */
  send(message: ClientMessage): void;
  /** No event is called after this, not even `closed`. If a promise is returned, it resolves when all resources are released. */
  close(code?: number, reason?: string): void | Promise<void>;
}

/** Called in wire order: `opened`, then frames, then `closed`, once and last. A channel may close without having opened. */
export interface ChannelEvents {
  opened(): void;
  message(message: ServerMessage): void;
  /** A frame without known messages. It proves that the server is alive. */
  activity(): void;
  /** A malformed frame: reported, the channel stays open. */
  fault(error: TriplaneError): void;
  closed(why: CloseReason): void;
}

/** Close codes have no meaning in this protocol, save what `Uplink` concludes about requests in flight. PROTOCOL.md#connection */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
  /** The message that does not reach the server, if others do. */
  readonly message?: ClientMessage;
}

/** The receivers of a frame. Transports stop calling them once the channel is closed. */
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
  for (const { op } of frame.unknown) log.debug('connection', `Ignored unknown op '${op}'`);
  for (const message of frame.messages) on.message(message);
}
