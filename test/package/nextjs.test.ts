// docs/nextjs.md as a reader follows it: the project is built by `next build` against the packed package, and served by `next start`.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { packedProject, type Project, root } from '../support/packed.ts';

const page = readFileSync(join(root, 'docs/nextjs.md'), 'utf8');
const files = [...page.matchAll(/```tsx? file=(\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => ({ name, code }));
const run = promisify(execFile);
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' } as const;

let project: Project;
let sync: TriplaneServer;
let web: ChildProcess | undefined;
let browser: Browser;
let origin: string;

beforeAll(async () => {
  project = packedProject();
  sync = await createServer({ port: 0, storage: memory() });
  for (const { name, code } of files) {
    mkdirSync(dirname(join(project.folder, name)), { recursive: true });
    project.write(name, code.replaceAll('http://127.0.0.1:4747', sync.apiURI));
  }
  project.write('package.json', JSON.stringify({ name: 'app', private: true }));
  // As `create-next-app` writes it. Next.js adds the rest.
  project.write('tsconfig.json', JSON.stringify({ compilerOptions: { strict: true } }));
  for (const name of ['react-dom', 'typescript', '@types/react-dom']) {
    mkdirSync(dirname(join(project.folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(project.folder, 'node_modules', name), 'dir');
  }
  await next('build', '--webpack');
  origin = await start();
  browser = await launchBrowser();
}, 700_000);

afterAll(async () => {
  await browser?.close();
  if (web) {
    web.kill();
    await once(web, 'exit');
  }
  await sync.close();
  project.remove();
});

const command = join(root, 'node_modules/next/dist/bin/next');

async function next(...args: string[]): Promise<void> {
  await run(process.execPath, [command, ...args], { cwd: project.folder, env, timeout: 600_000 });
}

/** @returns the address of the page */
async function start(): Promise<string> {
  web = spawn(process.execPath, [command, 'start', '-p', '0'], { cwd: project.folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: web.stdout! })) {
    const [address] = /http:\/\/localhost:\d+/.exec(line) ?? [];
    if (address) return address;
  }
  throw new Error('next start ended without an address');
}

test('the page arrives with its rows, is live, and signs in; the next page is rendered for the user', async () => {
  const view = await browser.newPage();
  const faults: string[] = [];
  view.on('pageerror', (error) => faults.push(error.message));
  await view.goto(origin);
  await view.getByRole('button', { name: 'Add' }).click();
  await view.getByText('Learn to swim').waitFor();
  expect(await view.getByText('Signed out').count()).toBe(1);

  const reported = view.waitForResponse((response) => response.url() === `${origin}/api/instant`, { timeout: 30_000 });
  await view.getByRole('button', { name: 'Sign in' }).click();
  expect((await reported).status()).toBe(200);
  await view.getByText('Signed in as').waitFor();
  const signedIn = await view.getByText('Signed in as').textContent();

  const cookies = await view.context().cookies();
  expect(cookies).toMatchObject([{ name: expect.stringMatching(/^instant_user_/) as string, httpOnly: true, secure: true }]);
  const html = await (await view.context().request.get(origin)).text();
  expect(html).toContain('Learn to swim');
  expect(html).toContain(signedIn);
  expect(faults).toEqual([]);
});
