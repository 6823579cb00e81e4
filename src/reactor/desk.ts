// What the desks, where callers come, need of the Reactor behind them.

import type { EventEmitter } from 'eventemitter3';

import type { WireQuery } from '../protocol/query-messages.ts';
import type { QueryResult } from '../query/query.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { Effect } from './effect.ts';
import type { OpenOrgans, Organs } from './organs.ts';
import type { Replies } from './replies.ts';

/** What is behind the first wait, as far as desks deal with it. */
export interface WayOut {
  /** Whether this tab has the thing of this name to itself. */
  claim(name: string): Promise<boolean>;
}

export interface Back {
  readonly config: ReactorConfig;
  readonly organs: Organs;
  readonly replies: Replies;
  readonly events: EventEmitter<ReactorEvents>;
  /** Not shut down. */
  readonly isOpen: boolean;
  /** A session is open. */
  readonly isReady: boolean;
  /** This tab is the one that sends writes. */
  readonly isSender: boolean;
  /** What was kept on the device is here. */
  readonly isLoaded: boolean;
  /** Once it is loaded, and what was kept is here. Undefined if it was shut down before. */
  outside(): Promise<WayOut | undefined>;
  /** What is kept of the answer to a new query is looked up. */
  recall(key: string): void;
  run(effects: readonly Effect[]): void;
  /** What is to be stored under this key is not, after all. False if it is on its way already. */
  takeBack(key: string): boolean;
  /** What a caller waits for, until its signal is aborted or the database closed. Rejects with 'closed' afterwards. */
  call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** The server's answer to a query, once. */
  ask(query: WireQuery): Promise<QueryResult>;
  report(error: Error): void;
  /** @throws TriplaneError 'closed' */
  assertOpen(): void;
}

/** Once the way out is there. */
export interface OpenBack extends Back {
  readonly organs: OpenOrgans;
}
