// Validates the options of `init` and completes them with defaults. Defaults that depend on the platform (store, connection) are chosen in
// create-client.ts.

import type { Network } from '../connection/network.ts';
import type { WebSocketLike } from '../connection/web-socket.ts';
import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, consoleLog, safeLog, silent } from '../lib/log.ts';
import { commonKinds, wrongOption } from '../lib/option-kind.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { isUuid } from '../lib/uuid.ts';
import { assertCrypto } from './id.ts';
import { isSchema } from '../schema/is-schema.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { KeyValue } from '../storage/key-value.ts';
import type { SchemaConfig } from '../types/config.ts';
import { guardedPort } from './guarded-port.ts';

/** Options that replace a default of the platform. */
export interface Ports {
  /** The storage on the device: `indexedDbStore(name)`, `memoryStore()`, or your own (docs/storage.md). */
  storage?: KeyValue;
  /**
   * Whether the first start takes over what the official client (`@instantdb/core`) left on the device: the session, pending writes, local ids
   * and cached results. Its database stays as it is. By default it does, unless `storage` or `Store` is given.
   */
  adopt?: boolean;
  network?: Network;
  webSocket?: (url: string) => WebSocketLike;
  fetch?: typeof fetch;
  /** The log. Without it, and without `verbose`, nothing is logged. */
  log?: Log;
  clock?: Clock;
  random?: Random;
  /** Connects with the first query, write or room, as server-side rendering requires. */
  startsWhenUsed?: boolean;
  /**
   * Whether each write creates a small receipt entity on the server, so that it is never applied twice (docs/exactly-once.md). By default
   * it does on servers that do not remember event ids, such as InstantDB's own; `false` turns that off. The app's rules must let users create
   * and delete `triplaneReceipts`: `npx triplane push --receipts` pushes the rule.
   */
  receipts?: boolean;
  /**
   * Whether a query without a cached result is evaluated on the results of other queries until the server responds; such a result is marked
   * as stale. For one query: `db.subscribeQuery(query, cb, { local: true })`.
   */
  local?: boolean;
  /**
   * Whether rooms with the same id and different types are different rooms. The protocol has room ids only, so all clients of the app must
   * use the same setting.
   */
  roomsByType?: boolean;
  /**
   * The longest time in milliseconds that processing a large result may block the page; 16 for smooth animations. Results are then processed
   * in slices, which takes longer in total. By default they are processed at once. `db.subscribeQuery(query, cb, { progress })` reports the
   * progress.
   */
  yieldEvery?: number;
  /** Receives errors that belong to no promise. By default they are logged to the console. */
  onError?: (error: Error) => void;
}

/**
 * The options of `init`.
 *
 * @example
 * const config: InstantConfig<typeof schema> = { appId, schema, useDateObjects: false, apiURI: 'http://127.0.0.1:7788' };
 */
export type InstantConfig<S extends AnySchemaDef, UseDates extends boolean = false> = SchemaConfig<S, UseDates> & Ports;

/** The options as a program writes them: `useDateObjects` is optional. */
export type InitConfig<S extends AnySchemaDef, UseDates extends boolean = false> = Omit<InstantConfig<S, UseDates>, 'useDateObjects'> & {
  useDateObjects?: UseDates;
};

/** The options with every default. */
export interface ResolvedConfig extends Readonly<Omit<InitConfig<AnySchemaDef, boolean>, 'logger' | 'verbose'>> {
  /** Without a trailing slash, as is `firstPartyPath`. */
  readonly apiURI: string;
  readonly websocketURI: string;
  readonly useDateObjects: boolean;
  readonly queryCacheLimit: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: Error) => void;
  /** For servers: bypasses the rules. Never in a browser. */
  readonly adminToken: string | undefined;
  /** Equal for configurations that share a database. Undefined with custom ports, which need a database of their own. */
  readonly key: string | undefined;
}

/** Undocumented options for the other entries of this package. */
interface Unlisted {
  readonly __adminToken?: string;
  readonly __extraDedupeKey?: unknown;
}

