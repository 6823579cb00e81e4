// The server without a network: apps, sessions, and who may enter. It asks of a connection no more than to send and to close,
// so it can be driven by a socket, by an event stream, or by a test.

import { TriplaneError } from '../../errors.ts';
import { IdleApps } from './idle-apps.ts';
import { inTime } from './in-time.ts';
import type { Init } from '../../protocol/client-message.ts';
import type { WireUser } from '../../protocol/server-message.ts';
import { App } from './app.ts';
import type { AppConfig } from './app-config.ts';
import { type AppContent, fillApp } from './app-content.ts';
import { changeRecord, isGone, isOwnToken, recordName, writeRecord } from './app-record.ts';
import { eraseApp } from './erase-app.ts';
import type { AppSummary, HubConfig, NewApp } from './hub-config.ts';
import type { TakePush } from './push-relay.ts';
import { Registry, registryId } from './registry.ts';
import { hashToken, isSameSecret } from '../auth/secrets.ts';
import { tokenOwner } from '../auth/tokens.ts';
import { userOf, userRow } from '../auth/users.ts';
import { WebhookSender } from '../webhooks/sender.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { KeptResults } from '../queries/kept-results.ts';
import { QueryJobs } from '../queries/query-jobs.ts';
import type { Socket } from './subscriber.ts';
import { denied, overLimit, recordNotFound, recordNotUnique } from '../errors.ts';
import { type Authenticated, Session } from './session.ts';
import { memory } from '../storage/memory.ts';
import { whenDurable } from '../data/submit.ts';

/** Going away. */
const goingAway = 1001;

export class Hub {
  readonly #config: HubConfig;
  readonly #apps = new Map<string, Promise<App>>();
  readonly #open = new Map<string, App>();
  readonly #idle: IdleApps;
  readonly #sessions = new Set<Session>();
  /** Set by whoever keeps event streams. */
  takePush: TakePush | undefined;
  readonly #takePush: TakePush = (push) => this.takePush?.(push);
  /** Apps that are being made: for everybody else they are not there yet. */
  readonly #creating = new Map<string, Promise<App>>();
  /** Whose tokens are whose. */
  readonly registry = new Registry({
    open: () => this.#openOnce(registryId),
    exists: async () => this.#apps.has(registryId) || (await this.#config.storage.apps()).includes(registryId),
  });
  readonly webhooks: WebhookSender;
  readonly #shared: Pick<AppConfig, 'jobs' | 'keptResults' | 'memory'>;
  #isClosed = false;

