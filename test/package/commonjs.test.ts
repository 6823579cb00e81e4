// The package in CommonJS where `require` cannot load an ECMAScript module: in Jest, and in Node before 20.19.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { packedProject, type Project } from '../support/packed.ts';

const run = promisify(execFile);
let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

test('the client is loaded, writes and closes', async () => {
  const file = project.write(
    'client.cjs',
    `const { init, id, memoryStore } = require('triplane');
     const db = init({ appId: id(), storage: memoryStore(), startsWhenUsed: true });
     db.getLocalId('guest').then(() => db.close()).then(() => console.log('closed'));`,
  );
  const { stdout } = await run(process.execPath, ['--no-experimental-require-module', file], { cwd: project.folder });
  expect(stdout).toBe('closed\n');
});

test('nothing is required after the client is loaded, because a test runner forbids it once its test is over', async () => {
  const file = project.write(
    'late.cjs',
    `const Module = require('node:module');
     const { init, id, memoryStore } = require('triplane');
     const load = Module.prototype.require;
     Module.prototype.require = function (path) {
       if (this.filename.includes('triplane')) console.log('required late: ' + path);
       return load.call(this, path);
     };
     const db = init({ appId: id(), apiURI: 'http://127.0.0.1:1', storage: memoryStore(), onError() {} });
     db.on('*', () => {});
     db.auth.signInAsGuest().catch(({ code }) => console.log(code)).then(() => db.close());`,
  );
  const { stdout } = await run(process.execPath, ['--no-experimental-require-module', file], { cwd: project.folder });
  expect(stdout).toBe('unreachable\n');
});
