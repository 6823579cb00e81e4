// A server as a program embeds it: the hub, listening on a port. `close` stops everything it starts.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TriplaneError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';
import { type Log, silent } from '../lib/log.ts';
import { systemRandom } from '../lib/random.ts';
import { id } from '../lib/uuid.ts';
import type { AppStatus } from '../protocol/session-messages.ts';
import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import type { InstantRules } from '../types/rules.ts';
import { AcceptedTokens } from './auth/accepted-tokens.ts';
import { bootstrap } from './bootstrap.ts';
import type { FileStore } from './files/file-store.ts';
import type { MagicCodeMail } from './http/context.ts';
import { AppBackups } from './move/app-backups.ts';
import { Hub } from './session/hub.ts';
import { IncomingBytes } from './incoming-bytes.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { outbound } from './outbound.ts';
import { keptAnswerBytes } from './webhooks/sender.ts';
import type { Storage } from './storage/storage.ts';
import { clientAddress, type TrustProxy } from './client-address.ts';
import { allowedOrigins } from './origins.ts';
import { checkRulesAreJson } from './lost-in-json.ts';
import { checkOwnSchema } from './http/schema-check.ts';
import { checkAppOptions, originOf, storageFor, uuidOf } from './server-options.ts';
import { httpServer } from './http/http-server.ts';
import { loadedListener } from './http/loaded-listener.ts';
import { oneAtATime } from './http/pipelined.ts';
import { countAnswers } from './http/unread-answers.ts';
import { UnreadOutput } from './unread-output.ts';
import { serveSockets } from './ws.ts';

export interface ServerOptions<Schema extends AnySchemaDef = InstantUnknownSchema> {
  /** Default 0: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Where apps are stored, or a promise of it as returned by `sqlite`. Default: in memory. */
  readonly storage?: Storage | Promise<Storage>;
  /** The app that exists from the start. Default: a random UUID. */
  readonly appId?: string;
  /** Admin token of that app. Default: a random UUID. */
  readonly adminToken?: string;
  /** Token for tools: creates, lists, opens and deletes apps, and reads `/metrics`. Default: a random UUID. */
  readonly operatorToken?: string;
  /** A schema made by `i.schema`. Applied before the server accepts requests, as `triplane push` does; nothing is deleted. */
  readonly schema?: Schema;
  /** Permission rules of the app; they replace its current rules. */
  readonly rules?: InstantRules<Schema>;
  /** Whether a request with the operator token creates an app that does not exist. Default false: such a request is rejected. */
  readonly createAppsOnUse?: boolean;
  /** Delivers a magic code to the user, by e-mail for instance. Default: codes are written to `log`. */
  readonly sendMagicCode?: (mail: MagicCodeMail) => unknown;
  /** Whether the status page lists apps and recent codes to a browser on this machine. For development only. */
  readonly showCodes?: boolean;
  /** Where uploaded files are stored. Default: in the data folder with `sqlite`, in memory with `memory`, nowhere with `postgres`. */
  readonly files?: FileStore;
  /** The URL under which clients reach the server, if it runs behind a proxy. File URLs start with it. */
  readonly publicUrl?: string;
  /**
   * Proxies whose `X-Forwarded-For` header is trusted: their number (counted from the right), or their addresses and networks, such as
   * `['loopback', '10.0.0.0/8']`. Default: none, so a client's address is that of its connection.
   */
  readonly trustProxy?: TrustProxy;
  /** Origins of web pages that may use the server, such as `['https://app.example.com']`. Default: all. */
  readonly origins?: readonly string[];
  /** Whether sign-in providers and webhook receivers may have private addresses and plain http URLs. For development and private networks. */
  readonly allowPrivateAddresses?: boolean;
  /**
   * The previous host of the apps, such as `https://api.instantdb.com`. A refresh token unknown to this server is verified there once and
   * accepted from then on. Meant for the time of a migration.
   */
  readonly acceptTokensFrom?: string;
  readonly log?: Log;
  readonly limits?: Partial<Limits>;
  /** Whether long messages are compressed for clients on WebSockets that offer it. True if not given; false where a proxy does it. */
  readonly compression?: boolean;
  /** How long `close` waits for a storage that does not answer. 10,000 if not given. */
  readonly closeWithinMs?: number;
}

