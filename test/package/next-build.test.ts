// The files of docs/nextjs.md in a project of their own: `next build` accepts them, and the site that `next start` serves signs in.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { packedProject, type Project, root } from '../support/packed.ts';

const guide = readFileSync(join(root, 'docs/nextjs.md'), 'utf8');
const files = [...guide.matchAll(/```tsx? file=(\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => ({ name, code }));
const appId = /appId = '([^']+)'/.exec(guide)?.[1] ?? '';
/** What `create-next-app` installs besides the peers of the package. */
const installed = ['react-dom', '@types/react-dom', 'typescript'];
const compilerOptions = {
  ...{ target: 'ES2017', lib: ['dom', 'dom.iterable', 'esnext'], strict: true, noEmit: true, skipLibCheck: true, esModuleInterop: true },
  ...{ module: 'esnext', moduleResolution: 'bundler', resolveJsonModule: true, isolatedModules: true, jsx: 'react-jsx' },
};
const next = join(root, 'node_modules/next/dist/bin/next');
const env = { ...process.env, NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: '1', CI: '1' } as unknown as NodeJS.ProcessEnv;

let project: Project;
let sync: TriplaneServer;
let site: ChildProcess;
let siteURI: string;
let browser: Browser;

function makeProject(): Project {
  const made = packedProject();
  for (const { name, code } of files) {
    mkdirSync(dirname(join(made.folder, name)), { recursive: true });
    made.write(name, code.replace('http://127.0.0.1:4747', sync.apiURI));
  }
  made.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions, include: ['next-env.d.ts', '**/*.ts', '**/*.tsx'], exclude: ['node_modules'] }),
  );
  // Its modules are links out of the project.
  made.write('next.config.mjs', `export default { turbopack: { root: '/' } };`);
  made.write('package.json', JSON.stringify({ name: 'docs', private: true }));
  for (const name of installed) {
    const target = join(made.folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), target, 'dir');
  }
  return made;
}

/** The address that the server prints once it listens. */
async function startSite(): Promise<string> {
  site = spawn(process.execPath, [next, 'start', '--port', '0', '--hostname', '127.0.0.1'], { cwd: project.folder, env });
  let printed = '';
  // The site goes on printing: its output must stay open.
  for await (const chunk of site.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    printed += String(chunk);
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    if (address === undefined) continue;
    site.stdout?.resume();
    return address;
  }
  throw new Error(`next start printed no address: ${printed}`);
}

beforeAll(async () => {
  sync = await createServer({ port: 0, appId, storage: memory() });
  project = makeProject();
  browser = await launchBrowser();
}, 700_000);

afterAll(async () => {
  await browser?.close();
  await sync?.close();
  project?.remove();
});

async function stopSite(): Promise<void> {
  if (site.exitCode === null && site.kill()) await once(site, 'exit');
}

const html = async (page: Page): Promise<string> => (await page.request.get(siteURI)).text();

describe.each(['turbopack', 'webpack'])('with %s', (bundler) => {
  afterAll(stopSite);

  test('the site is built', { timeout: 300_000 }, async () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [next, 'build', `--${bundler}`], {
      cwd: project.folder,
      env,
      encoding: 'utf8',
    });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
    siteURI = await startSite();
  });

  test('a visitor signs in, and the server renders the next page for them, with the rows', { timeout: 120_000 }, async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on(
      'response',
      (response) =>
        response.status() >= 400 && !response.url().endsWith('favicon.ico') && faults.push(`${response.status()} ${response.url()}`),
    );
    await page.goto(siteURI);
    await page.getByText('Signed out').waitFor();
    const rows = page.getByRole('listitem');
    const before = await rows.count();
    const stored = page.waitForResponse((response) => response.url().endsWith('/api/instant'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    const shown = await page.getByText(/Signed in as/).textContent();
    expect((await stored).status()).toBe(200);
    await page.getByRole('button', { name: 'Add' }).click();
    await rows.nth(before).waitFor();
    const rendered = await html(page);
    expect(rendered.split('<li>').length - 1).toBe(before + 1);
    expect(rendered.replaceAll('<!-- -->', '')).toContain(shown);
    await page.reload();
    await rows.nth(before).waitFor();
    expect(await rows.last().textContent()).toBe('Learn to swim');
    expect(await page.getByText(/Signed in as/).textContent()).toBe(shown);
    expect(faults).toEqual([]);
  });
});
