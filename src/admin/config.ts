// What `init` is given, completed from the environment and checked once. Nothing here uses a module of Node: `process` is looked up, so that
// the same file runs on Node, Bun, Deno and workerd.

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, consoleLog, silent } from '../lib/log.ts';
import { commonKinds, wrongOption } from '../lib/option-kind.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { isUuid } from '../lib/uuid.ts';
import { isSchema } from '../schema/is-schema.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { Logger } from '../types/config.ts';
import type { ReadableStreamCtor, WritableStreamCtor } from '../types/streams.ts';

/** The options that do not depend on a schema. */
export type Config = {
  /** The id of the app; without it, the environment's `INSTANT_APP_ID`. */
  appId?: string;
  /** Without it, the environment's `INSTANT_APP_ADMIN_TOKEN`. Null or an empty string: none, and the environment is not consulted. */
  adminToken?: string | null;
  /** The address of the server; without it, the environment's `INSTANT_API_URI`, else `https://api.instantdb.com`. */
  apiURI?: string;
  /** Whether attributes declared as dates are returned as `Date`. */
  useDateObjects?: boolean;
  /** Whether queries and transactions are sent without a check against the schema. */
  disableValidation?: boolean;
  /** Whether to log the messages of stream sessions. */
  verbose?: boolean;
  /** Where these logs go, instead of the console. */
  logger?: Logger;
  /** How long a call may take in all, retries included: 60,000 unless set. Uploads have no limit unless one is given with the call. */
  timeoutMs?: number;
  /** How often an idempotent call is retried after 408, 425, 429 or 5xx: 3 unless set. */
  retries?: number;
  /** Allows an admin token in a browser, where every visitor can read it. */
  dangerouslyAllowBrowser?: boolean;
  /** Receives errors of listeners and background work that no promise carries. They go to the console unless set. */
  onError?: (error: Error) => void;
  fetch?: typeof fetch;
  clock?: Clock;
  random?: Random;
};

/**
 * What `init` takes.
 *
 * @example
 * const config: InstantConfig<typeof schema> = { appId, adminToken, schema, useDateObjects: false };
 */
export type InstantConfig<Schema extends AnySchemaDef, UseDates extends boolean = false> = Omit<Config, 'useDateObjects'> & {
  useDateObjects: UseDates;
  schema?: Schema;
  WritableStream?: WritableStreamCtor;
  ReadableStream?: ReadableStreamCtor;
};

/** The same as programs write it: values of dates are strings and numbers unless `useDateObjects` is set. */
export type InitConfig<Schema extends AnySchemaDef, UseDates extends boolean = false> = Omit<
  InstantConfig<Schema, UseDates>,
  'useDateObjects'
> & { useDateObjects?: UseDates };

/** With every default. */
export interface ResolvedConfig extends Readonly<
  Omit<InstantConfig<AnySchemaDef, boolean>, 'appId' | 'apiURI' | 'adminToken' | 'logger' | 'verbose'>
> {
  readonly appId: string;
  /** Without a slash at the end. */
  readonly apiURI: string;
  readonly adminToken: string | undefined;
  readonly disableValidation: boolean;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: Error) => void;
}

const defaultApiURI = 'https://api.instantdb.com';

/** @throws TriplaneError 'config-invalid', with what to do about it */
export function resolveConfig(given: InitConfig<AnySchemaDef, boolean> = {}): ResolvedConfig {
  const { apiURI, adminToken, appId, timeoutMs = 60_000, retries = 3 } = given;
  checkSchema(given.schema);
  const fault = wrongOption(given, commonKinds);
  if (fault) fail(fault);
  if (!(timeoutMs > 0)) fail(`init: timeoutMs must be a number of milliseconds above 0, and is ${String(timeoutMs)}`);
  if (!(Number.isInteger(retries) && retries >= 0)) fail(`init: retries must be 0 or a positive integer, and is ${String(retries)}`);
  const token = readToken(adminToken);
  if (token !== undefined && !given.dangerouslyAllowBrowser && isBrowser()) {
    fail('init: an admin token in a browser is readable by every visitor. Keep it on a server, or set dangerouslyAllowBrowser');
  }
  const log = logOf(given);
  return {
    ...given,
    appId: readAppId(appId, log === silent ? consoleLog : log),
    apiURI: readAddress(apiURI || environment('INSTANT_API_URI') || defaultApiURI),
    adminToken: token,
    useDateObjects: given.useDateObjects ?? false,
    disableValidation: given.disableValidation ?? false,
    timeoutMs,
    retries,
    log,
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
    onError: given.onError ?? ((error) => (log === silent ? consoleLog : log).error(error)),
  };
}

/** The address of a server, as every part of the SDK spells it. @throws TriplaneError 'config-invalid' */
export function readAddress(given: string): string {
  const address = String(given).trim();
  if (/^https?:\/\/[^\s/?#][^\s?#]*$/.test(address)) return address.replace(/\/+$/, '');
  return fail(`init: invalid apiURI '${address}'. Expected http(s)://host[:port][/path] without query or hash`);
}

function readAppId(given: unknown, log: Log): string {
  const found = given ?? environment('INSTANT_APP_ID') ?? '';
  const appId = typeof found === 'string' ? found.trim() : fail(`init: appId must be a string, but is of type ${typeof found}`);
  if (appId === '') fail('init: appId is missing. Pass it, or set the environment variable INSTANT_APP_ID');
  const isKnown: boolean = isUuid(appId);
  if (!isKnown) log.warn(`init: appId '${appId}' is not a UUID, so the server will not know the app`);
  return appId;
}

function readToken(given: unknown): string | undefined {
  const token = given === undefined ? environment('INSTANT_APP_ADMIN_TOKEN') : given;
  if (token === null || token === undefined) return undefined;
  if (typeof token !== 'string') return fail(`init: adminToken must be a string, but is of type ${typeof token}`);
  return token.trim() || undefined;
}

function checkSchema(given: unknown): void {
  if (given === undefined || given === null || isSchema(given)) return;
  fail('init: schema must be the return value of i.schema({ entities, links, rooms }). Check the import of the schema file.');
}

/** Undefined where there is no such variable, no environment, or no permission to read it (Deno asks for one). */
function environment(name: string): string | undefined {
  try {
    return (globalThis as { readonly process?: { readonly env?: Record<string, string | undefined> } }).process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}

function isBrowser(): boolean {
  const { window, document } = globalThis as { readonly window?: unknown; readonly document?: unknown };
  return window !== undefined && document !== undefined;
}

function logOf({ verbose, logger }: Pick<Config, 'verbose' | 'logger'>): Log {
  if (!verbose) return silent;
  if (!logger) return consoleLog;
  return {
    debug: (...parts) => logger.debug(...parts),
    info: (...parts) => logger.info(...parts),
    warn: (...parts) => logger.error(...parts),
    error: (...parts) => logger.error(...parts),
  };
}

function fail(message: string): never {
  throw new TriplaneError('config-invalid', message);
}
