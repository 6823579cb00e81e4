// After `db.close()` in a real browser: no lock is held, and the database of the app can be deleted at once.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, memory } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { type PageServer, servePage } from '../support/page-server.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';

const source = `
  import { init, id } from './src/index.ts';
  const name = 'triplane/${appId}';
  const locks = async () => { const { held, pending } = await navigator.locks.query(); return [...held, ...pending].length; };
  const remove = () => new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onblocked = () => resolve('blocked');
    request.onsuccess = () => resolve('deleted');
    request.onerror = () => resolve('failed');
  });
  const open = (api) => init({ appId: '${appId}', apiURI: api, onError: () => {} });
  window.app = {
    async online(api) {
      const db = open(api);
      await db.transact(db.tx.goals[id()].create({ title: 'Swim' })).settled;
      const before = await locks();
      await db.close();
      return [before, await locks(), await remove()];
    },
    async offline(api) {
      const db = open(api);
      const write = db.transact(db.tx.goals[id()].create({ title: 'Kept' }));
      await db.close();
      const { status } = await write;
      const again = open(api);
      await again.getAuth();
      const kept = again.outbox.list().length;
      await again.close();
      return [status, kept, await locks(), await remove()];
    },
  };
`;

let browser: Browser;
let pages: PageServer;
let origin: string;

beforeAll(async () => {
  pages = await servePage(source);
  ({ origin } = pages);
  browser = await launchBrowser();
}, 120_000);

afterAll(async () => {
  await browser.close();
  await pages.close();
});

test('a database that was used and one whose server is unreachable can be closed and deleted', { timeout: 60_000 }, async () => {
  const server = await createServer({ port: 0, appId, storage: memory() });
  const page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction('window.app !== undefined');
  expect(await page.evaluate(`app.online(${JSON.stringify(server.apiURI)})`)).toEqual([1, 0, 'deleted']);
  await server.close();
  expect(await page.evaluate(`app.offline(${JSON.stringify(server.apiURI)})`)).toEqual(['enqueued', 1, 0, 'deleted']);
  await page.close();
});
