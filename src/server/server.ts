// A server as a program has one: the hub, on a port. Everything it starts, `close` ends.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { TriplaneError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';
import { type Log, silent } from '../lib/log.ts';
import { systemRandom } from '../lib/random.ts';
import { id, isUuid } from '../lib/uuid.ts';
import type { AppStatus } from '../protocol/session-messages.ts';
import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import type { InstantRules } from '../types/rules.ts';
import { AcceptedTokens } from './auth/accepted-tokens.ts';
import { bootstrap } from './bootstrap.ts';
import type { FileStore } from './files/file-store.ts';
import type { MagicCodeMail } from './http/context.ts';
import { AppBackups } from './move/app-backups.ts';
import { Hub } from './session/hub.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { outbound } from './outbound.ts';
import { keptAnswerBytes } from './webhooks/sender.ts';
import { memory } from './storage/memory.ts';
import type { Storage } from './storage/storage.ts';
import { clientAddress, type TrustProxy } from './client-address.ts';
import { allowedOrigins } from './origins.ts';
import { httpRoutes } from './http/routes.ts';
import { UnreadOutput } from './unread-output.ts';
import { serveSockets } from './ws.ts';

export interface ServerOptions<Schema extends AnySchemaDef = InstantUnknownSchema> {
  /** 0 = any that is free. */
  readonly port?: number;
  readonly host?: string;
  /** Where apps are kept, or a promise of it as `sqlite` returns. In memory if not given. */
  readonly storage?: Storage | Promise<Storage>;
  /** The app that is there from the start. Made up, if it is not given. */
  readonly appId?: string;
  /** Whoever has it is admin of that app. Made up, if it is not given. */
  readonly adminToken?: string;
  /** Makes, lists, opens and deletes apps, and reads `/metrics`: for tools, and for nobody else. Made up, if it is not given. */
  readonly operatorToken?: string;
  /** What `i.schema` returns. The app has it once the server is there, as after `triplane push`; nothing is deleted. */
  readonly schema?: Schema;
  /** Who may do what in the app; takes the place of the rules it had. */
  readonly rules?: InstantRules<Schema>;
  /** Whether an app that is not there is made when a request for it comes with the operator's token. Otherwise there is no such app. */
  readonly createAppsOnUse?: boolean;
  /** Brings a magic code to whoever wants to sign in. Without it, codes are written to `log`. */
  readonly sendMagicCode?: (mail: MagicCodeMail) => unknown;
  /** Whether the status page shows apps and the last codes, to a browser on this machine that opens it. For developing. */
  readonly showCodes?: boolean;
  /** Where files are kept. If not given: with `sqlite` in its folder, with `memory` in memory, with `postgres` nowhere. */
  readonly files?: FileStore;
  /** Where clients reach the server, if that is not where it listens: behind a proxy. Addresses of files begin with it. */
  readonly publicUrl?: string;
  /**
   * The proxies before the server whose `X-Forwarded-For` is believed: how many there are (counted from the right), or their
   * addresses and networks, such as `['loopback', '10.0.0.0/8']`. If not given, none: a client's address is its connection's.
   */
  readonly trustProxy?: TrustProxy;
  /** Web pages that may use the server, such as `['https://app.example.com']`. If not given, all may. */
  readonly origins?: readonly string[];
  /** Whether sign-in providers and webhooks may be at private addresses, and without https: for developing, and inside a network of your own. */
  readonly allowPrivateAddresses?: boolean;
  /**
   * An old host of the apps, `https://api.instantdb.com`: a refresh token that is unknown here is checked there once, and is this
   * server's from then on. For the time of a move.
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
  /** What clients call `websocketURI`. */
  readonly websocketURI: string;
  /** What clients call `apiURI`. */
  readonly apiURI: string;
  readonly port: number;
  readonly appId: string;
  /** Of the app `appId`. */
  readonly adminToken: string;
  /** For tools: `INSTANT_CLI_AUTH_TOKEN` of the command line tool of InstantDB. */
  readonly operatorToken: string;
  /**
   * Another app on this server.
   *
   * Rejects with InstantAPIError if there is one with this id or token, or if its schema or rules are refused.
   *
   * @example
   * const { appId, adminToken } = await server.createApp({ title: 'Second' });
   */
  createApp(app?: AppOptions): Promise<CreatedApp>;
  /**
   * One of the apps of this server.
   *
   * @example
   * await server.app(server.appId).setStatus('read-only');
   */
  app(appId: string): AppControl;
  /**
   * Copies all that is stored to a new file while the server runs; files that users uploaded are not part of it. To restore it, stop
   * the server and put the copy in the place of `triplane.db` in its folder.
   *
   * Rejects with TriplaneError: `config-invalid` if there is such a file, or for a storage other than SQLite; `storage-failed` if it
   * cannot be written.
   *
   * @example
   * await server.backup('/backups/monday.db');
   */
  backup(file: string): Promise<void>;
  /** Ends every connection, and resolves when nothing is left. */
  close(): Promise<void>;
}

