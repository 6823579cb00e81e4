// What the parts of the Reactor need of the whole. The Reactor implements it.

import type { EventEmitter } from 'eventemitter3';

import type { Account } from './account.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { Effect } from './effect.ts';
import type { MutationApi } from './mutations/mutation-api.ts';
import type { PendingCalls } from './pending-calls.ts';
import type { QueryApi } from './queries/query-api.ts';
import type { SyncState } from './state.ts';

export interface ClientContext {
  readonly config: ReactorConfig;
  readonly state: SyncState;
  readonly pendingCalls: PendingCalls;
  readonly events: EventEmitter<ReactorEvents>;
  readonly account: Account;
  readonly writes: MutationApi;
  readonly queries: QueryApi;
  /** Not shut down. */
  readonly isOpen: boolean;
  /** The session is open: messages can be sent. */
  readonly isReady: boolean;
  /** This tab sends the writes of all tabs. */
  readonly isLeader: boolean;
  /** Whether this tab has the resource of this name to itself until it closes. */
  acquire(name: string): Promise<boolean>;
  /** Loads the cached result of a query that was just opened. */
  hydrate(key: string): void;
  /** Stores the result of a query that is about to be closed; without a key, those of all queries. */
  persistResult(key?: string): void;
  run(effects: readonly Effect[]): void;
  /** Drops the pending `put` of this key. False if it is being written, or was. */
  cancelPersist(key: string): boolean;
  /** Runs a call until its signal is aborted or the database is closed. Rejects with 'closed' afterwards. */
  call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** Reports an error that no caller receives otherwise. */
  report(error: Error): void;
  /** @throws TriplaneError 'closed' */
  assertOpen(): void;
}
