// A real browser for the tests that need one. Chromium is looked for on the machine and installed where it is missing: such a test is never
// skipped. Two test files that find it missing at once do not install it twice.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { type Browser, chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'];
const known = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];
const root = join(import.meta.dirname, '../..');
const lock = join(tmpdir(), 'triplane-chromium.lock');
const installMs = 5 * 60_000;

/** Where playwright keeps the browsers it installs, newest first. */
function fromPlaywright(): string[] {
  const caches = [
    process.env['PLAYWRIGHT_BROWSERS_PATH'],
    join(homedir(), '.cache/ms-playwright'),
    join(homedir(), 'Library/Caches/ms-playwright'),
  ];
  const inside = ['chrome-linux64/chrome', 'chrome-linux/chrome', 'chrome-mac/Chromium.app/Contents/MacOS/Chromium'];
  return caches
    .filter((folder): folder is string => folder !== undefined && existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((folder) => /chromium-\d+$/.test(folder))
    .sort()
    .reverse()
    .flatMap((folder) => inside.map((path) => join(folder, path)));
}

function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named && !existsSync(named)) throw new Error(`CHROMIUM_PATH names ${named}, which is not there`);
  return named ?? [...known, ...fromPlaywright()].find((path) => existsSync(path));
}

/** From Debian where we may, else from playwright. */
function install(): void {
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], timeout: installMs });
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  } else {
    run('npx', ['playwright-core', 'install', 'chromium']);
  }
}

/** True if the lock is ours now. One that is older than any installation belongs to nobody. */
function takeLock(): boolean {
  const heldSince = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (heldSince !== undefined && Date.now() - heldSince > 2 * installMs) rmSync(lock, { recursive: true, force: true });
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

async function provideChromium(): Promise<string> {
  const deadline = Date.now() + 2 * installMs;
  while (!takeLock()) {
    if (Date.now() > deadline) throw new Error(`Chromium is being installed for too long; remove ${lock} and start again`);
    await wait(500);
  }
  try {
    if (!findChromium()) install();
  } catch (cause) {
    throw new Error('Chromium is missing and could not be installed; install it, or name it in CHROMIUM_PATH', { cause });
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
  const path = findChromium();
  if (!path) throw new Error('Chromium was installed and is not to be found; name it in CHROMIUM_PATH');
  return path;
}

/** A headless Chromium. Whoever opened it closes it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium() ?? (await provideChromium());
  return chromium.launch({ executablePath, args: flags, timeout: 60_000 });
}
