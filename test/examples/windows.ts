// Windows of a real browser, each of a browser of its own, and whatever their consoles complain of.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export class Windows {
  /** Errors of the pages. That there is no network is none. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #open: Page[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async open(url: string, options?: BrowserContextOptions): Promise<Page> {
    const context = await this.#browser.newContext(options);
    const page = await context.newPage();
    this.#open.push(page);
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !/ERR_INTERNET_DISCONNECTED|ERR_FAILED/.test(text)) this.complaints.push(text);
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    await page.goto(url);
    return page;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((page) => page.context().close()));
  }
}
