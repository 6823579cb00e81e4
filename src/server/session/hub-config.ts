// What a hub is given, and what it is asked for.

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
  /** Makes, lists, opens and deletes apps; if not given, nobody does. */
  readonly operatorToken?: string | undefined;
  /** The app that is there from the start. */
  readonly appId: string;
  /** Whether an app that is not there is made by the first request for it with the operator's token. */
  readonly createAppsOnUse: boolean;
  /** How long the storage has, twice, when the server closes: for what was taken in, and to close. */
  readonly closeWithinMs?: number | undefined;
  /** Where files are kept; if not given, where the storage says. */
  readonly files?: FileStore | undefined;
  /** Where clients reach the server. */
  readonly origin?: (() => string) | undefined;
  /** Whom a refresh token belongs to that this server did not give out. */
  readonly userOf?: (appId: string, refreshToken: string) => Promise<WireUser | undefined>;
  /** How receivers of webhooks are reached; missing = nothing is sent. */
  readonly webhookOutbound?: Outbound | undefined;
  /** Refresh tokens of an old host. */
  readonly acceptedTokens?: AcceptedTokens | undefined;
}

export interface NewApp extends AppContent {
  readonly id: string;
  /** Its admin token; without one, only the operator's opens it. */
  readonly token?: string;
  readonly title?: string;
  /** Missing = never. */
  readonly expiresAt?: number;
}

export interface AppSummary {
  readonly id: string;
  readonly sessions: number;
  readonly rooms: number;
}
