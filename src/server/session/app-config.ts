// What an app is given, and what it is told of a session that enters it.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Limits } from '../limits.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { KeptResults } from '../queries/kept-results.ts';
import type { QueryJobs } from '../queries/query-jobs.ts';
import type { App } from './app.ts';
import type { WebhookSender } from '../webhooks/sender.ts';
import type { TakePush } from './push-relay.ts';
import type { AppLog, Relay } from '../storage/storage.ts';

export interface AppConfig {
  readonly id: string;
  readonly log: AppLog;
  /** Where other servers of the app can be reached. */
  readonly relay?: Relay | undefined;
  /** Takes what other servers hand on for event streams that are kept here. */
  readonly takePush?: TakePush | undefined;
  /** Where files are kept; missing = they are refused. */
  readonly fileStore?: FileStore | undefined;
  /** Delivers events to webhooks; missing = nobody does. */
  readonly webhookSender?: WebhookSender | undefined;
  /** Where clients reach the server. */
  readonly origin?: (() => string) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Log;
  readonly limits: Limits;
  /** Tokens that ended, by their hashes. */
  readonly tokensEnded?: ((app: App, hashes: readonly string[]) => void) | undefined;
  readonly jobs: QueryJobs;
  readonly keptResults: KeptResults;
  /** What all sessions of the server make it hold. */
  readonly memory: MemoryBudget;
}

/** What a session depends on, and how to end it. */
export interface SessionAuth {
  readonly tokenHash: string | undefined;
  readonly userId: string | undefined;
  /** The sign-in has ended. */
  readonly revoke: () => void;
  /** The client has to connect again: what it knows of positions is no longer true. */
  readonly restart: () => void;
}
