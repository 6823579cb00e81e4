// Who hears what the server says, as the parts that decide what is said know them; and how it is handed on: a letter,
// which may go to many and is then written once.

import type { ServerMessage } from '../../protocol/server-message.ts';
import type { Features } from '../../protocol/version.ts';
import type { Actor } from '../data/system-rules.ts';

/** The far end of a connection. `frame` is text. No call throws. */
export interface Socket {
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** Resolves when most of what was sent was read, or the connection has ended. Missing = nothing is held back. */
  drained?(): Promise<void>;
  /** Where it is, as far as that is known: for rules. */
  readonly ip?: string | undefined;
  readonly origin?: string | undefined;
}

/** A session that is ready. */
export interface Subscriber {
  readonly id: string;
  readonly actor: Actor;
  readonly features: Features;
  /** Whether it is told of changes of answers by `deltas`. */
  readonly acceptsDeltas: boolean;
}

export interface Outgoing {
  readonly to: Subscriber;
  readonly message: ServerMessage;
}
