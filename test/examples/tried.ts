// An example that runs, and windows of a real browser to try it in, for the length of a test file.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { type Run, runExample } from './run.ts';
import { Windows } from './windows.ts';

export interface Tried {
  /** Where it says that it is. */
  readonly url: string;
  readonly windows: Windows;
}

/** After each test no page may have complained; in the end it has to stop as it is told to, without a word. */
export function tried(name: string, ...args: readonly string[]): Tried {
  let run: Run;
  let url: string;
  let browser: Browser;
  let windows: Windows;

  beforeAll(async () => {
    run = runExample(name, ...args);
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

  return {
    get url() {
      return url;
    },
    get windows() {
      return windows;
    },
  };
}
