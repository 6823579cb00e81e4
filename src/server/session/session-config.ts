// What a session is given: its connection, and how its client is authenticated.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Init } from '../../protocol/client-message.ts';
import type { WireUser } from '../../protocol/server-message.ts';
import type { Limits } from '../limits.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { App } from './app.ts';
import type { Session } from './session.ts';
import type { SendTurns } from './send-turns.ts';
import type { Socket } from './subscriber.ts';

export interface Authenticated {
  readonly app: App;
  readonly user: WireUser | undefined;
  /** The token of the session's user; when it ends, so does the session. */
  readonly tokenHash?: string | undefined;
  readonly isAdmin: boolean;
}

export interface SessionConfig {
  readonly id: string;
  readonly socket: Socket;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly authenticate: (init: Init) => Promise<Authenticated>;
  readonly memory: MemoryBudget;
  readonly sendTurns: SendTurns;
  readonly ended: (session: Session) => void;
}
