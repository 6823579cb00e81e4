// The demo as it is run: what it prints, how it ends, what it says when it cannot start; and its page in two windows of a real browser.

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';

const root = join(import.meta.dirname, '../..');

interface Run {
  readonly process: ChildProcess;
  /** All it has printed so far. */
  printed(): string;
  complaints(): string;
  /** Its exit status, and the signal that ended it. */
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
}

/** The very command of `npm run demo`, without npm around it, so that a signal reaches it. */
function runDemo(...args: readonly string[]): Run {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const child = spawn(process.execPath, [tsx, 'examples/movies/main.ts', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (text) => (out += String(text)));
  child.stderr.on('data', (text) => (err += String(text)));
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => child.on('close', (status, signal) => resolve({ status, signal })));
  return { process: child, printed: () => out, complaints: () => err, ended };
}

function printed(run: Run, pattern: RegExp): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = run.printed().match(pattern);
      if (found) resolve(found);
    };
    run.process.stdout?.on('data', look);
    void run.ended.then(() => reject(new Error(`It ended without printing ${pattern}:\n${run.printed()}${run.complaints()}`)));
    look();
  });
}

describe('npm run demo -- --once', () => {
  test('shows the exchange and ends with status 0', { timeout: 60_000 }, async () => {
    const run = runDemo('--once');
    const end = await run.ended;
    const text = run.printed();
    expect(run.complaints()).toBe('');
    expect(end).toEqual({ status: 0, signal: null });
    for (const told of [
      /3201 of 3201 films/,
      /550 directors, 173 distributors, 12 genres/,
      /Alien +1979 +8\.5 +Ridley Scott/,
      /Ana +sees ★★★★★, before the server has heard of it/,
      /Bea +sees ★★★★★/,
      /Ana +sees Varda by Agnès, by Agnès Varda, a Documentary/,
      /server +no: .*unique/,
      /Ana +sees 12 again: it was rolled back/,
      /is told at once: .*'stars'/,
      /Bea +is not alone: Ana is here/,
      /Ana +is not alone: Bea is here/,
      /the write waits for a line[^]*Ana +still sees ★★★★★[^]*Ana +sees ★★★★☆/,
    ]) {
      expect(text).toMatch(told);
    }
    // Each line of a scene tells when.
    expect(text.match(/^ +[\d.]+ m?s {2}(Ana|Bea|server)/gm)?.length).toBeGreaterThan(15);
  });
});

describe('a demo that cannot start reports it in one message', () => {
  test('a port that is in use', { timeout: 30_000 }, async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const run = runDemo('--port', String(port));
    expect((await run.ended).status).toBe(1);
    expect(run.complaints().trim()).toBe(
      `The demo stopped: The page cannot be at port ${port}: another program listens there; --port takes another, or 0 for any`,
    );
    other.close();
  });

  test.each([
    [['--port', 'x'], /^The demo stopped: --port takes a number up to 65535, not 'x'$/],
    [['--twice'], /^The demo stopped: Unknown option '--twice'/],
  ])('%j', { timeout: 30_000 }, async (args, message) => {
    const run = runDemo(...args);
    expect((await run.ended).status).toBe(1);
    expect(run.complaints().trim()).toMatch(message);
  });
});

