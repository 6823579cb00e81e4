// The configuration of a Reactor with its ports, and its internal events. `fact` events are the raw trace events of `db.on`, passed as arguments so
// that they cost nothing without a listener.

import type { Adopted, Adoption } from './adoption/adoption.ts';
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
  /** Whether queries and transactions are validated before they are sent. */
  readonly validate: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly log: Log;
  readonly store: KeyValue;
  /** Completes an OAuth redirect to this page, given the previous user; undefined if there is none. */
  readonly completeOAuthRedirect?: ((before: User | undefined, signal: AbortSignal) => Promise<User>) | undefined;
  /** Takes over what the official client left on the device. Undefined if nothing may be there. */
  readonly adoption?: Adoption | undefined;
  /** Connects with the first query, write or room. */
  readonly startsWhenUsed?: boolean | undefined;
  /** Whether writes create receipts on servers that do not deduplicate transactions. True unless set. */
  readonly receipts?: boolean | undefined;
  /** The number of stored results of queries without listeners. */
  readonly queryCacheLimit: number;
  /** Whether queries without a result are evaluated on the results of others until the server responds. */
  readonly local: boolean;
  /** Whether rooms with the same id and different types are different rooms. */
  readonly roomsByType?: boolean | undefined;
  /** The longest slice of processing a large result, in milliseconds; and how to yield between slices, if not as the platform does. */
  readonly yieldEvery?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  /** The largest number of writes in the outbox. */
  readonly outboxLimit: number;
  /** Time limit of `queryOnce`. */
  readonly queryTimeoutMs: number;
  /** The server's address, for error messages. */
  readonly serverName: string;
  /** Receives errors that belong to no promise. */
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
  | readonly [name: 'adopted', adopted: Adopted]
  | readonly [name: 'tab', news: unknown]
  | readonly [name: 'error', error: Error];

/** A trace event with its time. */
export type TimedTraceEvent = readonly [atMs: number, ...TraceEvent];
