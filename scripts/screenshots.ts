// `npm run screenshots`: the pictures in docs/, taken from the task board as it runs: two people in it, dark, on a phone, offline, refused.

import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { startBoard } from '../examples/task-board/start.ts';
import { launchBrowser } from '../test/support/browser.ts';

const docs = join(import.meta.dirname, '../docs');
/** Bytes. A picture is for looking at, not for waiting for. */
const most = 150_000;

const wide: BrowserContextOptions = { viewport: { width: 1360, height: 640 } };
const narrow: BrowserContextOptions = { viewport: { width: 390, height: 720 }, deviceScaleFactor: 1.5, hasTouch: true, isMobile: true };

const board = await startBoard({ port: 0, memory: true, empty: false });
const browser = await launchBrowser();
try {
  await mkdir(docs, { recursive: true });
  await together(browser);
  await alone(browser, 'board-narrow', { ...narrow, colorScheme: 'light' });
  await withoutNetwork(browser);
} finally {
  await browser.close();
  await board.close();
}

/** Light and dark, with others about. */
async function together(browser: Browser): Promise<void> {
  const ana = await open(browser, 'Ana', wide);
  const bea = await open(browser, 'Bea', wide);
  const caro = await open(browser, 'Caro', wide);
  await caro.getByText('Order seed potatoes').click();
  await ana.getByText('Build three raised beds').click();
  await point(bea, 'Mend the rain barrel');
  await picture(ana, 'board');
  await ana.emulateMedia({ colorScheme: 'dark' });
  await picture(ana, 'board-dark');
  for (const page of [ana, bea, caro]) await page.context().close();
}

async function alone(browser: Browser, name: string, options: BrowserContextOptions): Promise<void> {
  const page = await open(browser, 'Ana', options);
  await page.locator('.scroller').evaluate((scroller) => scroller.scrollTo({ left: 330 }));
  await picture(page, name);
  await page.context().close();
}

/** Writes that wait; then one of them is refused, as somebody else was first. */
async function withoutNetwork(browser: Browser): Promise<void> {
  const ana = await open(browser, 'Ana', wide);
  await ana.context().setOffline(true);
  await add(ana, 'In progress', 'Sow the broad beans');
  await add(ana, 'To do', 'Borrow a wheelbarrow');
  await ana.getByText('2 changes wait').waitFor();
  await picture(ana, 'board-offline');
  const bea = await open(browser, 'Bea', wide);
  await add(bea, 'Ideas', 'Borrow a wheelbarrow');
  await bea.locator('.saved[data-state=saved]').waitFor();
  await ana.context().setOffline(false);
  await ana.getByText('was not saved').waitFor();
  await ana.locator('.saved[data-state=refused]').waitFor();
  await picture(ana, 'board-refused');
}

async function open(browser: Browser, name: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  await page.goto(`${board.url}?me=${name}`);
  await page.getByText('Build three raised beds').waitFor();
  return page;
}

async function add(page: Page, column: string, title: string): Promise<void> {
  await page.getByLabel(`New task in ${column}`).fill(title);
  await page.keyboard.press('Enter');
}

async function point(page: Page, title: string): Promise<void> {
  const box = await page.getByText(title).boundingBox();
  if (!box) throw new Error(`${title} is not on the page`);
  for (const along of [0.4, 0.5]) await page.mouse.move(box.x + box.width * along, box.y + box.height);
}

/** Others' cursors and badges come a moment later. */
async function picture(page: Page, name: string): Promise<void> {
  await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
  await page.waitForTimeout(700);
  const path = join(docs, `${name}.png`);
  const before = await readFile(path).catch(() => undefined);
  await page.screenshot({ path: `${path}.new`, type: 'png' });
  const { size } = await stat(`${path}.new`);
  if (size > most) throw new Error(`${name}.png is of ${size} bytes, and should be smaller`);
  const isSame = before?.equals(await readFile(`${path}.new`)) ?? false;
  await rename(`${path}.new`, path);
  console.log(`docs/${name}.png  ${Math.round(size / 1000)} kB${isSame ? ', as it was' : ''}`);
}
