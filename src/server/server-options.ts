// Checks the kind of every option of `createServer` before anything starts. A promise or a function in place of what it gives would otherwise
// be noticed at the first use, or, where it stands for rules, never.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import { id, isUuid } from '../lib/uuid.ts';
import type { AppOptions, ServerOptions } from './server.ts';
import { memory } from './storage/memory.ts';
import type { Storage } from './storage/storage.ts';

interface Kind {
  readonly expected: string;
  fits(given: unknown): boolean;
}

const hasMethods = (given: unknown, methods: readonly string[]): boolean => {
  const port = given as Readonly<Record<string, unknown>> | null;
  return typeof port === 'object' && port !== null && methods.every((method) => typeof port[method] === 'function');
};
const isText = (given: unknown): boolean => typeof given === 'string';
const isCount = (given: unknown): boolean => typeof given === 'number' && given >= 0;
const isPort = (given: unknown): boolean =>
  (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= 65_535) ||
  (typeof given === 'string' && /^\d{1,5}$/.test(given) && Number(given) <= 65_535);

const text: Kind = { expected: 'a text', fits: isText };
const flag: Kind = { expected: 'true or false', fits: (given) => typeof given === 'boolean' };
const count: Kind = { expected: 'a number, 0 or more', fits: isCount };
const plain: Kind = { expected: 'an object', fits: (given) => isObject(given) && !isPromise(given) };
const port = (...methods: readonly string[]): Kind => ({
  expected: `an object with ${methods.join(', ')}`,
  fits: (given) => hasMethods(given, methods),
});

const texts: Kind = { expected: 'a list of texts', fits: (given) => Array.isArray(given) && given.every(isText) };
const proxies: Kind = {
  expected: 'a number, a text or a list of texts',
  fits: (given) => isCount(given) || isText(given) || texts.fits(given),
};
const numbers: Kind = {
  expected: 'an object of numbers',
  fits: (given) => plain.fits(given) && Object.values(given as object).every((limit) => limit === undefined || typeof limit === 'number'),
};

const appKinds: Readonly<Record<keyof AppOptions, Kind>> = { appId: text, adminToken: text, title: text, schema: plain, rules: plain };

/** Without `storage`, which may be a promise. */
const kinds: Readonly<Record<Exclude<keyof ServerOptions, 'storage'>, Kind>> = {
  ...{ appId: text, adminToken: text, operatorToken: text, host: text, publicUrl: text, acceptTokensFrom: text },
  ...{ createAppsOnUse: flag, showCodes: flag, allowPrivateAddresses: flag, compression: flag },
  ...{ schema: plain, rules: plain, origins: texts, trustProxy: proxies, limits: numbers, closeWithinMs: count },
  port: { expected: 'a number from 0 to 65535', fits: isPort },
  sendMagicCode: { expected: 'a function', fits: (given) => typeof given === 'function' && !isClass(given) },
  files: port('write', 'read', 'remove', 'list'),
  log: port('debug', 'info', 'warn', 'error'),
};

/** @throws TriplaneError 'config-invalid' */
export function checkAppOptions(options: AppOptions): void {
  checkOptions(options, 'createApp', appKinds);
}

function checkOptions(options: object, call: string, known: Readonly<Record<string, Kind>>): void {
  if (!plain.fits(options)) throw fault(call, 'options', 'an object', options);
  for (const [name, kind] of Object.entries(known)) {
    const given = (options as Readonly<Record<string, unknown>>)[name];
    if (given !== undefined && !kind.fits(given)) throw fault(call, name, kind.expected, given);
  }
}

function fault(call: string, name: string, expected: string, given: unknown): TriplaneError {
  return new TriplaneError('config-invalid', `${call}: ${name} must be ${expected}, but is ${foundAs(given)}`);
}

/** What was given in place of an option, with advice where it is a usual mistake. */
function foundAs(given: unknown): string {
  if (isPromise(given)) return 'a promise: await it';
  if (typeof given !== 'function') return JSON.stringify(given) ?? typeof given;
  return isClass(given) ? `the class ${given.name}: create an object of it` : 'a function: call it';
}

const isPromise = (given: unknown): boolean => typeof (given as { then?: unknown } | null | undefined)?.then === 'function';
const isClass = (given: object): boolean => /^class\b/.test(Function.prototype.toString.call(given));

/** The storage, closed again if the other options are no good. */
export async function storageFor(options: ServerOptions): Promise<Storage> {
  const storage = await storageOf(options.storage);
  try {
    checkOptions(options, 'createServer', kinds);
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function storageOf(given: ServerOptions['storage']): Promise<Storage> {
  const storage = (await (given === undefined ? memory() : given)) as Partial<Storage> | null | undefined;
  if (typeof storage?.open === 'function' && typeof storage.apps === 'function' && typeof storage.close === 'function')
    return storage as Storage;
  const advice = typeof storage === 'function' ? ", as in storage: sqlite('folder')" : '';
  const is = `${foundAs(storage)}${advice}`;
  throw new TriplaneError('config-invalid', `createServer: storage must be one of memory(), sqlite(…), postgres(…), and is ${is}`);
}

export function uuidOf(given: string | undefined, option: string, call = 'createServer'): string {
  if (given === undefined) return id();
  if (isUuid(given)) return given.toLowerCase();
  throw new TriplaneError('config-invalid', `${call}: ${option} must be a uuid, and is '${String(given)}'`);
}

export function originOf(given: string | undefined, option: string): string | undefined {
  if (given === undefined) return undefined;
  const isUrl = URL.canParse(given) && /^https?:$/.test(new URL(given).protocol);
  if (!isUrl) throw new TriplaneError('config-invalid', `createServer: ${option} must be an http or https URL, and is '${given}'`);
  return given.replace(/\/+$/, '');
}
