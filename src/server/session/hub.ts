// The server without a network: apps, sessions, and who may enter. It asks of a connection no more than to send and to close,
// so it can be driven by a socket, by an event stream, or by a test.

import { TriplaneError } from '../../errors.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import type { Init } from '../../protocol/client-message.ts';
import type { WireUser } from '../../protocol/server-message.ts';
import { App } from './app.ts';
import { isExpired, isOwnToken } from './app-record.ts';
import type { AcceptedTokens } from '../auth/accepted-tokens.ts';
import { hashToken, isSameSecret } from '../auth/secrets.ts';
import { tokenOwner } from '../auth/tokens.ts';
import { userOf, userRow } from '../auth/users.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Limits } from '../limits.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { QueryJobs } from '../queries/query-jobs.ts';
import type { Socket } from './subscriber.ts';
import { overLimit, rejection } from '../errors.ts';
import { type Authenticated, Session } from './session.ts';
import type { Storage } from '../storage/storage.ts';
import { whenDurable } from '../data/submit.ts';

export interface HubConfig {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  /** Opens every app. */
  readonly adminToken: string;
  /** The app that is there from the start. */
  readonly appId: string;
  /** Whether an app that nobody has heard of is made by asking for it. */
  readonly createAppsOnUse: boolean;
  /** How long the storage has, twice, when the server closes: for what was taken in, and to close. */
  readonly closeWithinMs?: number | undefined;
  /** Where files are kept; if not given, where the storage says. */
  readonly files?: FileStore | undefined;
  /** Where clients reach the server. */
  readonly origin?: (() => string) | undefined;
  /** Whom a refresh token belongs to that this server did not give out. */
  readonly userOf?: (appId: string, refreshToken: string) => Promise<WireUser | undefined>;
  /** Refresh tokens of an old host. */
  readonly acceptedTokens?: AcceptedTokens | undefined;
}

export interface AppSummary {
  readonly id: string;
  readonly sessions: number;
  readonly rooms: number;
}

/** Going away. */
const goingAway = 1001;
const closeWithin = 10_000;

export class Hub {
  readonly #config: HubConfig;
  readonly #apps = new Map<string, Promise<App>>();
  readonly #open = new Map<string, App>();
  /** When each app was last asked for. */
  readonly #usedAtMs = new Map<string, number>();
  #evictionTimer: Timer | undefined;
  readonly #sessions = new Set<Session>();
  readonly #jobs: QueryJobs;
  readonly #memory: MemoryBudget;
  #isClosed = false;

  constructor(config: HubConfig) {
    this.#config = config;
    this.#memory = new MemoryBudget('totalBytes', config.limits);
    this.#jobs = new QueryJobs(config.limits.queryWork, (error) => config.log.error('a query could not be answered', error));
  }

  /** A connection that has just opened. Its frames go to `receive`, its end to `end`. */
  connect(socket: Socket): Session {
    const { limits, log, random, clock } = this.#config;
    const session: Session = new Session({
      id: random.uuid(),
      socket,
      limits,
      clock,
      log,
      authenticate: (init) => this.#authenticate(init),
      memory: this.#memory,
      ended: (ended) => this.#sessions.delete(ended),
    });
    this.#sessions.add(session);
    if (this.#isClosed) session.close(goingAway, 'the server is closing');
    return session;
  }

  /** @throws InstantAPIError if there is no such app */
  async app(appId: string): Promise<App> {
    const known = this.#apps.get(appId);
    if (known) this.#usedAtMs.set(appId, this.#config.clock.monotonicNow());
    if (known) return this.#unlessExpired(await known);
    const opening = this.#openApp(appId);
    this.#apps.set(appId, opening);
    try {
      await opening;
    } catch (error) {
      this.#apps.delete(appId);
      throw error;
    }
    return this.#unlessExpired(await opening);
  }

  #scheduleEviction(): void {
    const { clock, limits } = this.#config;
    if (this.#evictionTimer !== undefined || this.#isClosed) return;
    this.#evictionTimer = clock.setTimeout(() => {
      this.#evictionTimer = undefined;
      this.#evict();
      if (this.#open.size > 0) this.#scheduleEviction();
    }, limits.idleAppMs / 2);
  }

