// The server without a network: apps, sessions and admission. It only needs a connection that can send and close, so sockets, event streams
// and tests can drive it.

import { TriplaneError } from '../../errors.ts';
import { inTime } from './in-time.ts';
import type { Init } from '../../protocol/client-message.ts';
import type { WireUser } from '../../protocol/server-message.ts';
import type { App } from './app.ts';
import { type AppContent, fillApp } from './app-content.ts';
import { changeRecord, isGone, isOwnToken, recordName, writeRecord } from './app-record.ts';
import { eraseApp } from './erase-app.ts';
import type { AppSummary, HubConfig, NewApp } from './hub-config.ts';
import { OpenApps } from './open-apps.ts';
import type { TakePush } from './push-relay.ts';
import { Registry, registryId } from './registry.ts';
import { hashToken, isSameSecret } from '../auth/secrets.ts';
import { tokenOwner } from '../auth/tokens.ts';
import { userOf, userRow } from '../auth/users.ts';
import { WebhookSender } from '../webhooks/sender.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { KeptResults } from '../queries/kept-results.ts';
import { QueryJobs } from '../queries/query-jobs.ts';
import { SendTurns } from './send-turns.ts';
import type { Socket } from './subscriber.ts';
import { denied, overLimit, recordNotFound, recordNotUnique } from '../errors.ts';
import { Session } from './session.ts';
import type { Authenticated } from './session-config.ts';
import { whenDurable } from '../data/submit.ts';

/** Close code "going away". */
const goingAway = 1001;

export class Hub {
  readonly #config: HubConfig;
  readonly #apps: OpenApps;
  readonly #sessions = new Set<Session>();
  /** Set by the owner of the event streams. */
  takePush: TakePush | undefined;
  /** Apps that are being created; other callers do not see them yet. */
  readonly #creating = new Map<string, Promise<App>>();
  /** Index from token to app. */
  readonly registry = new Registry({
    open: () => this.#apps.get(registryId),
    exists: async () => this.#apps.has(registryId) || (await this.#config.storage.apps()).includes(registryId),
  });
  readonly webhooks: WebhookSender;
  readonly #memory: MemoryBudget;
  readonly #sendTurns = new SendTurns();
  #removing: Promise<void> | undefined;
  #isClosed = false;