/** @throws TriplaneError 'config-invalid'; the message says how to fix it */
export function resolveConfig(config: InitConfig<AnySchemaDef, boolean>): ResolvedConfig {
  assertCrypto();
  const given: InitConfig<AnySchemaDef, boolean> & Unlisted = { ...config };
  const { storage, network, webSocket, fetch, clock, random, yieldEvery = 1, firstPartyPath } = given;
  const appId = readAppId(given.appId);
  const apiURI = readAddress('apiURI', given.apiURI ?? 'https://api.instantdb.com', 'http');
  const websocketURI = readAddress('websocketURI', given.websocketURI ?? `${apiURI.replace(/^http/, 'ws')}/runtime/session`, 'ws');
  const queryCacheLimit = given.queryCacheLimit ?? 10;
  const useDateObjects = given.useDateObjects ?? false;
  const adminToken = given.__adminToken;
  checkSchema(given.schema);
  const fault = wrongOption(given, kinds);
  if (fault) fail(fault);
  checkNumber('queryCacheLimit', queryCacheLimit, queryCacheLimit >= 0, '0 or more');
  checkNumber('yieldEvery', yieldEvery, yieldEvery > 0, 'more than 0');
  const log = given.log ? safeLog(given.log) : verboseLog(given);
  const onError = given.onError ?? ((error: Error) => (log === silent ? consoleLog : log).error(error.message));
  const identity = [appId, apiURI, websocketURI, adminToken, useDateObjects, given.__extraDedupeKey];
  return {
    ...given,
    ...(firstPartyPath && { firstPartyPath: withoutSlash(firstPartyPath) }),
    appId,
    apiURI,
    websocketURI,
    useDateObjects,
    queryCacheLimit,
    log,
    clock: clock ? guardedPort('clock', clock, systemClock, onError) : systemClock,
    random: random ? guardedPort('random', random, systemRandom, onError) : systemRandom,
    onError,
    adminToken,
    key: (storage ?? network ?? webSocket ?? fetch ?? clock ?? random) ? undefined : JSON.stringify(identity),
  };
}

function readAppId(given: unknown): string {
  const appId = String(given).trim();
  return isUuid(appId) ? appId : fail(`init: invalid appId '${String(given)}'. Expected a UUID. Is an environment variable missing?`);
}

/** Does not use `URL`, which some platforms implement only in part. */
function readAddress(name: string, given: string, scheme: string): string {
  const address = String(given).trim();
  const isValid = new RegExp(`^${scheme}s?://[^\\s/?#][^\\s?#]*$`).test(address);
  return isValid
    ? withoutSlash(address)
    : fail(`init: invalid ${name} '${address}'. Expected ${scheme}(s)://host[:port][/path] without query or hash`);
}

const kinds = {
  ...commonKinds,
  storage: ['get', 'list', 'write', 'close'],
  network: ['isOnline', 'subscribe'],
  log: ['debug', 'info', 'warn', 'error'],
  webSocket: 'function',
  Store: 'function',
  firstPartyPath: 'string',
  adopt: 'boolean',
  local: 'boolean',
  receipts: 'boolean',
  roomsByType: 'boolean',
  startsWhenUsed: 'boolean',
} as const;

function checkNumber(name: string, given: unknown, isValid: boolean, expected: string): void {
  if (typeof given !== 'number' || !isValid) fail(`init: ${name} must be a number, ${expected}`);
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}

function checkSchema(given: unknown): void {
  if (given === undefined || given === null || isSchema(given)) return;
  fail('init: schema must be the return value of i.schema({ entities, links, rooms }). Check the import of the schema file.');
}

function verboseLog({ verbose, logger }: InitConfig<AnySchemaDef, boolean>): Log {
  if (!verbose) return silent;
  if (!logger) return consoleLog;
  return safeLog({
    debug: (...parts) => logger.debug(...parts),
    info: (...parts) => logger.info(...parts),
    warn: (...parts) => logger.error(...parts),
    error: (...parts) => logger.error(...parts),
  });
}

function fail(message: string): never {
  throw new TriplaneError('config-invalid', message);
}
