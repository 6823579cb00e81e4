// What a Reactor is handed: who and where, and everything through which it touches the world.

// What goes on at the Reactor's edge, as it is: the raw material of `db.on`. Told as arguments, so that it costs nothing where nobody listens.

import type { AnySchema, LinkIndex } from '../schema/schema.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { Clock } from '../lib/clock.ts';
import type { ConnectionDetails, ConnectionStatus } from '../types/database.ts';
import type { Effect } from './effect.ts';
import type { KeyValue, KeyValueOp } from '../storage/key-value.ts';
import type { Log } from '../lib/log.ts';
import type { Network } from '../connection/network.ts';
import type { Random } from '../lib/random.ts';
import type { Scheduler } from '../lib/yielding.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { SessionConfig } from './session.ts';
import type { User } from '../types/auth.ts';

export interface ReactorConfig extends SessionConfig {
  readonly schema?: AnySchema | undefined;
  readonly links?: LinkIndex | undefined;
  readonly useDates: boolean;
  /** Whether queries and transactions are checked before they are sent. */
  readonly validate: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly log: Log;
  readonly store: KeyValue;
  /** Somebody is coming back from signing in elsewhere, and this finds out who; given whoever was signed in before. */
  readonly completeOAuthRedirect?: ((before: User | undefined, signal: AbortSignal) => Promise<User>) | undefined;
  /** The line is opened when there is something to say. */
  readonly startsWhenUsed?: boolean | undefined;
  /** Whether each write leaves a receipt. Undefined: at servers that do not remember event ids. */
  readonly receipts?: boolean | undefined;
  /** How many answers that nobody listens to are kept on the device. */
  readonly queryCacheLimit: number;
  /** Whether queries that were never answered are answered from what others hold, until the server speaks. */
  readonly local: boolean;
  /** Whether rooms of the same id and another type are other rooms. */
  readonly roomsByType?: boolean | undefined;
  /** The longest that reading a kept answer may take in one go; and what there is between two goes, if not what the platform has. */
  readonly yieldEvery?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  /** How many writes may wait. */
  readonly outboxLimit: number;
  /** How long a query asked once may take. */
  readonly queryTimeoutMs: number;
  /** For messages to people: where the server is. */
  readonly serverName: string;
  /** Errors that belong to nobody's promise. */
  readonly onError: (error: Error) => void;
}

export interface ReactorEvents {
  status: [status: ConnectionStatus, details: ConnectionDetails];
  appStatus: [];
  auth: [user: User | null];
  outbox: [];
  fact: TraceEvent;
}

export type TraceEvent =
  | readonly [name: 'effect', effect: Effect]
  | readonly [name: 'said', message: ClientMessage]
  | readonly [name: 'heard', message: ServerMessage]
  | readonly [name: 'saved', edits: readonly KeyValueOp[]]
  | readonly [name: 'status', status: ConnectionStatus]
  | readonly [name: 'auth', user: User | undefined]
  | readonly [name: 'tab', news: unknown]
  | readonly [name: 'error', error: Error];

/** With when it happened. */
export type TimedTraceEvent = readonly [atMs: number, ...TraceEvent];