  constructor(config: HubConfig) {
    this.#config = config;
    const { webhookOutbound: outbound, clock } = config;
    this.webhooks = new WebhookSender({ outbound, clock, origin: () => this.origin, key: () => this.registry.signingKey() });
    this.#memory = new MemoryBudget('totalBytes', config.limits);
    this.#apps = new OpenApps(config, {
      webhookSender: this.webhooks,
      takePush: (push) => this.takePush?.(push),
      keptResults: new KeptResults(config.limits.keptResultBytes),
      jobs: new QueryJobs(config.limits.queryWork, (error) => config.log.error('a query could not be answered', error)),
      memory: this.#memory,
      sendTurns: this.#sendTurns,
    });
  }

  /** Registers a newly opened connection. Pass its frames to `receive` and its close to `end`. */
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
      sendTurns: this.#sendTurns,
      ended: (ended) => this.#sessions.delete(ended),
    });
    this.#sessions.add(session);
    if (this.#isClosed) session.close(goingAway, 'the server is closing');
    return session;
  }

  /** @throws InstantAPIError if the app does not exist */
  async app(appId: string): Promise<App> {
    const isThere = !this.#creating.has(appId) && (this.#apps.isOpen(appId) || (await this.isKnown(appId)));
    if (!isThere) throw recordNotFound('app', { id: appId });
    return this.#unlessGone(await this.#apps.get(appId));
  }

  /** @throws InstantAPIError if the app was deleted or has expired */
  #unlessGone(app: App): App {
    if (isGone(app.ledger.records, this.#config.clock.now())) throw recordNotFound('app', { id: app.id });
    return app;
  }

  /** Whether it is the operator token, or a personal access token, which has the same rights. */
  async isOperator(token: string | null | undefined): Promise<boolean> {
    return typeof token === 'string' && (this.isOperatorToken(token) || (await this.registry.isAccessToken(token)));
  }

  isOperatorToken(token: string): boolean {
    const { operatorToken } = this.#config;
    return operatorToken !== undefined && isSameSecret(token.toLowerCase(), operatorToken.toLowerCase());
  }

  /** Whether the token opens the app: it is the app's own, or the operator token and the app exists or may be created. */
  async isAdminOf(appId: string, token: string | null | undefined): Promise<boolean> {
    if (typeof token !== 'string') return false;
    if (this.#isFirstAppsToken(token)) return appId === this.#config.appId;
    const isKnown = await this.isKnown(appId);
    if (await this.isOperator(token)) {
      if (!isKnown && this.#config.createAppsOnUse) await (this.#creating.get(appId) ?? this.createApp({ id: appId }));
      return isKnown || this.#config.createAppsOnUse;
    }
    if (!isKnown) return false;
    const { ledger } = await this.app(appId);
    return whenDurable(ledger, () => isOwnToken(ledger.records, token));
  }

  /** Whether the token is the admin token of any app. */
  async isSomeAppsToken(token: string): Promise<boolean> {
    return this.#isFirstAppsToken(token) || (await this.registry.ownerOf(token)) !== undefined;
  }

  #isFirstAppsToken(token: string): boolean {
    return isSameSecret(token.toLowerCase(), this.#config.adminToken.toLowerCase());
  }

  async isKnown(appId: string): Promise<boolean> {
    if (appId === registryId) return false;
    return this.#apps.isOpen(appId) || appId === this.#config.appId || (await this.#config.storage.apps()).includes(appId);
  }

  /** The ids of all apps, starting with the server's first. */
  async appIds(): Promise<readonly string[]> {
    const stored = await this.#config.storage.apps();
    return [...new Set([this.#config.appId, ...stored])].filter((id) => id !== registryId);
  }

  /** @throws InstantAPIError if an app with this id or token exists, there are too many apps, or the content is invalid */
  async createApp(app: NewApp): Promise<App> {
    if (app.id === registryId || this.#creating.has(app.id)) throw recordNotUnique('app');
    const creating = this.#createApp(app);
    this.#creating.set(app.id, creating);
    return creating.finally(() => this.#creating.delete(app.id));
  }

  async #createApp({ id, token, schema, rules, ...about }: NewApp): Promise<App> {
    const { clock, limits, random } = this.#config;
    if (await this.isKnown(id)) throw recordNotUnique('app');
    if (token !== undefined && ((await this.isOperator(token)) || (await this.isSomeAppsToken(token))))
      throw recordNotUnique('app-admin-token');
    const gone = await this.registry.goneApps(clock.now());
    if ((await this.appIds()).filter((appId) => !gone.has(appId)).length >= limits.apps)
      throw overLimit('apps', limits.apps, 'apps of this server');
    const content = { schema, rules };
    const hasContent = schema !== undefined || rules !== undefined;
    const uuid = (): string => random.uuid();
    // An app with invalid content must leave nothing behind.
    if (hasContent) await this.#tryContent(id, content, uuid);
    if (token !== undefined) await this.registry.setOwner(token, id);
    if (about.expiresAt !== undefined) await this.registry.setExpiry(id, about.expiresAt);
    const app = await this.#apps.get(id);
    if (hasContent) await fillApp(app, content, uuid);
    // The record comes last: until it is written, the app does not exist.
    await writeRecord(app, { createdAt: clock.now(), ...about, ...(token !== undefined && { tokenHash: hashToken(token) }) });
    return app;
  }

  async #tryContent(id: string, content: AppContent, uuid: () => string): Promise<void> {
    const trial = await this.#apps.openTrial(id);
    await fillApp(trial, content, uuid).finally(() => trial.close());
  }

  /** An app's admin token, if it is known: only that of the first app is stored. */
  tokenOf(appId: string): string | undefined {
    return appId === this.#config.appId ? this.#config.adminToken : undefined;
  }

  /** Replaces the app's admin token. @throws InstantAPIError if another app has the same token */
  async setAdminToken(appId: string, token: string): Promise<void> {
    if (appId === this.#config.appId) throw denied('apps', 'the token of this app is one that the server is started with');
    if ((await this.isOperator(token)) || (await this.isSomeAppsToken(token))) throw recordNotUnique('app-admin-token');
    const app = await this.app(appId);
    await this.registry.forgetTokensOf(appId);
    await this.registry.setOwner(token, appId);
    await changeRecord(app, { tokenHash: hashToken(token) });
  }

  /** Makes the app inaccessible. The first app of the server cannot be deleted. @throws InstantAPIError */
  async deleteApp(appId: string): Promise<App> {
    if (appId === this.#config.appId) throw denied('apps', 'the app that the server was started with cannot be deleted');
    return this.#delete(await this.app(appId));
  }

  async #delete(app: App): Promise<App> {
    await this.registry.forgetTokensOf(app.id);
    await changeRecord(app, { deletedAt: this.#config.clock.now() });
    await this.registry.noteDeleted(app.id);
    app.disconnectAll();
    this.#apps.forget(app.id);
    await eraseApp(app, new Set([recordName]), () => this.#config.storage.open(app.id));
    await this.registry.forgetExpiryOf(app.id);
    return app;
  }

  /** Erases the apps whose time is over. Nobody can use them any more. */
  removeExpired(): Promise<void> {
    return (this.#removing ??= this.#removeExpired().finally(() => (this.#removing = undefined)));
  }

  async #removeExpired(): Promise<void> {
    for (const appId of await this.registry.expiredApps(this.#config.clock.now())) {
      if (this.#isClosed) return;
      const erased = this.#apps.get(appId).then((app) => this.#delete(app));
      await erased.catch((error: unknown) => this.#config.log.error(`app ${appId} is over and could not be erased`, error));
    }
  }

  /** Whether other servers may use the storage at the same time. */
  get isShared(): boolean {
    return this.#config.storage.relay !== undefined;
  }

  /** The app that exists from the start. */
  get firstAppId(): string {
    return this.#config.appId;
  }

  /** Opens the apps with undelivered webhook events, which otherwise wait until the app is next used. */
  async resumeWebhooks(): Promise<void> {
    for (const appId of await this.registry.appsWithWebhooks()) await this.app(appId).catch(() => undefined);
  }

  /** Base URL for clients. */
  get origin(): string {
    return this.#config.origin?.() ?? '';
  }

  /** Copies everything stored except files to a new file. Rejects with TriplaneError. */
  async backup(file: string): Promise<void> {
    const { storage } = this.#config;
    if (!storage.backup)
      throw new TriplaneError('config-invalid', 'Only data in SQLite can be copied to a file. For PostgreSQL, use pg_dump');
    await storage.backup(file);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  summary(): AppSummary[] {
    return this.#apps.list().map(({ id, sessionCount, rooms }) => ({ id, sessions: sessionCount, rooms: rooms.sizes().size }));
  }

  /** Answers all accepted requests if the storage permits, then closes all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#apps.stopEviction();
    for (const session of this.#sessions) session.drain();
    await inTime(this.#config, 'what was taken in', () => this.#apps.closeAll());
    for (const session of [...this.#sessions]) session.close(goingAway, 'the server is closing');
    await inTime(this.#config, 'the end', () => this.#config.storage.close());
  }

  async #authenticate(init: Init): Promise<Authenticated> {
    const appId = init['app-id'].toLowerCase();
    const adminToken = init['__admin-token'];
    const isAdmin = adminToken !== undefined && adminToken !== null;
    const mayEnter = !isAdmin || (await this.isAdminOf(appId, adminToken));
    const app = await this.app(appId);
    const token = init['refresh-token'];
    if (token) await this.#config.acceptedTokens?.accept(app, token);
    const own = token ? await whenDurable(app.ledger, () => userOfToken(app, token)) : undefined;
    const user = own ?? (token ? await this.#config.userOf?.(appId, token) : undefined);
    if (token && !user) throw recordNotFound('app-user', { 'app-id': appId });
    if (!mayEnter) throw recordNotFound('app-admin-token', { 'app-id': appId });
    return { app, user, tokenHash: own && token ? hashToken(token) : undefined, isAdmin };
  }
}

function userOfToken({ id, ledger: { db, records } }: App, token: string): WireUser | undefined {
  const owner = tokenOwner(records, token);
  const row = owner === undefined ? undefined : userRow(db, owner);
  return row && userOf(db, row, id);
}