  /** What is stored stays; whoever asks for the app loads it again. */
  #evict(): void {
    const { clock, limits, log } = this.#config;
    const before = clock.monotonicNow() - limits.idleAppMs;
    for (const [appId, app] of this.#open) {
      if (app.sessionCount > 0 || !app.ledger.isIdle || (this.#usedAtMs.get(appId) ?? 0) > before) continue;
      this.#open.delete(appId);
      this.#apps.delete(appId);
      this.#usedAtMs.delete(appId);
      app.close().catch((error: unknown) => log.error(`app ${appId} could not be closed`, error));
    }
  }

  /** @throws InstantAPIError once the time an app was made for is over */
  #unlessExpired(app: App): App {
    if (isExpired(app.ledger.records, this.#config.clock.now())) throw notFound('app', { 'app-id': app.id });
    return app;
  }

  /** Whether it is the token that opens every app. */
  isAdmin(token: string | null | undefined): boolean {
    return typeof token === 'string' && isSameSecret(token.toLowerCase(), this.#config.adminToken.toLowerCase());
  }

  /** Whether it is the token that opens every app, or this app's own. An app that is not known is not made by asking. */
  async isAdminOf(appId: string, token: string | null | undefined): Promise<boolean> {
    if (this.isAdmin(token)) return true;
    if (typeof token !== 'string' || !(await this.isKnown(appId))) return false;
    const { ledger } = await this.app(appId);
    return whenDurable(ledger, () => isOwnToken(ledger.records, token));
  }

  /** Before a refresh token is looked up: one that only the old host knows becomes this server's. Never rejects. */
  async acceptToken(app: App, token: string): Promise<void> {
    await this.#config.acceptedTokens?.accept(app, token);
  }

  async isKnown(appId: string): Promise<boolean> {
    return this.#open.has(appId) || appId === this.#config.appId || (await this.#config.storage.apps()).includes(appId);
  }

  /** Whether apps are made for those who ask. */
  get createsApps(): boolean {
    return this.#config.createAppsOnUse;
  }

  /** Where clients reach the server. */
  get origin(): string {
    return this.#config.origin?.() ?? '';
  }

  /** Copies all that is stored, files apart, to a new file. Rejects with TriplaneError. */
  async backup(file: string): Promise<void> {
    const { storage } = this.#config;
    if (!storage.backup) throw new TriplaneError('config-invalid', 'This storage has no backup of its own: use pg_dump for PostgreSQL');
    await storage.backup(file);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  summary(): AppSummary[] {
    return [...this.#open.values()].map(({ id, sessionCount, rooms }) => ({ id, sessions: sessionCount, rooms: rooms.sizes().size }));
  }

  /** Whatever was taken in is answered, if the storage lets it; then all connections are told to go. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#config.clock.clearTimeout(this.#evictionTimer);
    for (const session of this.#sessions) session.drain();
    await this.#inTime('what was taken in', async () => {
      await Promise.allSettled(this.#apps.values());
      await Promise.all([...this.#open.values()].map((app) => app.close()));
    });
    for (const session of [...this.#sessions]) session.close(goingAway, 'the server is closing');
    await this.#inTime('the end', () => this.#config.storage.close());
  }

  /** A storage that hangs keeps nobody from going. What it did not confirm was not acknowledged. */
  async #inTime(what: string, run: () => Promise<void>): Promise<void> {
    const { clock, log, closeWithinMs = closeWithin } = this.#config;
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(() => {
        log.error(`the storage has not confirmed ${what} in ${closeWithinMs} ms: the server closes without it`);
        resolve();
      }, closeWithinMs);
    });
    await Promise.race([run(), late]).finally(() => clock.clearTimeout(timer));
  }

  async #openApp(appId: string): Promise<App> {
    const { storage, clock, random, log, limits, createAppsOnUse } = this.#config;
    if (appId !== this.#config.appId) {
      if (!createAppsOnUse && !(await storage.apps()).includes(appId)) throw notFound('app', { 'app-id': appId });
      if (this.#apps.size >= limits.apps) throw overLimit('apps', limits.apps, 'apps of this server');
    }
    const fileStore = this.#config.files ?? storage.files;
    const { acceptedTokens } = this.#config;
    const tokensEnded = acceptedTokens && ((app: App, hashes: readonly string[]) => acceptedTokens.ended(app, hashes));
    const around = {
      tokensEnded,
      fileStore,
      origin: this.#config.origin,
      relay: storage.relay,
      clock,
      random,
      logger: log,
      limits,
      jobs: this.#jobs,
      memory: this.#memory,
    };
    const app = await App.open({ id: appId, log: await storage.open(appId), ...around });
    this.#open.set(appId, app);
    this.#usedAtMs.set(appId, clock.monotonicNow());
    this.#scheduleEviction();
    return app;
  }

  async #authenticate(init: Init): Promise<Authenticated> {
    const appId = init['app-id'].toLowerCase();
    const app = await this.app(appId);
    const token = init['refresh-token'];
    if (token) await this.acceptToken(app, token);
    const own = token ? await whenDurable(app.ledger, () => userOfToken(app, token)) : undefined;
    const user = own ?? (token ? await this.#config.userOf?.(appId, token) : undefined);
    if (token && !user) throw notFound('app-user', { 'app-id': appId });
    return {
      app,
      user,
      tokenHash: own && token ? hashToken(token) : undefined,
      isAdmin: await this.isAdminOf(appId, init['__admin-token']),
    };
  }
}

function userOfToken({ id, ledger: { db, records } }: App, token: string): WireUser | undefined {
  const owner = tokenOwner(records, token);
  const row = owner === undefined ? undefined : userRow(db, owner);
  return row && userOf(db, row, id);
}

function notFound(type: string, args: object): Error {
  return rejection('record-not-found', `Record not found: ${type}`, { 'record-type': type, args: [args] });
}
