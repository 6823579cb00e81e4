// Dependencies and options of a hub.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { WireUser } from '../../protocol/server-message.ts';
import type { AcceptedTokens } from '../auth/accepted-tokens.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Outbound } from '../outbound.ts';
import type { Limits } from '../limits.ts';
import type { Storage } from '../storage/storage.ts';
import type { AppContent } from './app-content.ts';

export interface HubConfig {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  /** The admin token of the app `appId`. */
  readonly adminToken: string;
  /** The operator token; without it, nobody can manage apps. */
  readonly operatorToken?: string | undefined;
  /** The app that exists from the start. */
  readonly appId: string;
  /** Whether a request with the operator token creates an app that does not exist. */
  readonly createAppsOnUse: boolean;
  /** How long closing waits for the storage, twice: to finish accepted writes, and to close. */
  readonly closeWithinMs?: number | undefined;
  /** Default: the file store that the storage suggests. */
  readonly files?: FileStore | undefined;
  /** Base URL for clients. */
  readonly origin?: (() => string) | undefined;
  /** Verifies refresh tokens that this server did not issue. */
  readonly userOf?: (appId: string, refreshToken: string) => Promise<WireUser | undefined>;
  /** HTTP client for webhook receivers; missing if webhooks are disabled. */
  readonly webhookOutbound?: Outbound | undefined;
  /** Refresh tokens of a previous host. */
  readonly acceptedTokens?: AcceptedTokens | undefined;
}

export interface NewApp extends AppContent {
  readonly id: string;
  /** The app's admin token; without it, only the operator token opens the app. */
  readonly token?: string;
  readonly title?: string;
  /** Missing if the app does not expire. */
  readonly expiresAt?: number;
}

export interface AppSummary {
  readonly id: string;
  readonly sessions: number;
  readonly rooms: number;
}
