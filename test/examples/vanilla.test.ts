// The page without a framework, as it is started, in two windows of a real browser.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { tried } from './tried.ts';

const example = tried('vanilla', '--port', '0');

const items = (page: Page): Promise<string[]> => page.locator('#items li').allTextContents();

async function add(page: Page, text: string): Promise<void> {
  await page.getByLabel('What is missing?').fill(text);
  await page.getByRole('button', { name: 'Add' }).click();
}

test('two lists converge, also after one was offline', async () => {
  const [one, two] = [await example.windows.open(example.url), await example.windows.open(example.url)];
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
