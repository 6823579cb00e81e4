// What `init` is told, made complete: every mistake in it is found here, once, and no other part looks at it again. What has no default
// that all platforms share, the store and the line, is left for the database to choose.

import type { Network } from '../connection/network.ts';
import type { WebSocketLike } from '../connection/web-socket.ts';
import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, consoleLog, silent } from '../lib/log.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { isUuid } from '../lib/uuid.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { KeyValue } from '../storage/key-value.ts';
import type { SchemaConfig } from '../types/config.ts';

/** What may be handed in, and is found on the platform otherwise. */
export interface Ports {
  /** Where the device keeps what it must not forget: `indexedDbStore(name)`, `memoryStore()`, or one of your own (docs/storage.md). */
  storage?: KeyValue;
  network?: Network;
  webSocket?: (url: string) => WebSocketLike;
  fetch?: typeof fetch;
  /** Where remarks go: nowhere, unless it is given or `verbose` is set. */
  log?: Log;
  clock?: Clock;
  random?: Random;
  /** Connects with the first query, write or room, not before: for programs that are also rendered on a server. */
  startsWhenUsed?: boolean;
  /**
   * Whether each write leaves a small receipt at the server, so that it is never applied twice (docs/exactly-once.md). By default it does
   * at servers that do not remember event ids, such as InstantDB's own; `false` turns that off. The rules of the app must let users make
   * and delete `triplaneReceipts`: `npx triplane push` offers the rule.
   */
  receipts?: boolean;
  /**
   * Whether a query that was never asked before is answered at once from what other queries hold, marked as stale, until the server
   * speaks. Also for one query: `db.subscribeQuery(query, cb, { local: true })`.
   */
  local?: boolean;
  /**
   * Whether rooms of the same id and another type are other rooms. The protocol knows rooms by id alone, so every client of the app has
   * to be told the same.
   */
  roomsByType?: boolean;
  /**
   * The longest a big answer may keep the page from doing anything else, in milliseconds: 16 for smooth animations. It is read in slices
   * of that length, and later in all. Without it, answers are read in one go. `db.subscribeQuery(query, cb, { progress })` tells how far
   * it has come.
   */
  yieldEvery?: number;
  /** Hears of errors that belong to nobody's promise. They go to the console if nobody does. */
  onError?: (error: Error) => void;
}

/**
 * What `init` takes.
 *
 * @example
 * const config: InstantConfig<typeof schema> = { appId, schema, useDateObjects: false, apiURI: 'http://127.0.0.1:7788' };
 */
export type InstantConfig<S extends AnySchemaDef, UseDates extends boolean = false> = SchemaConfig<S, UseDates> & Ports;

/** The same as it is written: dates are texts and numbers unless said otherwise. */
export type InitConfig<S extends AnySchemaDef, UseDates extends boolean = false> = Omit<InstantConfig<S, UseDates>, 'useDateObjects'> & {
  useDateObjects?: UseDates;
};

/** With every default. */
export interface ResolvedConfig extends Readonly<Omit<InitConfig<AnySchemaDef, boolean>, 'logger' | 'verbose'>> {
  /** Without a slash at the end, as the path of the program's own server. */
  readonly apiURI: string;
  readonly websocketURI: string;
  readonly useDateObjects: boolean;
  readonly queryCacheLimit: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: Error) => void;
  /** Given by servers, which need not obey the rules. Never in a browser. */
  readonly adminToken: string | undefined;
  /** The same for two configurations that mean the same database. Whoever hands in ports has a database of their own. */
  readonly key: string | undefined;
}

/** What other packages of ours may say besides. */
interface Unlisted {
  readonly __adminToken?: string;
  readonly __extraDedupeKey?: unknown;
}

/** @throws TriplaneError 'config-invalid', with what to do about it */
export function resolveConfig(config: InitConfig<AnySchemaDef, boolean>): ResolvedConfig {
  const given: InitConfig<AnySchemaDef, boolean> & Unlisted = { ...config };
  const { storage, network, webSocket, fetch, clock, random, yieldEvery = 1, firstPartyPath } = given;
  const appId = readAppId(given.appId);
  const apiURI = readAddress('apiURI', given.apiURI ?? 'https://api.instantdb.com', 'http');
  const websocketURI = readAddress('websocketURI', given.websocketURI ?? `${apiURI.replace(/^http/, 'ws')}/runtime/session`, 'ws');
  const queryCacheLimit = given.queryCacheLimit ?? 10;
  const useDateObjects = given.useDateObjects ?? false;
  const adminToken = given.__adminToken;
  checkSchema(given.schema);
  for (const name of ports) checkPort(name, given[name]);
  checkNumber('queryCacheLimit', queryCacheLimit, queryCacheLimit >= 0, '0 or more');
  checkNumber('yieldEvery', yieldEvery, yieldEvery > 0, 'more than 0');
  const log = given.log ?? verboseLog(given);
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
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
    onError: given.onError ?? ((error) => (log === silent ? consoleLog : log).error(error.message)),
    adminToken,
    key: (storage ?? network ?? webSocket ?? fetch ?? clock ?? random) ? undefined : JSON.stringify(identity),
  };
}

function readAppId(given: unknown): string {
  const appId = String(given).trim();
  return isUuid(appId)
    ? appId
    : fail(`init: appId '${String(given)}' is not the id of an app, which is a uuid. Is an environment variable not set?`);
}

/** Not read by `URL`, which not every platform has whole. */
function readAddress(name: string, given: string, scheme: string): string {
  const address = String(given).trim();
  const isValid = new RegExp(`^${scheme}s?://[^\\s/?#][^\\s?#]*$`).test(address);
  return isValid
    ? withoutSlash(address)
    : fail(`init: ${name} '${address}' will not do. It begins with ${scheme}s:// or ${scheme}://, and has no ? or #`);
}

/** Options that are objects with methods. */
const ports = ['storage', 'network', 'clock', 'random'] as const;

function checkPort(name: string, given: unknown): void {
  if (given === undefined || given === null || (isObject(given) && !(given instanceof Promise))) return;
  const isFunction = typeof given === 'function';
  const found = isFunction ? 'a function' : given instanceof Promise ? 'a promise' : JSON.stringify(given);
  const advice = isFunction ? `: call it, as in ${name}: ${given.name || 'create'}(…)` : '';
  fail(`init: ${name} must be an object, and is ${found}${advice}`);
}

function checkNumber(name: string, given: unknown, isValid: boolean, expected: string): void {
  if (typeof given !== 'number' || !isValid) fail(`init: ${name} must be a number, ${expected}`);
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}

function checkSchema(given: unknown): void {
  if (given === undefined || given === null || (isObject(given) && 'entities' in given && 'links' in given)) return;
  fail('init: schema must be what i.schema({ entities, links, rooms }) returns. Is the import of your schema file the one you mean?');
}

function verboseLog({ verbose, logger }: InitConfig<AnySchemaDef, boolean>): Log {
  if (!verbose) return silent;
  if (!logger) return consoleLog;
  return {
    debug: (...parts) => logger.debug(...parts),
    info: (...parts) => logger.info(...parts),
    warn: (...parts) => logger.error(...parts),
    error: (...parts) => logger.error(...parts),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function fail(message: string): never {
  throw new TriplaneError('config-invalid', message);
}
