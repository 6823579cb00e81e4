// Receivers of server messages, as seen by the parts that produce them, and outgoing messages that may go to many receivers and are
// serialised once.

import type { ServerMessage } from '../../protocol/server-message.ts';
import type { Features } from '../../protocol/version.ts';
import type { Actor } from '../data/system-rules.ts';

/** The remote end of a connection. `frame` is text. No call throws. */
export interface Socket {
  send(frame: string): void;
  /** Sends the parts of one long frame, in turns. Missing if parts are to be joined. */
  sendParts?(parts: readonly string[]): void;
  /** Whether a message may arrive twice, as in a POST that is repeated because its response was lost. */
  readonly mayRepeat?: boolean;
  close(code: number, reason: string): void;
  /** Resolves when the client has read most of the output or the connection has ended. Missing if there is no back-pressure. */
  drained?(): Promise<void>;
  /** The client's address, if known; used by rules. */
  readonly ip?: string | undefined;
  readonly origin?: string | undefined;
}

/** A ready session. */
export interface Subscriber {
  readonly id: string;
  readonly actor: Actor;
  readonly features: Features;
  /** Whether it receives changed results as deltas. */
  readonly acceptsDeltas: boolean;
}

export interface Outgoing {
  readonly to: Subscriber;
  readonly message: ServerMessage;
}
