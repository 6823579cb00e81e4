// Text ↔ messages, for both ends. The only JSON.parse of a frame, and the only place that says of something from
// outside that it is a message. Fields are checked by the tables; what is big is checked where it is read.

import type { TriplaneError } from '../errors.ts';
import type { ClientMessage } from './client-message.ts';
import type { ServerMessage } from './server-message.ts';

/** A message of an op that is not in our lists. */
export interface UnknownMessage {
  readonly op: string;
  readonly [field: string]: unknown;
}

export interface DecodedServerFrame {
  readonly messages: readonly ServerMessage[];
  readonly unknown: readonly UnknownMessage[];
}

/** A message that a server has to refuse: why, and what was received. */
export interface RefusedMessage {
  readonly error: TriplaneError;
  readonly received: unknown;
}

export interface DecodedClientFrame {
  readonly messages: readonly ClientMessage[];
  readonly unknown: readonly UnknownMessage[];
  readonly refused: readonly RefusedMessage[];
}

/** The `hint` of a 'frame-malformed' error. */
export interface FrameFault {
  readonly op?: string;
  /** The field at the top of the message that is at fault. */
  readonly field?: string;
  readonly path: readonly (string | number)[];
  readonly problem: 'missing' | 'malformed';
  readonly expected: string;
  readonly 'client-event-id'?: string;
}

export interface FrameLimits {
  /** Of the text in UTF-8. Default: no limit. */
  readonly bytes?: number;
  /** How many arrays and objects may stand inside each other. */
  readonly depth?: number;
  /** In one frame. */
  readonly messages?: number;
}

export declare function encode(message: ClientMessage | ServerMessage | readonly ServerMessage[]): string;
export declare function decodeServerFrame(text: unknown): DecodedServerFrame;
export declare function decodeClientFrame(text: unknown, limits?: FrameLimits): DecodedClientFrame;
