// The package served as it is built, without a bundler, to a page with an import map: few files, and the client works.

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer as createSyncServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { root } from '../support/packed.ts';

const imports = {
  triplane: '/node_modules/triplane/index.js',
  idb: '/node_modules/idb/build/index.js',
};

let browser: Browser;
let sync: TriplaneServer;
let pages: Server;
let requested: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  sync = await createSyncServer({ port: 0, storage: memory() });
  pages = createServer((request, response) => {
    const path = request.url ?? '';
    const isModule = path.startsWith('/node_modules/');
    if (isModule) requested.push(path);
    response.setHeader('content-type', isModule ? 'text/javascript' : 'text/html');
    response.end(isModule ? readFileSync(fileOf(path)) : page());
  }).listen(0, '127.0.0.1');
}, 700_000);

afterAll(async () => {
  await browser.close();
  await sync.close();
  pages.close();
});

function fileOf(path: string): string {
  const own = '/node_modules/triplane/';
  return path.startsWith(own) ? join(root, 'dist', path.slice(own.length)) : join(root, path.slice(1));
}

function page(): string {
  const { appId, apiURI } = sync;
  return `<!doctype html><ul></ul>
    <script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module">
      import { init, id } from 'triplane';
      const db = init(${JSON.stringify({ appId, apiURI })});
      db.subscribeQuery({ goals: {} }, ({ data }) => {
        document.querySelector('ul').innerHTML = (data?.goals ?? []).map(({ title }) => '<li>' + title + '</li>').join('');
      });
      await db.transact(db.tx.goals[id()].create({ title: 'swim' })).settled;
      document.title = 'confirmed';
    </script>`;
}

test('a page loads at most six files, and its write is confirmed', async () => {
  requested = [];
  const view = await browser.newPage();
  const faults: string[] = [];
  view.on('pageerror', (error) => faults.push(error.message));
  await view.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`);
  await view.waitForFunction(() => document.title === 'confirmed', undefined, { timeout: 15_000 }).catch(() => {});
  expect(faults).toEqual([]);
  expect(await view.locator('li').allTextContents()).toEqual(['swim']);
  expect(await view.title()).toBe('confirmed');
  expect(requested.length).toBeLessThanOrEqual(6);
});
