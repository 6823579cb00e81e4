// What came down a line as one frame, told message by message: the same over every transport.

import { TriplaneError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { decodeServerFrame, type ServerFrame } from '../protocol/codec.ts';
import type { LineEvents } from './transport.ts';

/** Whom a frame is told to. A line that was closed meanwhile tells nobody. */
export type Told = Pick<LineEvents, 'message' | 'heard' | 'fault'>;

export function tellFrame(data: unknown, on: Told, log: Log): void {
  let frame: ServerFrame;
  try {
    frame = decodeServerFrame(data);
  } catch (error) {
    if (!(error instanceof TriplaneError)) throw error;
    return on.fault(error);
  }
  if (frame.messages.length === 0) on.heard();
  for (const { op } of frame.unknown) log.debug('connection', `'${op}' is no op that this client knows`);
  for (const message of frame.messages) on.message(message);
}