export interface AppOptions {
  /** Made up, if it is not given. */
  readonly appId?: string;
  /** Made up, if it is not given. */
  readonly adminToken?: string;
  readonly title?: string;
  /** What `i.schema` returns. */
  readonly schema?: AnySchemaDef;
  readonly rules?: InstantRules<InstantUnknownSchema>;
}

export interface CreatedApp {
  readonly appId: string;
  readonly adminToken: string;
}

export interface AppControl {
  status(): Promise<AppStatus>;
  /** Told to everybody who is connected; outlasts the server. */
  setStatus(status: AppStatus): Promise<void>;
}

/**
 * A sync server in this process.
 *
 * Rejects with TriplaneError `config-invalid` if it cannot use what it is given; a schema or rules that are refused are named
 * with every fault in them.
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
  const storage = await storageOf(options.storage);
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
  const access = { clientAddress: clientAddress(options.trustProxy), allowsOrigin: allowedOrigins(options.origins, origin) };
  const backups = new AppBackups({ clock: systemClock, log, uuid: id });
  const routes = httpRoutes({
    hub,
    backups,
    log,
    limits,
    unread,
    clock: systemClock,
    sendMagicCode,
    showCodes,
    outbound: reach,
    allowPrivateTargets: allowPrivate,
    acceptedTokens,
    ...access,
  });
  const server = createAdaptorServer({ fetch: routes.fetch }) as Server;
  const sockets = serveSockets(server, hub, {
    limits,
    clock: systemClock,
    log,
    unread,
    compression: options.compression ?? true,
    ...access,
  });
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
    return listen(server, options.port ?? 0, host);
  };
  const port = await open().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
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

async function createApp(hub: Hub, { appId, adminToken, title, schema, rules }: AppOptions = {}): Promise<CreatedApp> {
  const [id, token] = [uuidOf(appId, 'appId', 'createApp'), uuidOf(adminToken, 'adminToken', 'createApp')];
  const plain = (given: object | undefined): unknown => given && (JSON.parse(JSON.stringify(given)) as unknown);
  await hub.createApp({ id, token, ...(title !== undefined && { title }), schema: plain(schema), rules: plain(rules) });
  return { appId: id, adminToken: token };
}

function controlOf(hub: Hub, appId: string): AppControl {
  return {
    status: async () => (await hub.app(appId.toLowerCase())).status,
    setStatus: async (status) => (await hub.app(appId.toLowerCase())).setStatus(status),
  };
}

async function storageOf(given: ServerOptions['storage']): Promise<Storage> {
  const storage = (await (given === undefined ? memory() : given)) as Partial<Storage> | null | undefined;
  if (typeof storage?.open === 'function' && typeof storage.apps === 'function' && typeof storage.close === 'function')
    return storage as Storage;
  const is = typeof storage === 'function' ? "a function: call it, as in storage: sqlite('folder')" : `${JSON.stringify(storage)}`;
  throw new TriplaneError('config-invalid', `createServer: storage must be one of memory(), sqlite(…), postgres(…) and is ${is}`);
}

function uuidOf(given: string | undefined, option: string, call = 'createServer'): string {
  if (given === undefined) return id();
  if (isUuid(given)) return given.toLowerCase();
  throw new TriplaneError('config-invalid', `${call}: ${option} must be a uuid, and is '${String(given)}'`);
}

function originOf(given: string | undefined, option: string): string | undefined {
  if (given === undefined) return undefined;
  const isUrl = URL.canParse(given) && /^https?:$/.test(new URL(given).protocol);
  if (!isUrl) throw new TriplaneError('config-invalid', `createServer: ${option} must be an http or https URL, and is '${given}'`);
  return given.replace(/\/+$/, '');
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
