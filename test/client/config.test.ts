// What `init` is told: every default, every mistake with the message it gets, and what makes two databases one.

import { expect, it } from 'vitest';

import { type InitConfig, resolveConfig } from '../../src/client/config.ts';
import { alwaysOnline } from '../../src/connection/network.ts';
import { TriplaneError } from '../../src/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type Log, consoleLog, silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { type AnySchemaDef, i } from '../../src/schema/schema.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) }, links: {}, rooms: {} });

const resolve = (config: unknown) => resolveConfig(config as InitConfig<AnySchemaDef, boolean>);

it('resolves the defaults', () => {
  expect(resolve({ appId })).toEqual({
    appId,
    apiURI: 'https://api.instantdb.com',
    websocketURI: 'wss://api.instantdb.com/runtime/session',
    useDateObjects: false,
    queryCacheLimit: 10,
    log: silent,
    clock: systemClock,
    random: systemRandom,
    onError: expect.any(Function),
    adminToken: undefined,
    key: expect.any(String),
  });
});

it.each<[name: string, given: object, resolved: object]>([
  ['spaces around an id', { appId: ` ${appId}\n` }, { appId }],
  [
    'slashes at the end',
    { apiURI: 'http://127.0.0.1:7788/', websocketURI: 'ws://127.0.0.1:7788/runtime/session/' },
    { apiURI: 'http://127.0.0.1:7788', websocketURI: 'ws://127.0.0.1:7788/runtime/session' },
  ],
  ['a path in apiURI', { apiURI: 'https://a.org/instant//' }, { apiURI: 'https://a.org/instant' }],
  ['an IPv6 host', { apiURI: 'http://[::1]:80' }, { apiURI: 'http://[::1]:80' }],
  [
    'undefined is left out',
    { apiURI: undefined, websocketURI: undefined, queryCacheLimit: undefined },
    { apiURI: 'https://api.instantdb.com', queryCacheLimit: 10 },
  ],
  ['a cache limit of 0', { queryCacheLimit: 0 }, { queryCacheLimit: 0 }],
  ['yieldEvery', { yieldEvery: 16 }, { yieldEvery: 16 }],
  ['null for what is left out', { onError: null, log: null, fetch: null, storage: null }, { log: silent, onError: expect.any(Function) }],
  ['a schema', { schema }, { schema }],
  ['boolean options that are on', { useDateObjects: true, disableValidation: true }, { useDateObjects: true, disableValidation: true }],
  ['firstPartyPath', { firstPartyPath: '/api/instant/' }, { firstPartyPath: '/api/instant' }],
  ['an admin token', { __adminToken: 't' }, { adminToken: 't' }],
  ['verbose', { verbose: true }, { log: consoleLog }],
  ['a custom network', { network: alwaysOnline }, { network: alwaysOnline }],
])('%s', (_name, given, resolved) => {
  expect(resolve({ appId, ...given })).toMatchObject(resolved);
});

it('a log that throws is ignored', () => {
  const heard: unknown[] = [];
  const log = (part: unknown): never => {
    heard.push(part);
    throw new Error('boom');
  };
  const given = { debug: log, info: log, warn: log, error: log };
  for (const config of [{ log: given }, { logger: given, verbose: true }]) {
    const resolved = resolve({ appId, ...config }).log;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) resolved[level](level);
  }
  expect(heard).toEqual(['debug', 'info', 'warn', 'error', 'debug', 'info', 'warn', 'error']);
});

it('a logger receives messages only if verbose is set', () => {
  const heard: unknown[] = [];
  const logger = {
    prefix: 'p',
    debug(...parts: unknown[]) {
      heard.push(['debug', this.prefix, ...parts]);
    },
    info: (...parts: unknown[]) => heard.push(['info', ...parts]),
    error: (...parts: unknown[]) => heard.push(['error', ...parts]),
  };
  const speak = (log: Log) => (['debug', 'info', 'warn', 'error'] as const).forEach((level) => log[level](level, 1));
  speak(resolve({ appId, logger }).log);
  expect(heard).toEqual([]);
  speak(resolve({ appId, logger, verbose: true }).log);
  expect(heard).toEqual([
    ['debug', 'p', 'debug', 1],
    ['info', 'info', 1],
    ['error', 'warn', 1],
    ['error', 'error', 1],
  ]);
});

it('errors without a caller go to onError, by default to the log', () => {
  const heard: unknown[] = [];
  const note = (...parts: unknown[]) => void heard.push(...parts);
  resolve({ appId, log: { ...silent, error: note } }).onError(new Error('a'));
  resolve({ appId, onError: note }).onError(new Error('b'));
  expect(heard).toEqual(['a', new Error('b')]);
});

const noApp = (given: unknown) => `init: invalid appId '${String(given)}'. Expected a UUID. Is an environment variable missing?`;
const http = 'Expected http(s)://host[:port][/path] without query or hash';
const ws = 'Expected ws(s)://host[:port][/path] without query or hash';

const noSchema = 'init: schema must be the return value of i.schema({ entities, links, rooms }). Check the import of the schema file.';

const localStorageLike = { getItem: () => null, setItem: () => {}, removeItem: () => {} };

