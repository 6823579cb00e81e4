// What the desks, where callers come, need of the Reactor behind them.

import type { EventEmitter } from 'eventemitter3';

import type { WireQuery } from '../protocol/query-messages.ts';
import type { QueryResult } from '../query/query.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { Effect } from './effect.ts';
import type { OpenSyncState, SyncState } from './state.ts';
import type { PendingCalls } from './pending-calls.ts';

/** What is behind the first wait, as far as desks deal with it. */
export interface UplinkPort {
  /** Whether this tab has the thing of this name to itself. */
  acquire(name: string): Promise<boolean>;
}

export interface ClientContext {
  readonly config: ReactorConfig;
  readonly state: SyncState;
  readonly pendingCalls: PendingCalls;
  readonly events: EventEmitter<ReactorEvents>;
  /** Not shut down. */
  readonly isOpen: boolean;
  /** A session is open. */
  readonly isReady: boolean;
  /** This tab is the one that sends writes. */
  readonly isLeader: boolean;
  /** What was kept on the device is here. */
  readonly isLoaded: boolean;
  /** Once it is loaded, and what was kept is here. Undefined if it was shut down before. */
  uplink(): Promise<UplinkPort | undefined>;
  /** What is kept of the answer to a new query is looked up. */
  hydrate(key: string): void;
  run(effects: readonly Effect[]): void;
  /** What is to be stored under this key is not, after all. False if it is on its way already. */
  cancelPersist(key: string): boolean;
  /** What a caller waits for, until its signal is aborted or the database closed. Rejects with 'closed' afterwards. */
  call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** The server's answer to a query, once. */
  queryOnce(query: WireQuery): Promise<QueryResult>;
  report(error: Error): void;
  /** @throws TriplaneError 'closed' */
  assertOpen(): void;
}

/** Once the way out is there. */
export interface OpenClientContext extends ClientContext {
  readonly state: OpenSyncState;
}
