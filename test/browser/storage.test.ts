// The cases any storage must pass, on the IndexedDB of a real browser.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStore } from '../../src/storage/memory.ts';
import { storageConformance } from '../../src/storage-conformance/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { bundled, inPage, TabWorld } from '../support/tab-world.ts';

const source = `
  import { storageConformance } from './src/storage-conformance/index.ts';
  import { indexedDbStore } from './src/storage/indexed-db.ts';
  const cases = storageConformance(async (name) => indexedDbStore(name), { isShared: true });
  window.app = {
    names: cases.map(({ name }) => name),
    run: (name) => cases.find((one) => one.name === name).run().then(() => 'passed', (error) => String(error)),
  };
`;

interface App {
  readonly names: readonly string[];
  run(name: string): Promise<string>;
}

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await launchBrowser();
  page = await (await TabWorld.open(browser, await bundled(source), {})).openTab();
}, 700_000);
afterAll(() => browser.close());

const names = storageConformance(async () => memoryStore(), { isShared: true }).map(({ name }) => name);

test('the browser runs the same cases', async () => {
  expect(await inPage<App, readonly string[]>(page, (app) => app.names)).toEqual(names);
});

test.each(names)('%s', async (name) => {
  expect(await inPage<App, Promise<string>, string>(page, (app, given) => app.run(given), name)).toBe('passed');
});