export interface TriplaneServer {
  readonly url: string;
  /** The value for `websocketURI` of a client. */
  readonly websocketURI: string;
  /** The value for `apiURI` of a client. */
  readonly apiURI: string;
  readonly port: number;
  readonly appId: string;
  /** Admin token of the app `appId`. */
  readonly adminToken: string;
  /** Token for tools; `INSTANT_CLI_AUTH_TOKEN` for InstantDB's command-line tool. */
  readonly operatorToken: string;
  /**
   * Creates another app on this server.
   *
   * Rejects with InstantAPIError if an app with this id or token exists, or if the schema or the rules are invalid.
   *
   * @example
   * const { appId, adminToken } = await server.createApp({ title: 'Second' });
   */
  createApp(app?: AppOptions): Promise<CreatedApp>;
  /**
   * Returns the controls of one app of this server.
   *
   * @example
   * await server.app(server.appId).setStatus('read-only');
   */
  app(appId: string): AppControl;
  /**
   * Copies everything stored to a new file while the server runs, except files uploaded by users. To restore the copy, stop the server and
   * replace `triplane.db` in its data folder.
   *
   * Rejects with TriplaneError: `config-invalid` if the file exists or the storage is not SQLite; `storage-failed` if the file cannot be
   * written.
   *
   * @example
   * await server.backup('/backups/monday.db');
   */
  backup(file: string): Promise<void>;
  /** Closes all connections. Resolves when all resources are released. */
  close(): Promise<void>;
}

export interface AppOptions {
  /** Default: a random UUID. */
  readonly appId?: string;
  /** Default: a random UUID. */
  readonly adminToken?: string;
  readonly title?: string;
  /** A schema made by `i.schema`. */
  readonly schema?: AnySchemaDef;
  readonly rules?: InstantRules<InstantUnknownSchema>;
}

export interface CreatedApp {
  readonly appId: string;
  readonly adminToken: string;
}

export interface AppControl {
  status(): Promise<AppStatus>;
  /** Connected clients are notified. The status is stored and survives a restart. */
  setStatus(status: AppStatus): Promise<void>;
}

/**
 * Starts a sync server in this process.
 *
 * Rejects with TriplaneError `config-invalid` if an option is invalid; the message lists every fault of an invalid schema or rule set.
 *
 * @example
 * const server = await createServer();
 * const db = init({ appId: server.appId, apiURI: server.apiURI, websocketURI: server.websocketURI });
 * // …
 * await server.close();
 *
 * @example
 * const schema = i.schema({ entities: { goals: i.entity({ title: i.string(), owner: i.string() }) } });
 * const rules = { goals: { allow: { view: 'true', $default: 'auth.id == data.owner' } } } satisfies InstantRules<typeof schema>;
 * const server = await createServer({ schema, rules });
 */