it.each<[config: unknown, message: string]>([
  [undefined, noApp(undefined)],
  [appId, noApp(undefined)],
  [{}, noApp(undefined)],
  [{ appId: null }, noApp(null)],
  [{ appId: '  ' }, noApp('  ')],
  [{ appId: 7 }, noApp(7)],
  [{ appId: 'my-app' }, noApp('my-app')],
  [{ appId: `${appId}0` }, noApp(`${appId}0`)],
  [{ appId, apiURI: 5 }, `init: invalid apiURI '5'. ${http}`],
  [{ appId, apiURI: '' }, `init: invalid apiURI ''. ${http}`],
  [{ appId, apiURI: 'localhost:7788' }, `init: invalid apiURI 'localhost:7788'. ${http}`],
  [{ appId, apiURI: 'ws://a.org' }, `init: invalid apiURI 'ws://a.org'. ${http}`],
  [{ appId, apiURI: 'https://' }, `init: invalid apiURI 'https://'. ${http}`],
  [{ appId, apiURI: 'https://a.org/?x=1' }, `init: invalid apiURI 'https://a.org/?x=1'. ${http}`],
  [{ appId, websocketURI: 'https://a.org' }, `init: invalid websocketURI 'https://a.org'. ${ws}`],
  [{ appId, websocketURI: 'wss://a b' }, `init: invalid websocketURI 'wss://a b'. ${ws}`],
  [{ appId, queryCacheLimit: -1 }, 'init: queryCacheLimit must be a number, 0 or more'],
  ...[0, -1, NaN, '16'].map((yieldEvery): [object, string] => [{ appId, yieldEvery }, 'init: yieldEvery must be a number, more than 0']),
  [{ appId, queryCacheLimit: '10' }, 'init: queryCacheLimit must be a number, 0 or more'],
  ...['adopt', 'local', 'receipts', 'roomsByType', 'startsWhenUsed', 'useDateObjects'].map((name): [object, string] => [
    { appId, [name]: 'false' },
    `init: ${name} must be a boolean, but is of type string`,
  ]),
  ...[{}, { forward: {}, reverse: {} }, { forward: { on: 'goals', label: 'todos' } }, null, 'goals'].map((link): [object, string] => [
    { appId, schema: { entities: {}, links: { link } } },
    noSchema,
  ]),
  ...[null, 5, [], { goals: null }, { goals: 'title' }].map((entities): [object, string] => [
    { appId, schema: { entities, links: {} } },
    noSchema,
  ]),
  [{ appId, schema: { entities: {}, links: 5 } }, noSchema],
  [{ appId, storage: {} }, 'init: storage has no method get()'],
  [{ appId, storage: new Map() }, 'init: storage has no method list()'],
  [{ appId, storage: localStorageLike }, 'init: storage has no method get()'],
  [{ appId, network: {} }, 'init: network has no method isOnline()'],
  [{ appId, clock: { now: () => 0 } }, 'init: clock has no method monotonicNow()'],
  [{ appId, random: Math }, 'init: random has no method next()'],
  [{ appId, log: () => {} }, 'init: log must be an object, but is of type function'],
  [{ appId, log: { error: () => {} } }, 'init: log has no method debug()'],
  [{ appId, log: 'error' }, 'init: log must be an object, but is of type string'],
  [{ appId, logger: () => {} }, 'init: logger must be an object, but is of type function'],
  [{ appId, logger: { info: () => {} } }, 'init: logger has no method debug()'],
  [{ appId, clock: 7 }, 'init: clock must be an object, but is of type number'],
  [{ appId, random: Symbol('r') }, 'init: random must be an object, but is of type symbol'],
  [{ appId, network: [alwaysOnline] }, 'init: network has no method isOnline()'],
  [{ appId, storage: Promise.resolve(new Map()) }, 'init: storage has no method get()'],
  [{ appId, webSocket: 'wss://a.org' }, 'init: webSocket must be a function, but is of type string'],
  [{ appId, webSocket: { url: 'wss://a.org' } }, 'init: webSocket must be a function, but is of type object'],
  [{ appId, fetch: true }, 'init: fetch must be a function, but is of type boolean'],
  [{ appId, onError: 'throw' }, 'init: onError must be a function, but is of type string'],
  [{ appId, onError: Promise.resolve() }, 'init: onError must be a function, but is of type object'],
  [{ appId, Store: new Map() }, 'init: Store must be a function, but is of type object'],
  [{ appId, ReadableStream: 1 }, 'init: ReadableStream must be a function, but is of type number'],
  [{ appId, WritableStream: {} }, 'init: WritableStream must be a function, but is of type object'],
  [{ appId, firstPartyPath: 5 }, 'init: firstPartyPath must be a string, but is of type number'],
  [
    { appId, schema: { goals: {} } },
    'init: schema must be the return value of i.schema({ entities, links, rooms }). Check the import of the schema file.',
  ],
])('%j is rejected', (config, message) => {
  const error: unknown = (() => {
    try {
      return resolve(config);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(TriplaneError);
  expect(error).toMatchObject({ code: 'config-invalid', message });
});

it('configs with the same app, server, user and date option share one database', () => {
  const key = resolve({ appId }).key;
  expect(resolve({ appId, schema, verbose: true, apiURI: 'https://api.instantdb.com/' }).key).toBe(key);
  const others = [
    { apiURI: 'http://a.org' },
    { websocketURI: 'ws://a.org' },
    { useDateObjects: true },
    { __adminToken: 't' },
    { __extraDedupeKey: 'e' },
  ];
  const keys = others.map((other) => resolve({ appId, ...other }).key);
  expect(new Set([key, ...keys]).size).toBe(others.length + 1);
  expect(resolve({ appId, network: alwaysOnline }).key).toBeUndefined();
  expect(resolve({ appId, log: silent }).key).toBe(key);
});
