// The browser the tests are given is real: it loads a page from a server, runs its script, keeps what the page stores.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { launchBrowser } from './browser.ts';

const page = '<!doctype html><title>here</title><script>localStorage.setItem("kept", "yes")</script>';
const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page));
let browser: Browser;
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await launchBrowser();
}, 700_000);

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('a page runs, and finds again what it stored', async () => {
  const tab = await browser.newPage();
  await tab.goto(url);
  await tab.reload();
  expect(await tab.title()).toBe('here');
  expect(await tab.evaluate(() => [localStorage.getItem('kept'), typeof indexedDB, typeof navigator.locks])).toEqual([
    'yes',
    'object',
    'object',
  ]);
});