export async function createServer<Schema extends AnySchemaDef = InstantUnknownSchema>(
  options: ServerOptions<Schema> = {},
): Promise<TriplaneServer> {
  const { host = '127.0.0.1', log = silent, createAppsOnUse = false } = options;
  const storage = await storageFor(options);
  const appId = uuidOf(options.appId, 'appId');
  const adminToken = uuidOf(options.adminToken, 'adminToken');
  const operatorToken = uuidOf(options.operatorToken, 'operatorToken');
  if (operatorToken === adminToken)
    throw new TriplaneError('config-invalid', 'createServer: operatorToken and adminToken must be different');
  const publicUrl = originOf(options.publicUrl, 'publicUrl');
  const tokensFrom = originOf(options.acceptTokensFrom, 'acceptTokensFrom');
  const limits = { ...defaultLimits, ...options.limits };
  let url = '';
  const origin = (): string => publicUrl ?? url;
  const askOldHost = outbound({ allowPrivate: true, timeoutMs: 5_000, maxBytes: 1024 * 1024 });
  const acceptedTokens = tokensFrom === undefined ? undefined : new AcceptedTokens({ from: tokensFrom, outbound: askOldHost, log });
  const { sendMagicCode, showCodes, allowPrivateAddresses: allowPrivate = false } = options;
  const hub = new Hub({
    webhookOutbound: outbound({ allowPrivate, timeoutMs: 15_000, maxBytes: keptAnswerBytes }),
    acceptedTokens,
    ...{ files: options.files, origin },
    ...{ storage, log, limits, appId, adminToken, operatorToken, createAppsOnUse },
    ...{ clock: systemClock, random: systemRandom, closeWithinMs: options.closeWithinMs },
  });
  const reach = outbound({ allowPrivate, timeoutMs: 10_000, maxBytes: 1024 * 1024 });
  const unread = new UnreadOutput<object>(limits, systemClock);
  const incoming = new IncomingBytes<object>(limits.totalIncomingBytes);
  const access = { clientAddress: clientAddress(options.trustProxy), allowsOrigin: allowedOrigins(options.origins, origin) };
  const backups = new AppBackups({ clock: systemClock, log, uuid: id });
  const http = {
    hub,
    backups,
    log,
    limits,
    ...{ unread, incoming },
    clock: systemClock,
    sendMagicCode,
    showCodes,
    outbound: reach,
    allowPrivateTargets: allowPrivate,
    acceptedTokens,
    ...access,
  };
  const listener = loadedListener(async () => (await import('./http/request-listener.ts')).requestListener(http), log);
  const server = httpServer(oneAtATime(countAnswers(listener, unread), incoming));
  const { compression = true } = options;
  const sockets = serveSockets(server, hub, { limits, clock: systemClock, log, unread, incoming, compression, ...access });
  const stop = async (): Promise<void> => {
    const isClosed = new Promise((closed) => server.close(closed));
    await backups.close();
    await hub.close();
    await sockets.close();
    server.closeAllConnections();
    await isClosed;
  };
  const { schema, rules } = options;
  const open = async (): Promise<number> => {
    if (schema !== undefined || rules !== undefined) await bootstrap(await hub.app(appId), { schema, rules }, id);
    return listen(server, Number(options.port ?? 0), host);
  };
  const port = await open().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  url = `http://${reachable(host)}:${port}`;
  void hub.removeExpired().catch((error: unknown) => log.error('apps whose time is over could not be erased', error));
  void hub.resumeWebhooks().catch((error: unknown) => log.error('webhooks could not be resumed', error));
  return {
    url,
    apiURI: url,
    websocketURI: `${url.replace('http', 'ws')}/runtime/session`,
    port,
    appId,
    adminToken,
    operatorToken,
    createApp: (app) => createApp(hub, app),
    app: (id) => controlOf(hub, id),
    backup: (file) => hub.backup(file),
    close: once(stop),
  };
}

async function createApp(hub: Hub, options: AppOptions = {}): Promise<CreatedApp> {
  checkAppOptions(options);
  const { appId, adminToken, title, schema, rules } = options;
  const [id, token] = [uuidOf(appId, 'appId', 'createApp'), uuidOf(adminToken, 'adminToken', 'createApp')];
  const plain = (given: object | undefined): unknown => given && (JSON.parse(JSON.stringify(given)) as unknown);
  checkOwnSchema(plain(schema));
  if (rules !== undefined) checkRulesAreJson(rules, 'createApp');
  await hub.createApp({ id, token, ...(title !== undefined && { title }), schema: plain(schema), rules: plain(rules) });
  return { appId: id, adminToken: token };
}

function controlOf(hub: Hub, appId: string): AppControl {
  return {
    status: async () => (await hub.app(appId.toLowerCase())).status,
    setStatus: async (status) => (await hub.app(appId.toLowerCase())).setStatus(status),
  };
}

/** Browsers open no address that stands for all of a machine's. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      reject(new TriplaneError('config-invalid', `Cannot listen on ${host}:${port}: ${why}`, { cause }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
