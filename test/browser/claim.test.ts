// What only one tab may have, by the locks of a real browser: the first that asks has it, until it is closed or killed.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundled, inPage, TabWorld, until } from '../support/tab-world.ts';

const source = `
  import { browserTabs } from './src/reactor/tabs/tab-channel.ts';
  const tabs = browserTabs('claims');
  window.app = { claim: (name) => tabs.claim(name), close: () => tabs.close() };
`;

interface App {
  claim(name: string): Promise<boolean>;
  close(): unknown;
}

let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()), 700_000);
afterAll(() => browser.close());

const claim = (tab: Page, name: string): Promise<boolean> =>
  inPage<App, Promise<boolean>, string>(tab, (app, given) => app.claim(given), name);

test('one tab has it; when that is killed, or closes its client, another can', async () => {
  const world = await TabWorld.open(browser, await bundled(source), {});
  const [one, two, three] = [await world.openTab(), await world.openTab(), await world.openTab()];
  expect([await claim(one, 'a'), await claim(two, 'a'), await claim(two, 'b'), await claim(one, 'b')]).toEqual([true, false, true, false]);
  await world.crash(one);
  await until(() => claim(three, 'a'), true);
  await inPage<App, unknown>(two, (app) => app.close());
  await until(() => claim(three, 'b'), true);
  await world.context.close();
});