  constructor(config: HubConfig) {
    this.#config = config;
    const { webhookOutbound: outbound, clock } = config;
    this.webhooks = new WebhookSender({ outbound, clock, origin: () => this.origin, key: () => this.registry.signingKey() });
    this.#idle = new IdleApps(config, this.#open, (appId) => this.#apps.delete(appId));
    this.#shared = {
      memory: new MemoryBudget('totalBytes', config.limits),
      keptResults: new KeptResults(config.limits.keptResultBytes),
      jobs: new QueryJobs(config.limits.queryWork, (error) => config.log.error('a query could not be answered', error)),
    };
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
      memory: this.#shared.memory,
      ended: (ended) => this.#sessions.delete(ended),
    });
    this.#sessions.add(session);
    if (this.#isClosed) session.close(goingAway, 'the server is closing');
    return session;
  }

  /** @throws InstantAPIError if there is no such app */
  async app(appId: string): Promise<App> {
    const isThere = !this.#creating.has(appId) && (this.#open.has(appId) || (await this.isKnown(appId)));
    if (!isThere) throw recordNotFound('app', { 'app-id': appId });
    return this.#unlessGone(await this.#openOnce(appId));
  }

  async #openOnce(appId: string): Promise<App> {
    const known = this.#apps.get(appId);
    if (known) this.#idle.used(appId);
    if (known) return known;
    const opening = this.#openApp(appId);
    this.#apps.set(appId, opening);
    try {
      await opening;
    } catch (error) {
      this.#apps.delete(appId);
      throw error;
    }
    return opening;
  }

  /** @throws InstantAPIError once an app was deleted, or the time it was made for is over */
  #unlessGone(app: App): App {
    if (isGone(app.ledger.records, this.#config.clock.now())) throw recordNotFound('app', { 'app-id': app.id });
    return app;
  }

  /** Whether it is the operator's token, or a personal access token, which does the same. */
  async isOperator(token: string | null | undefined): Promise<boolean> {
    if (typeof token !== 'string') return false;
    const { operatorToken } = this.#config;
    if (operatorToken !== undefined && isSameSecret(token.toLowerCase(), operatorToken.toLowerCase())) return true;
    return this.registry.isAccessToken(token);
  }

  /** Whether the token opens the app: it is the app's own, or the operator's and the app is there, or may be made. */
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

  /** Whether the token is the admin token of an app, whichever. */
  async isSomeAppsToken(token: string): Promise<boolean> {
    return this.#isFirstAppsToken(token) || (await this.registry.ownerOf(token)) !== undefined;
  }

  #isFirstAppsToken(token: string): boolean {
    return isSameSecret(token.toLowerCase(), this.#config.adminToken.toLowerCase());
  }

  async isKnown(appId: string): Promise<boolean> {
    if (appId === registryId) return false;
    return this.#open.has(appId) || appId === this.#config.appId || (await this.#config.storage.apps()).includes(appId);
  }

  /** The ids of all apps, the first one of the server first. */
  async appIds(): Promise<readonly string[]> {
    const stored = await this.#config.storage.apps();
    return [...new Set([this.#config.appId, ...stored])].filter((id) => id !== registryId);
  }

  /** @throws InstantAPIError if there is such an app, or an app with this token, or too many apps, or the content is refused */
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
    if ((await this.#config.storage.apps()).length >= limits.apps) throw overLimit('apps', limits.apps, 'apps of this server');
    const content = { schema, rules };
    const hasContent = schema !== undefined || rules !== undefined;
    const uuid = (): string => random.uuid();
    // What is refused must leave nothing behind.
    if (hasContent) await this.#tryContent(id, content, uuid);
    if (token !== undefined) await this.registry.setOwner(token, id);
    const app = await this.#openOnce(id);
    if (hasContent) await fillApp(app, content, uuid);
    // The record last: until then, nobody has the app.
    await writeRecord(app, { createdAt: clock.now(), ...about, ...(token !== undefined && { tokenHash: hashToken(token) }) });
    return app;
  }

  async #tryContent(id: string, content: AppContent, uuid: () => string): Promise<void> {
    const { clock, random, log: logger, limits } = this.#config;
    const around = { clock, random, logger, limits, ...this.#shared };
    const trial = await App.open({ id, log: await memory().open(id), ...around });
    await fillApp(trial, content, uuid).finally(() => trial.close());
  }

  /** An app's admin token, if it is kept: only that of the first app is. */
  tokenOf(appId: string): string | undefined {
    return appId === this.#config.appId ? this.#config.adminToken : undefined;
  }

  /** In the place of the one it had. @throws InstantAPIError if another app has it */
  async setAdminToken(appId: string, token: string): Promise<void> {
    if (appId === this.#config.appId) throw denied('apps', 'the token of this app is one that the server is started with');
    if ((await this.isOperator(token)) || (await this.isSomeAppsToken(token))) throw recordNotUnique('app-admin-token');
    const app = await this.app(appId);
    await this.registry.forgetTokensOf(appId);
    await this.registry.setOwner(token, appId);
    await changeRecord(app, { tokenHash: hashToken(token) });
  }

  /** Nobody can use it any more. The first app of the server stays. @throws InstantAPIError */
  async deleteApp(appId: string): Promise<App> {
    if (appId === this.#config.appId) throw denied('apps', 'the app that the server was started with cannot be deleted');
    const app = await this.app(appId);
    await this.registry.forgetTokensOf(appId);
    await changeRecord(app, { deletedAt: this.#config.clock.now() });
    app.disconnectAll();
    for (const apps of [this.#open, this.#apps]) apps.delete(appId);
    await eraseApp(app, new Set([recordName]), () => this.#config.storage.open(appId));
    return app;
  }

  /** Whether other servers may use the storage at the same time. */
  get isShared(): boolean {
    return this.#config.storage.relay !== undefined;
  }

  /** The app that is there from the start. */
  get firstAppId(): string {
    return this.#config.appId;
  }

  /** Opens the apps that may have events to be sent: nobody else would, until somebody asks for them. */
  async resumeWebhooks(): Promise<void> {
    for (const appId of await this.registry.appsWithWebhooks()) await this.app(appId).catch(() => undefined);
  }

  /** Where clients reach the server. */
  get origin(): string {
    return this.#config.origin?.() ?? '';
  }

  /** Copies all that is stored, files apart, to a new file. Rejects with TriplaneError. */
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
    return [...this.#open.values()].map(({ id, sessionCount, rooms }) => ({ id, sessions: sessionCount, rooms: rooms.sizes().size }));
  }

  /** Whatever was taken in is answered, if the storage lets it; then all connections are told to go. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#idle.stop();
    for (const session of this.#sessions) session.drain();
    await inTime(this.#config, 'what was taken in', async () => {
      const opened = await Promise.allSettled(this.#apps.values());
      await Promise.all(opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.close()] : [])));
    });
    for (const session of [...this.#sessions]) session.close(goingAway, 'the server is closing');
    await inTime(this.#config, 'the end', () => this.#config.storage.close());
  }

  async #openApp(id: string): Promise<App> {
    const { storage, clock, random, log: logger, limits, origin, files } = this.#config;
    const tokensEnded = this.#config.acceptedTokens?.ended;
    const about = { fileStore: files ?? storage.files, origin, webhookSender: this.webhooks };
    const shared = { ...about, relay: storage.relay, takePush: this.#takePush };
    const around = { clock, random, logger, limits, ...this.#shared };
    const app = await App.open({ id, log: await storage.open(id), ...shared, ...around, tokensEnded });
    if (id !== registryId) this.#open.set(id, app);
    this.#idle.used(id);
    this.#idle.schedule();
    return app;
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
