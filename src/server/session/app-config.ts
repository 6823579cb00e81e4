// Dependencies of an app, and the description of a session that enters it.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Limits } from '../limits.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { KeptResults } from '../queries/kept-results.ts';
import type { QueryJobs } from '../queries/query-jobs.ts';
import type { App } from './app.ts';
import type { SendTurns } from './send-turns.ts';
import type { WebhookSender } from '../webhooks/sender.ts';
import type { TakePush } from './push-relay.ts';
import type { AppLog, Relay } from '../storage/storage.ts';

export interface AppConfig {
  readonly id: string;
  readonly log: AppLog;
  /** Network address at which other servers of the app can be reached. */
  readonly relay?: Relay | undefined;
  /** Receives messages that other servers forward for event streams kept here. */
  readonly takePush?: TakePush | undefined;
  /** File store; missing if uploads are rejected. */
  readonly fileStore?: FileStore | undefined;
  /** Delivers webhook events; missing if webhooks are disabled. */
  readonly webhookSender?: WebhookSender | undefined;
  /** Base URL for clients. */
  readonly origin?: (() => string) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Log;
  readonly limits: Limits;
  /** Revoked tokens, by hash. */
  readonly tokensEnded?: ((app: App, hashes: readonly string[]) => void) | undefined;
  readonly jobs: QueryJobs;
  readonly keptResults: KeptResults;
  /** Memory budget shared by all sessions of the server. */
  readonly memory: MemoryBudget;
  readonly sendTurns: SendTurns;
}

/** What a session's validity depends on, and how to end it. */
export interface SessionAuth {
  readonly tokenHash: string | undefined;
  readonly userId: string | undefined;
  /** Called when the sign-in ended. */
  readonly revoke: () => void;
  /** Called when the client must reconnect because the log positions it knows are invalid. */
  readonly restart: () => void;
}
