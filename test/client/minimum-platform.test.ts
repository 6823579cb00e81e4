// The client on the oldest platform it supports (README, "Where it runs"): what that platform does not have is deleted.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createServer, type TriplaneServer } from '../../src/server/index.ts';

let server: TriplaneServer;
beforeAll(async () => void (server = await createServer()));
afterAll(() => server.close());

async function run(...args: string[]): Promise<unknown> {
  const script = fileURLToPath(new URL('./old-engine.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, server.apiURI, server.appId, ...args], {
    timeout: 50_000,
  });
  return JSON.parse(stdout);
}

const missing = ['TriplaneError', 'dependency-missing'];

it('queries, writes, infinite lists, rooms and cancellation work', async () => {
  expect(await run()).toEqual({
    subscription: [4, 3, 2, 1, 0],
    ordered: ['e', 'd', 'c', 'b', 'a'],
    list: 4,
    merged: { list: [1, { two: 2 }], more: true },
    presence: 'ben',
    aborted: 'AbortError',
    streams: [missing, missing],
    errors: [],
  });
}, 60_000);

it('without secure randomness, `id` and `init` say what to install', async () => {
  expect(await run('crypto')).toEqual({ id: missing, init: missing });
}, 60_000);
