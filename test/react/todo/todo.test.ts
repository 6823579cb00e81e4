// One app, two packages: what differs is the import. Both run in a real browser against the embedded server, side by side, and see the same.

import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, type TriplaneServer } from '../../../src/server/server.ts';
import { launchBrowser } from '../../support/browser.ts';

const root = join(import.meta.dirname, '../../..');
const ours = { '@instantdb/react': join(root, 'src/react/index.ts'), triplane: join(root, 'src/index.ts') };
const scripts = new Map<string, string>();
const pages = createHttpServer((request, response) => {
  const script = scripts.get(request.url?.slice(1) ?? '');
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
  const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
  response.end(script ?? `<!doctype html><div id="app"></div><script type="module" src="/${name}.js"></script>`);
});
let server: TriplaneServer;
let browser: Browser;

async function bundle(alias: Record<string, string>): Promise<string> {
  const built = await build({
    entryPoints: [join(import.meta.dirname, 'app.tsx')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    jsx: 'automatic',
    alias,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return built.outputFiles[0]?.text ?? '';
}

beforeAll(async () => {
  scripts.set('official.js', await bundle({}));
  scripts.set('ours.js', await bundle(ours));
  server = await createServer();
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  browser = await launchBrowser();
}, 700_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  pages.closeAllConnections();
  pages.close();
});

async function open(which: 'official' | 'ours'): Promise<Page> {
  const { appId, apiURI, websocketURI } = server;
  const settings = new URLSearchParams({ appId, apiURI, websocketURI, name: which });
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/${which}?${settings.toString()}`);
  await page.waitForSelector('main');
  return page;
}

const todos = (page: Page) =>
  page.$$eval('li', (items) => items.map((item) => `${item.querySelector('input')!.checked ? 'x' : '-'} ${item.textContent.trim()}`));

async function write(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

test('the official package and ours work on one server', async () => {
  const both = [await open('official'), await open('ours')] as const;
  const [official, own] = both;
  const bothSee = async (expected: string[]) => {
    for (const page of both) await expect.poll(() => todos(page)).toEqual(expected);
  };
  await write(own, 'from ours');
  await bothSee(['- from ours']);
  await write(official, 'from official');
  await bothSee(['- from ours', '- from official']);
  await own.click('li:nth-child(2) input');
  await bothSee(['- from ours', 'x from official']);
  for (const page of both) {
    await page.click('#only-open');
    await expect.poll(() => todos(page)).toEqual(['- from ours']);
    await page.click('#only-open');
  }
  await official.click('#clear');
  await bothSee(['- from ours']);
  for (const [page, other] of [[official, 'ours'], [own, 'official']] as const) await expect.poll(() => page.textContent('#others')).toContain(other); // prettier-ignore
  await official.click('#others');
  await own.click('#others');
  await expect.poll(() => official.textContent('#others')).toBe('ours from ours authenticated nobody');
  await expect.poll(() => own.textContent('#others')).toBe('official from official authenticated nobody');
}, 60_000);

test('a write made offline outlives a reload and is sent', async () => {
  const [own, official] = [await open('ours'), await open('official')];
  await own.context().setOffline(true);
  await write(own, 'offline');
  await expect.poll(() => todos(own)).toContain('- offline');
  await own.waitForTimeout(50);
  await own.context().setOffline(false);
  await own.reload();
  await expect.poll(() => todos(official)).toContain('- offline');
}, 60_000);
