// The whole move of an app: the official client in two tabs, at a server that plays the old cloud and then is gone; a backup, an import, a new
// server; the same two tabs, loaded again with the other client and the new address.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, sqlite, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { inApp, MovedPage, officialScript, officialStored, ourScript } from '../support/moved-page.ts';
import { RecordingProxy } from '../support/overheard.ts';
import { until } from '../support/tab-world.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be09';
const adminToken = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be0a';
const pathTo = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

let browser: Browser;
let folder: string;
let device: MovedPage;
beforeAll(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'triplane-moved-'));
  device = await MovedPage.open(browser);
}, 700_000);
afterAll(async () => {
  await device.close();
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** As `npx triplane …`. */
function triplane(...args: readonly string[]): Promise<string> {
  const node = ['--import', pathTo('node_modules/tsx/dist/loader.mjs'), pathTo('src/server/cli/cli.ts'), ...args];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, node, { cwd: folder }, (error, out, err) => (error ? reject(new Error(out + err)) : resolve(out)));
  });
}

const dataOf = (name: string): string => join(folder, name);

class Cloud {
  readonly line: RecordingProxy;
  readonly #server: TriplaneServer;

  private constructor(server: TriplaneServer) {
    this.#server = server;
    this.line = new RecordingProxy(server.port);
    this.line.isForSocketsOnly = true;
  }

  static async start(name: string): Promise<Cloud> {
    const cloud = new Cloud(await createServer({ port: 0, appId, adminToken, storage: sqlite(dataOf(name)) }));
    await cloud.line.start();
    return cloud;
  }

  async admin(path: string, body: unknown): Promise<unknown> {
    const headers = { 'content-type': 'application/json', 'app-id': appId, authorization: `Bearer ${adminToken}` };
    const response = await fetch(`${this.#server.apiURI}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  }

  /** Titles in the order of their creation, with their tags. */
  async goals(): Promise<string[]> {
    const query = { goals: { $: { order: { serverCreatedAt: 'asc' } }, tags: {} } };
    const { goals } = (await this.admin('/admin/query', { query })) as { goals: { title: string; tags: { name: string }[] }[] };
    return goals.map(({ title, tags }) => [title, ...tags.map(({ name }) => name)].join(' #'));
  }

  async stop(): Promise<void> {
    await this.line.close();
    await this.#server.close();
  }
}

const status = (page: Page): Promise<string> => inApp(page, (app) => app.status());
const pending = (page: Page): Promise<string[]> => inApp(page, (app) => app.pending());
const write = (page: Page, title: string): Promise<unknown> => inApp(page, (app, text) => app.write(text), title);

/** Ann is signed in, a row is there; one write was carried out and never answered, then the old cloud is gone. */
async function lastDay(old: Cloud, page: Page): Promise<string> {
  const { user } = (await old.admin('/admin/refresh_tokens', { email: 'ann@example.com' })) as { user: { refresh_token: string } };
  await inApp(page, (app, token) => app.signIn(token), user.refresh_token);
  await until(() => status(page), 'authenticated');
  await inApp(page, (app) => app.link('title seed', 'old'));
  await until(() => inApp(page, (app) => app.titles()), ['title seed #old']);
  const localId = await inApp(page, (app) => app.localId('guest'));
  await until(() => inApp(page, (app) => app.hasStored()), true);
  await officialStored(page, 0);
  old.line.swallowsAcks = true;
  void inApp(page, (app) => void app.create('title unanswered'));
  await until(() => old.goals(), ['title seed #old', 'title unanswered']);
  await officialStored(page, 1);
  old.line.cut();
  await until(async () => (await status(page)) === 'authenticated', false);
  // Otherwise it would give up the unanswered write after six seconds, and overwrite what other tabs have stored.
  await device.reload(page);
  return localId;
}

test('pending writes of two tabs arrive once, in order; the user and the local id are kept', { timeout: 180_000 }, async () => {
  const old = await Cloud.start('old');
  await device.deploy(officialScript(appId, old.line.url));
  const first = await device.openTab();
  const localId = await lastDay(old, first);
  await write(first, 'title 1');
  await inApp(first, (app) => app.link('title 2', 'new'));
  await officialStored(first, 3);
  const second = await device.openTab();
  await write(second, 'title 3');
  await write(second, 'title 4');
  const eventIds = await officialStored(second, 5);
  await old.stop();

  await triplane('export', 'app.zip', '--data', dataOf('old'), '--app-id', appId);
  expect(await triplane('import', 'app.zip', '--data', dataOf('new'), '--admin-token', adminToken)).toContain('are as in the source');

  const now = await Cloud.start('new');
  now.line.cut();
  await device.deploy(ourScript(appId, now.line.url));
  await device.reload(first, second);
  const tabs = [first, second];
  const everything = ['title 1', 'title 2 #new', 'title 3', 'title 4', 'title seed #old', 'title unanswered'];
  for (const tab of tabs) {
    expect(await pending(tab)).toEqual(eventIds);
    expect(await inApp(tab, (app) => app.email())).toBe('ann@example.com');
    expect(await inApp(tab, (app) => app.localId('guest'))).toBe(localId);
    await until(() => inApp(tab, (app) => app.titles()), everything);
  }
  // Made before this client has ever spoken to the new server: by the attributes that the old one had.
  await write(first, 'title 5');

  now.line.heal();
  for (const tab of tabs) await until(() => pending(tab), []);
  const arrived = ['title 1', 'title 2 #new', 'title 3', 'title 4', 'title 5'];
  expect(await now.goals()).toEqual(['title seed #old', 'title unanswered', ...arrived]);
  expect(now.line.commits.map(({ title }) => title)).toEqual(arrived.map((title) => title.replace(/ #.*/, '')));
  const shown = [...everything, 'title 5'].sort();
  for (const tab of tabs) {
    await until(() => status(tab), 'authenticated');
    await until(() => inApp(tab, (app) => app.titles()), shown);
    expect(await inApp(tab, (app) => app.email())).toBe('ann@example.com');
    expect((await inApp(tab, (app) => app.errors())).filter((error) => !error.startsWith('No connection'))).toEqual([]);
    // Nothing that was shown before the new server answered went away meanwhile.
    const history = await inApp(tab, (app) => app.history());
    const complete = history.slice(history.findIndex((titles) => titles.length >= everything.length));
    for (const titles of complete) expect(titles).toEqual(expect.arrayContaining(everything));
  }
  const taken = (await Promise.all(tabs.map((tab) => inApp(tab, (app) => app.adoptions())))).flat();
  expect(taken).toMatchObject([{ writes: 5, localIds: 1, skipped: [] }]);
  await now.stop();
});
