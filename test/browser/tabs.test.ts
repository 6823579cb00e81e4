// Tabs of a real browser: real locks, a real channel, a real IndexedDB, and the embedded server at the other end.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { type PageServer, servePage } from '../support/page-server.ts';
import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';

/** What a page has of the client, as `window.app`. */
interface App {
  write(title: string): Promise<string>;
  titles(): string[];
  states(): string[];
  sent(): number;
}

const source = `
  import { init, id } from './src/index.ts';
  const db = init({ appId: '${appId}', apiURI: new URLSearchParams(location.search).get('api'), onError: () => {} });
  let seen = [];
  db.subscribeQuery({ goals: {} }, ({ data }) => { seen = data?.goals ?? []; });
  window.app = {
    write: (title) => db.transact(db.tx.goals[id()].create({ title })).queued.then(({ status }) => status),
    titles: () => seen.map(({ title }) => title).sort(),
    states: () => db.outbox.list().map(({ state }) => state),
    sent: () => window.said.filter((op) => op === 'transact').length,
  };
`;

/** What a page says over either transport, by op. Runs before anything else on it. */
const overhear = `
  window.said = [];
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (frame) { said.push(JSON.parse(frame).op); return send.call(this, frame); };
  const { fetch } = window;
  window.fetch = (url, init) => {
    if (init?.method === 'POST') for (const { op } of JSON.parse(init.body).messages ?? []) said.push(op);
    return fetch(url, init);
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

const app = <T>(page: Page, run: (app: App) => T): Promise<Awaited<T>> => page.evaluate(`(${run.toString()})(window.app)`);

async function openTab(context: BrowserContext, api: string): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(overhear);
  await page.goto(`${origin}/?api=${encodeURIComponent(api)}`);
  await page.waitForFunction('window.app !== undefined');
  return page;
}

async function until(check: () => Promise<unknown>, expected: unknown): Promise<void> {
  await expect.poll(check, { timeout: 20_000, interval: 50 }).toEqual(expected);
}

const serve = (port = 0): Promise<TriplaneServer> => createServer({ port, appId, storage: memory() });

/** A port that nobody listens on until a server is started there. */
async function freePort(): Promise<number> {
  const server = await serve();
  await server.close();
  return server.port;
}

describe('tabs of a browser', () => {
  test(
    'F5, F6: offline writes of three tabs are persisted, shown in every tab, and sent once by one of them',
    { timeout: 60_000 },
    async () => {
      const port = await freePort();
      const context = await browser.newContext();
      const tabs = [1, 2, 3].map(() => openTab(context, `http://127.0.0.1:${port}`));
      const [one, two, three] = (await Promise.all(tabs)) as [Page, Page, Page];
      for (const [at, tab] of [one, two, three].entries()) {
        for (let n = 0; n < 10; n += 1) expect(await app(tab, (client) => client.write('x')).then(() => at)).toBe(at);
      }
      for (const tab of [one, two, three]) await until(() => app(tab, (client) => client.states().length), 30);
      const server = await serve(port);
      for (const tab of [one, two, three]) {
        await until(() => app(tab, (client) => client.titles().length), 30);
        await until(() => app(tab, (client) => client.states()), []);
      }
      const sent = await Promise.all([one, two, three].map((tab) => app(tab, (client) => client.sent())));
      expect(sent.toSorted((a, b) => a - b)).toEqual([0, 0, 30]);
      await context.close();
      await server.close();
    },
  );

  test('W-14: the pending writes of a closed tab are sent by the other tabs', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const context = await browser.newContext();
    const [first, second] = [await openTab(context, `http://127.0.0.1:${port}`), await openTab(context, `http://127.0.0.1:${port}`)];
    await app(first, (client) => client.write('from the first'));
    await first.close();
    await app(second, (client) => client.write('from the second'));
    const server = await serve(port);
    await until(() => app(second, (client) => client.titles()), ['from the first', 'from the second']);
    await until(() => app(second, (client) => client.states()), []);
    expect(await app(second, (client) => client.sent())).toBe(2);
    await context.close();
    await server.close();
  });

  test('W-38: a write outlives the page, is shown at the next start, and is sent', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const context = await browser.newContext();
    const before = await openTab(context, `http://127.0.0.1:${port}`);
    await app(before, (client) => client.write('kept'));
    await before.close();
    const after = await openTab(context, `http://127.0.0.1:${port}`);
    await until(() => app(after, (client) => client.states()), ['pending']);
    const server = await serve(port);
    await until(() => app(after, (client) => client.titles()), ['kept']);
    await until(() => app(after, (client) => client.states()), []);
    await context.close();
    await server.close();
  });
});
