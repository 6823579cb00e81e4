// Tabs of a real browser, whose page is there without a network too, as that of an app that is installed. What a page runs is told by the
// test; what it offers is `window.app`.

import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Secure, so that there are locks and `crypto.subtle`; nobody is asked for it over the network. */
const origin = 'http://localhost:9';

export async function bundled(source: string): Promise<string> {
  const stdin = { contents: source, resolveDir: process.cwd(), loader: 'ts' as const };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', target: 'es2022', write: false, conditions: ['browser'] });
  return outputFiles[0]?.text ?? '';
}

export class TabWorld {
  readonly context: BrowserContext;
  readonly #parameters: string;

  private constructor(context: BrowserContext, parameters: string) {
    this.context = context;
    this.#parameters = parameters;
  }

  /** One browser profile, with nothing in it. `parameters` reach the page as `location.search`. */
  static async open(browser: Browser, script: string, parameters: Readonly<Record<string, string>>): Promise<TabWorld> {
    // A page that came from nowhere may otherwise not speak to this machine.
    const context = await browser.newContext({ permissions: ['local-network-access'] });
    const html = `<!doctype html><title>tab</title><script type="module">${script.replaceAll('</script', '<\\/script')}</script>`;
    await context.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    return new TabWorld(context, new URLSearchParams(parameters).toString());
  }

  async openTab(): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${origin}/?${this.#parameters}`);
    await page.waitForFunction('window.app !== undefined');
    return page;
  }

  async reload(page: Page): Promise<void> {
    await page.reload();
    await page.waitForFunction('window.app !== undefined');
  }

  /** As when the tab's process is killed: no event is fired in it, nothing in it runs on. */
  async crash(page: Page): Promise<void> {
    const session = await this.context.newCDPSession(page);
    const crashed = new Promise((resolve) => page.once('crash', resolve));
    void session.send('Page.crash').catch(() => {});
    await crashed;
    await page.close();
  }
}

/** Runs in the page; `run` sees nothing but what it is given. */
export function inPage<App, T, Given = undefined>(page: Page, run: (app: App, given: Given) => T, given?: Given): Promise<Awaited<T>> {
  return page.evaluate(`(${run.toString()})(window.app, ${JSON.stringify(given) ?? 'undefined'})`);
}

export async function until(check: () => unknown, expected: unknown): Promise<void> {
  await expect.poll(check, { timeout: 30_000, interval: 50 }).toEqual(expected);
}
