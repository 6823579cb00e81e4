// A page that is denied a part of the platform: its getter throws from before the app is loaded, as where cookies are blocked or a page is
// hardened against scripts. The app starts, writes and reads all the same.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { type PageServer, servePage } from '../support/page-server.ts';

const source = `
  import { init, id } from './src/index.ts';
  window.app = {
    async writeAndRead(appId, apiURI) {
      const errors = [];
      const db = init({ appId, apiURI, onError: ({ message }) => errors.push(message) });
      const row = id();
      await db.transact(db.tx.notes[row].create({ text: 'a' })).settled;
      const { data } = await db.queryOnce({ notes: { $: { where: { id: row } } } });
      await db.close();
      return { notes: data.notes.length, errors };
    },
  };
`;

let browser: Browser;
let pages: PageServer;
let server: TriplaneServer;

beforeAll(async () => {
  pages = await servePage(source);
  browser = await launchBrowser();
  server = await createServer({ port: 0, storage: memory() });
}, 120_000);

afterAll(async () => {
  await browser.close();
  await pages.close();
  await server.close();
});

const deny = (owner: string, name: string): string =>
  `Object.defineProperty(${owner}, '${name}', { configurable: true, get() { throw new DOMException('denied', 'SecurityError'); } })`;

/** What the app did in a page where `script` ran before it. */
async function run(script: string): Promise<unknown> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  await page.addInitScript(script);
  await page.goto(pages.origin);
  await expect.poll(() => page.evaluate('window.app !== undefined'), { timeout: 20_000 }).toBe(true);
  const { appId, apiURI } = server;
  const done: object = await page.evaluate(`app.writeAndRead('${appId}', '${apiURI}')`);
  await page.close();
  return { ...done, problems };
}

test.each([
  ['window', 'indexedDB'],
  ['window', 'BroadcastChannel'],
  ['window', 'localStorage'],
  ['window', 'sessionStorage'],
  ['window', 'EventSource'],
  ['window', 'navigator'],
  ['window', 'history'],
  ['window', 'addEventListener'],
  ['window', 'structuredClone'],
  ['Navigator.prototype', 'locks'],
  ['Navigator.prototype', 'onLine'],
  ['Document.prototype', 'visibilityState'],
  ['Document.prototype', 'addEventListener'],
])('a getter of %s.%s that throws changes nothing', { timeout: 60_000 }, async (owner, name) => {
  expect(await run(deny(owner, name))).toEqual({ notes: 1, errors: [], problems: [] });
});

test('a getter of WebSocket that throws is told, and leaves event streams', { timeout: 60_000 }, async () => {
  const errors = [
    'This platform has no WebSocket: pass a constructor to init as `webSocket`',
    expect.stringContaining('No connection to ws://') as string,
  ];
  expect(await run(deny('window', 'WebSocket'))).toEqual({ notes: 1, errors, problems: [] });
});
