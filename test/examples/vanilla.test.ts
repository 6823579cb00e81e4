// The page without a framework, as it is started, in two windows of a real browser.

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { type Run, runExample } from './run.ts';
import { Windows } from './windows.ts';

let run: Run;
let url: string;
let browser: Browser;
let windows: Windows;

beforeAll(async () => {
  run = runExample('vanilla', '--port', '0');
  browser = await launchBrowser();
  windows = new Windows(browser);
  [url = ''] = await run.printed(/http:\/\/127\.0\.0\.1:\d+\//);
}, 700_000);

afterEach(async () => {
  await windows.closeAll();
  expect(windows.complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser.close();
  run.process.kill('SIGINT');
  expect(await run.ended).toMatchObject({ status: 0, err: '' });
});

const items = (page: Page): Promise<string[]> => page.locator('#items li').allTextContents();

async function add(page: Page, text: string): Promise<void> {
  await page.getByLabel('What is missing?').fill(text);
  await page.getByRole('button', { name: 'Add' }).click();
}

test('two lists are one, also after one was offline', async () => {
  const [one, two] = [await windows.open(url), await windows.open(url)];
  await one.getByText('One other is here.').waitFor();
  await add(one, 'Bread');
  await two.getByLabel('Got Bread').check();
  await one.locator('li.done', { hasText: 'Bread' }).waitFor();

  await one.context().setOffline(true);
  await one.getByText('No line to the server.').waitFor();
  await add(one, 'Salt');
  await one.getByText('1 change waits.').waitFor();
  await two.getByLabel('Remove Bread').click();
  await one.context().setOffline(false);
  for (const page of [one, two]) await expect.poll(() => items(page)).toEqual(['Salt×']);
  await one.getByText('One other is here.', { exact: true }).waitFor();
});
