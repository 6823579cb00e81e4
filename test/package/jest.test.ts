// The package where Jest 30 runs it on Node 20: each module is compiled as CommonJS in a context of its own, an ECMAScript module cannot be
// loaded, `import()` is an error, and so is `require` once the test is over.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { entries } from '../../tsup.config.ts';
import { packedProject, type Project } from '../support/packed.ts';

const run = promisify(execFile);
let project: Project;

/** What Jest's runtime does with a module, and what it refuses. Prints `after the test: …` for a module that is required too late. */
const runtime = `
  const { readFileSync } = require('node:fs');
  const { builtinModules, createRequire } = require('node:module');
  const { dirname } = require('node:path');
  const vm = require('node:vm');

  const modules = new Map();
  let isOver = false;
  const names = ['AbortController', 'AbortSignal', 'BroadcastChannel', 'Blob', 'clearTimeout', 'console', 'crypto', 'DOMException', 'Event',
    'EventTarget', 'fetch', 'Headers', 'MessageChannel', 'performance', 'process', 'queueMicrotask', 'ReadableStream', 'Request', 'Response',
    'setImmediate', 'setTimeout', 'TextDecoder', 'TextEncoder', 'TransformStream', 'URL', 'URLSearchParams', 'WritableStream', 'Buffer'];
  const context = vm.createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
  context.global = context;

  function isModule(path) {
    if (!path.endsWith('.js')) return path.endsWith('.mjs');
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      try {
        return JSON.parse(readFileSync(folder + '/package.json', 'utf8')).type === 'module';
      } catch {
        if (folder === dirname(folder)) return false;
      }
    }
  }

  function load(path) {
    if (isOver) console.log('after the test: ' + path);
    if (builtinModules.includes(path.replace('node:', ''))) return require(path);
    const known = modules.get(path);
    if (known) return known.exports;
    if (isModule(path)) throw new SyntaxError('Cannot use import statement outside a module: ' + path);
    const module = { exports: {} };
    modules.set(path, module);
    const source = readFileSync(path, 'utf8');
    if (path.endsWith('.json')) return (module.exports = JSON.parse(source));
    const from = createRequire(path);
    const wrapped = '(function (module, exports, require, __filename, __dirname) {' + source + '\\n})';
    const make = new vm.Script(wrapped, { filename: path }).runInContext(context);
    make.call(module.exports, module, module.exports, (name) => load(from.resolve(name)), path, dirname(path));
    return module.exports;
  }

  exports.require = (name) => load(createRequire(__filename).resolve(name));
  exports.end = () => { isOver = true; };
`;

beforeAll(() => {
  project = packedProject();
  project.write('runtime.cjs', runtime);
});
afterAll(() => project.remove());

async function inJest(name: string, code: string): Promise<string> {
  const file = project.write(`${name}.cjs`, `const jest = require('./runtime.cjs');\n${code}`);
  const { stdout } = await run(process.execPath, ['--no-experimental-require-module', file], { cwd: project.folder, timeout: 60_000 });
  return stdout.trim();
}

/** The server runs in a process of its own; its libraries for keys and tokens are modules. */
const clients = Object.keys(entries).filter((entry) => !['triplane/server', 'triplane/testing'].includes(entry));

describe('each entry of a client is loaded', () => {
  test.each(clients)('%s', async (entry) => {
    expect(await inJest('load', `console.log(typeof jest.require(${JSON.stringify(entry)}));`)).toBe('object');
  });
});

test('a test writes, subscribes, and uses lazily loaded features; nothing is required after it', async () => {
  const code = `
    const { init, id, memoryStore } = jest.require('triplane');
    const errors = [];
    const db = init({ appId: id(), apiURI: 'http://127.0.0.1:1', storage: memoryStore(), onError: ({ code }) => errors.push(code) });
    db.on('*', () => {});
    db.subscribeQuery({ goals: {} }, () => {});
    const write = db.transact(db.tx.goals[id()].create({ title: 'Swim' }));
    const used = [write.queued, db.auth.signInAsGuest().catch(({ code }) => code), db.getLocalId('guest')];
    db.streams.createReadStream({ clientId: 'a' });
    db.subscribeQuery({ goals: {} }, () => {}, { local: true });
    jest.end();
    Promise.all(used).then(async ([, signedIn]) => {
      await db.close();
      console.log(signedIn, errors.filter((code) => code === 'module-missing').length);
    });`;
  expect(await inJest('late', code)).toBe('unreachable 0');
});
