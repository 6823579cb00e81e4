// What `init` is told, made complete: every mistake in it is found here, once, and no other part looks at it again. What has no default
// that all platforms share, the store and the line, is left for the database to choose.

import type { Network } from './connection/network.ts';
import type { WebSocketLike } from './connection/web-socket.ts';
import { TriplaneError } from './errors.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { type Log, consoleLog, silent } from './lib/log.ts';
import { type Random, systemRandom } from './lib/random.ts';
import { isUuid } from './lib/uuid.ts';
import type { AnySchemaDef } from './schema.ts';
import type { KeyValue } from './storage/key-value.ts';
import type { Logger, SchemaConfig } from './types/config.ts';

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
   * Whether each write leaves a small receipt at the server, so that it is never applied twice. For servers that do not remember by
   * themselves; the rules of the app must let users make and delete `triplaneReceipts`.
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

type AsGiven = Pick<
  InstantConfig<AnySchemaDef, boolean>,
  'schema' | 'firstPartyPath' | 'Store' | 'WritableStream' | 'ReadableStream' | keyof Ports
>;

/** With every default. */
export interface ResolvedConfig extends Readonly<AsGiven> {
  readonly appId: string;
  /** Without a slash at the end. */
  readonly apiURI: string;
  readonly websocketURI: string;
  readonly useDateObjects: boolean;
  readonly disableValidation: boolean;
  readonly queryCacheLimit: number;
  readonly receipts: boolean;
  readonly local: boolean;
  readonly roomsByType: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: Error) => void;
  /** Given by servers, which need not obey the rules. Never in a browser. */
  readonly adminToken: string | undefined;
  /** The same for two configurations that mean the same database. Whoever hands in ports has a database of their own. */
  readonly key: string | undefined;
}

const hosted = { apiURI: 'https://api.instantdb.com', websocketURI: 'wss://api.instantdb.com/runtime/session' };

/** @throws TriplaneError 'config-invalid', with what to do about it */
export function resolveConfig(config: InitConfig<AnySchemaDef, boolean>): ResolvedConfig {
  const given: Readonly<Record<string, unknown>> = isObject(config) ? { ...config } : fail('init takes an object: init({ appId: "…" })');
  const appId = readAppId(given['appId']);
  const apiURI = readAddress('apiURI', given['apiURI'], 'http');
  const websocketURI = readAddress('websocketURI', given['websocketURI'] ?? lineOf(apiURI), 'ws');
  const adminToken = textOf(given['__adminToken']);
  const useDateObjects = config.useDateObjects ?? false;
  checkSchema(given['schema']);
  checkSlices(given['yieldEvery']);
  const log = config.log ?? verboseLog(config.verbose, config.logger);
  return {
    ...pickGiven(config),
    appId,
    apiURI,
    websocketURI,
    useDateObjects,
    disableValidation: config.disableValidation ?? false,
    receipts: config.receipts ?? false,
    local: config.local ?? false,
    roomsByType: config.roomsByType ?? false,
    queryCacheLimit: readLimit(given['queryCacheLimit']),
    log,
    clock: config.clock ?? systemClock,
    random: config.random ?? systemRandom,
    onError: config.onError ?? ((error) => (log === silent ? consoleLog : log).error(error.message)),
    adminToken,
    key: hasPorts(config)
      ? undefined
      : JSON.stringify([appId, apiURI, websocketURI, adminToken, useDateObjects, given['__extraDedupeKey']]),
  };
}

function hasPorts({ storage, network, webSocket, fetch, clock, random }: Ports): boolean {
  return [storage, network, webSocket, fetch, clock, random].some((port) => port !== undefined);
}

function pickGiven(config: InitConfig<AnySchemaDef, boolean>): AsGiven {
  const { schema, firstPartyPath, Store, WritableStream, ReadableStream, storage, network, webSocket, fetch, startsWhenUsed, yieldEvery } =
    config;
  return {
    ...(schema && { schema }),
    ...(firstPartyPath && { firstPartyPath: firstPartyPath.replace(/\/+$/, '') }),
    ...(Store && { Store }),
    ...(WritableStream && { WritableStream }),
    ...(ReadableStream && { ReadableStream }),
    ...(storage && { storage }),
    ...(network && { network }),
    ...(webSocket && { webSocket }),
    ...(fetch && { fetch }),
    ...(startsWhenUsed && { startsWhenUsed }),
    ...(yieldEvery !== undefined && { yieldEvery }),
  };
}

const appIdAdvice = "It is the id of your app, a uuid such as '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05'";

function readAppId(given: unknown): string {
  if (given === undefined || given === null) fail(`init needs an appId. ${appIdAdvice}; is an environment variable not set?`);
  if (typeof given !== 'string') return fail(`init: appId must be a text, and is a ${typeof given}. ${appIdAdvice}`);
  const appId = given.trim();
  if (appId === '') fail(`init: appId is empty. ${appIdAdvice}`);
  return isUuid(appId) ? appId : fail(`init: appId '${given}' is not a uuid. ${appIdAdvice}`);
}

type AddressName = keyof typeof hosted;

/** A server answers both, unless said otherwise. */
function lineOf(apiURI: string): string {
  return `${apiURI.replace(/^http/, 'ws')}/runtime/session`;
}

/** Not read by `URL`, which not every platform has whole. */
function readAddress(name: AddressName, given: unknown, scheme: 'http' | 'ws'): string {
  if (given === undefined || given === null) return hosted[name];
  const advice = `It begins with ${scheme}s:// or ${scheme}://, such as '${hosted[name]}', and has no ? or #`;
  if (typeof given !== 'string') return fail(`init: ${name} must be a text, and is a ${typeof given}. ${advice}`);
  const address = given.trim().replace(/\/+$/, '');
  const [start = '', rest = ''] = address.split('://', 2);
  const isFine = (start === scheme || start === `${scheme}s`) && /^[^\s/?#][^\s?#]*$/.test(rest);
  return isFine ? address : fail(`init: ${name} '${given}' will not do. ${advice}`);
}

function readLimit(given: unknown): number {
  if (given === undefined || given === null) return 10;
  if (typeof given === 'number' && given >= 0) return given;
  return fail('init: queryCacheLimit must be a number that is not negative');
}

function checkSlices(given: unknown): void {
  if (given === undefined || (typeof given === 'number' && given > 0)) return;
  fail('init: yieldEvery must be a number of milliseconds that is more than 0');
}

function checkSchema(given: unknown): void {
  if (given === undefined || given === null || (isObject(given) && 'entities' in given && 'links' in given)) return;
  fail('init: schema must be what i.schema({ entities, links, rooms }) returns. Is the import of your schema file the one you mean?');
}

function verboseLog(isVerbose: boolean | undefined, logger: Logger | undefined): Log {
  if (!isVerbose) return silent;
  if (!logger) return consoleLog;
  const { debug, info, error } = logger;
  return {
    debug: (...parts) => debug.call(logger, ...parts),
    info: (...parts) => info.call(logger, ...parts),
    warn: (...parts) => error.call(logger, ...parts),
    error: (...parts) => error.call(logger, ...parts),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function fail(message: string): never {
  throw new TriplaneError('config-invalid', message);
}