describe('the page', () => {
  let run: Run;
  let url: string;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    run = runDemo();
    browser = await launchBrowser();
    [url = ''] = await printed(run, /http:\/\/127\.0\.0\.1:\d+\//);
  }, 700_000);

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
    run.process.kill('SIGKILL');
  });

  /** A window of a browser of its own, in step with the server. */
  async function open(): Promise<Page> {
    const context = await browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    await page.locator('#status[data-status=authenticated]').waitFor();
    await page.locator('#films li').first().waitFor();
    return page;
  }

  const film = (page: Page, title: string): Locator => page.locator('#films li', { has: page.getByText(title, { exact: true }) });
  const starsOf = (page: Page, title: string, count: number): Promise<void> =>
    film(page, title).locator(`.stars [aria-label="${count} of 5"][aria-pressed=true]`).waitFor();
  const rate = (page: Page, title: string, count: number): Promise<void> => film(page, title).getByLabel(`${count} of 5`).click();

  test('two windows see each other, and a write in one appears in the other', { timeout: 60_000 }, async () => {
    const [one, two] = [await open(), await open()];
    await one.locator('#people li:not(.self)').waitFor();
    await two.locator('#people li:not(.self)').waitFor();
    await rate(one, 'The Dark Knight', 4);
    await starsOf(one, 'The Dark Knight', 4);
    await starsOf(two, 'The Dark Knight', 4);
    await rate(two, 'The Dark Knight', 2);
    await starsOf(one, 'The Dark Knight', 2);
    await one.locator('#waiting').waitFor({ state: 'hidden' });
  });

  test('films can be filtered, sorted, added and deleted', { timeout: 60_000 }, async () => {
    const [one, two] = [await open(), await open()];
    await one.getByLabel('Genre', { exact: true }).selectOption('Western');
    await film(one, 'Dances with Wolves').waitFor();
    await one.getByLabel('Search titles').fill('dollaro');
    await film(one, 'Per qualche dollaro in più').waitFor();
    await expect.poll(() => one.locator('#films li').count()).toBe(1);
    await two.getByLabel('Order').selectOption('added desc');
    await one.getByRole('button', { name: 'Add a film' }).click();
    await one.getByLabel('Title', { exact: true }).fill('A film <b>of ours</b>');
    await one.getByLabel('Year').fill('2024');
    await one.getByLabel('Genre of the new film').selectOption('Comedy');
    await one.getByRole('button', { name: 'Add', exact: true }).click();
    await film(one, 'A film <b>of ours</b>').waitFor();
    await film(two, 'A film <b>of ours</b>').getByText('Comedy').waitFor();
    await film(two, 'A film <b>of ours</b>').getByLabel('Delete').click();
    await film(one, 'A film <b>of ours</b>').waitFor({ state: 'detached' });
  });

  test.each([
    ['the network is gone', ['Pulp Fiction', 'Gladiator', 'Titanic'], (page: Page, isOff: boolean) => page.context().setOffline(isOff)],
    ['the button is pressed', ['Fight Club', 'The Godfather', 'The Matrix'], (page: Page) => page.locator('#line').click()],
  ])('offline, as %s: writes wait, and are caught up', { timeout: 60_000 }, async (_how, [first = '', second = '', third = ''], cut) => {
    const [one, two] = [await open(), await open()];
    await cut(one, true);
    await one.locator('#status[data-status=closed]').waitFor();
    await rate(one, first, 5);
    await rate(one, second, 1);
    await one.getByText('2 writes wait').waitFor();
    await starsOf(one, second, 1);
    await rate(two, third, 3);
    await starsOf(two, third, 3);
    expect(await film(two, second).locator('[aria-pressed=true]').count()).toBe(0);
    await cut(one, false);
    await starsOf(two, first, 5);
    await starsOf(two, second, 1);
    await starsOf(one, third, 3);
    await one.locator('#waiting').waitFor({ state: 'hidden' });
    // The same star again takes it away.
    await rate(two, second, 1);
    await expect.poll(() => film(one, second).locator('[aria-pressed=true]').count()).toBe(0);
  });

  test('a pending write outlives a reload', { timeout: 60_000 }, async () => {
    const [one, two] = [await open(), await open()];
    await one.locator('#line').click();
    await rate(one, 'Inception', 5);
    await one.getByText('1 write waits').waitFor();
    await one.reload();
    await starsOf(two, 'Inception', 5);
  });

  test('Ctrl-C stops the demo with status 0, even with open windows', { timeout: 30_000 }, async () => {
    const page = await open();
    // The browser complains of a server that is gone, and may.
    page.removeAllListeners('console');
    run.process.kill('SIGINT');
    expect(await run.ended).toEqual({ status: 0, signal: null });
    expect(run.complaints()).toBe('');
    await page.locator('#status:not([data-status=authenticated])').waitFor();
  });
});
