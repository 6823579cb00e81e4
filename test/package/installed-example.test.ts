// examples/chat as `npm install` leaves it: with the packages of its own package.json, `triplane` as a link to this repository, and so with a second
// React beside the one of the repository.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { root } from '../support/packed.ts';

const folder = mkdtempSync(join(tmpdir(), 'triplane-example-'));
const example = join(folder, 'examples/chat');
let server: ChildProcess;
let url: string;

function install(name: string): void {
  const [from, to] = [join(root, 'node_modules', name), join(example, 'node_modules', name)];
  mkdirSync(dirname(to), { recursive: true });
  if (name === 'triplane') symlinkSync(root, to, 'dir');
  else if (/^(react|react-dom|scheduler)$/.test(name)) cpSync(realpathSync(from), to, { recursive: true });
  else symlinkSync(from, to, 'dir');
}

beforeAll(async () => {
  cpSync(join(root, 'examples/chat'), example, { recursive: true, filter: (path) => !path.includes('node_modules') });
  symlinkSync(join(root, 'test'), join(folder, 'test'), 'dir');
  const { dependencies } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8')) as { dependencies: object };
  for (const name of [...Object.keys(dependencies), 'scheduler']) install(name);
  server = spawn(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), 'main.ts', '--port', '0'], { cwd: example });
  url = await new Promise((resolve, reject) => {
    let out = '';
    const read = (text: Buffer): void => {
      out += text.toString();
      const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(out) ?? [];
      if (found) resolve(found);
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('exit', () => reject(new Error(out)));
  });
}, 120_000);

afterAll(async () => {
  server.kill('SIGINT');
  if (server.exitCode === null) await once(server, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

test('the page works on each backend', { timeout: 120_000 }, async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(url);
    for (const backend of ['Triplane', 'InsForge', 'Realtime Platform']) {
      await page
        .getByLabel('Backend')
        .selectOption(backend, { timeout: 20_000 })
        .catch(() => {});
      expect(errors).toEqual([]);
      await page.getByText('Nobody else is here.').waitFor();
    }
  } finally {
    await browser.close();
  }
});
