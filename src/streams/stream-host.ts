// What a stream needs of the session that carries it: the Reactor's, or that of a server's event stream. A stream returns what is to be sent;
// the host alone sends it.

import type { InstantAPIError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';

/** A message that is sent if the session is ready, and dropped otherwise: every new session starts all streams again. */
export interface StreamEffect {
  readonly do: 'send';
  readonly message: ClientMessage;
}

export interface StreamHost {
  readonly config: { readonly clock: Clock; readonly random: Random };
  /** False once it is closed for good. */
  readonly isOpen: boolean;
  run(effects: readonly StreamEffect[]): void;
}

/** A request that the server rejected. */
export interface StreamRejection {
  readonly message: ErrorMessage;
  readonly error: InstantAPIError;
  readonly nowMs: number;
  /** When to retry after this many failures in a row; undefined if a retry is useless. */
  readonly retryAtMs: (failures: number) => number | undefined;
}
