// The programs of docs/insforge.md and docs/realtime-platform.md, as a reader takes them over: they compile in a strict project, and run against
// the doubles of the two systems. And what happens where the optional package is not installed.

import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { anonKey, apiKey, InsforgeDouble } from '../insforge/double.ts';
import { PlatformDouble, platformToken } from '../realtime-platform/double.ts';
import { complaints } from '../support/complaints.ts';
import { packedProject, type Project, root } from '../support/packed.ts';

const pages = ['docs/insforge.md', 'docs/realtime-platform.md'];
const programs = pages.flatMap((page) => {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/```tsx?\n(?:\/\/ (\S+)\n)?(.*?)```/gs)];
  return blocks.map(([, name, code = '']) => ({ page, name: name && `${page.replace(/.*\/|\.md/g, '')}-${name}`, code }));
});

/** What each program prints. Those that only export something print nothing. */
const printed: Readonly<Record<string, RegExp>> = {
  'insforge-board.mts': /^here: 0\n(stroke s-91\n)?$/,
  'insforge-typed.mts': /^$/,
  'insforge-board.tsx': /^$/,
  'insforge-echo.mts': /^echo true\n$/,
  'insforge-admin.mts': /(^|\n)\d+\n$/,
  'insforge-webhook.mts': /^$/,
  'realtime-platform-board.mts': /^({ id: 's-91' }\n)?$/,
  'realtime-platform-documents.mts': /(^|\n)1 3\n/,
  'realtime-platform-vendor.mts': /^connected\nstroke { id: 's-92' }\ndisconnected\n$/,
};

let project: Project;
let insforge: InsforgeDouble;
let platform: PlatformDouble;
beforeAll(async () => {
  project = packedProject();
  insforge = new InsforgeDouble();
  insforge.define('board:%');
  platform = new PlatformDouble();
  await Promise.all([insforge.listen(), platform.listen()]);
  project.write('globals.d.ts', 'declare const session: { token(options: { force: boolean }): Promise<string> };');
  project.write('globals.mjs', `globalThis.session = { token: async () => ${JSON.stringify(platformToken())} };`);
  for (const { name, code } of programs) if (name) project.write(name, addressed(code));
}, 120_000);
afterAll(async () => {
  project.remove();
  await Promise.all([insforge.close(), platform.close()]);
});

/** With the addresses and credentials of the doubles. */
const addressed = (code: string): string =>
  code
    .replaceAll('https://your-app.insforge.app', insforge.url)
    .replaceAll('http://localhost:3000', platform.url)
    .replaceAll('anon_…', anonKey)
    .replaceAll('ik_…', apiKey)
    .replaceAll('eyJ…', platformToken());

const run = (name: string): Promise<{ stdout: string; stderr: string }> => {
  const loader = join(root, 'node_modules/tsx/dist/loader.mjs');
  const args = ['--import', loader, '--import', './globals.mjs', name];
  return promisify(execFile)(process.execPath, args, { cwd: project.folder, timeout: 60_000 });
};

test('every program has a name and a row in the table', () => {
  expect(programs.map(({ name }) => name).sort()).toEqual(Object.keys(printed).sort());
});

test('the programs compile', { timeout: 120_000 }, () => {
  const files = programs.map(({ name = '' }) => join(project.folder, name));
  expect(complaints(project.folder, [...files, join(project.folder, 'globals.d.ts')])).toEqual([]);
});

describe('the programs run', () => {
  test.each(Object.entries(printed))('%s', { timeout: 60_000 }, async (name, pattern) => {
    const { stdout, stderr } = await run(name);
    expect(stderr).toBe('');
    expect(stdout).toMatch(pattern);
  });
});

test('without socket.io-client, connecting names the package to install; the API works', { timeout: 60_000 }, async () => {
  rmSync(join(project.folder, 'node_modules/socket.io-client'));
  project.write(
    'without.mts',
    addressed(`
      import { createInsforgeAdmin, createInsforgeClient } from 'triplane/insforge';
      import { createRealtimePlatformClient } from 'triplane/realtime-platform';

      const insforge = createInsforgeClient({ baseUrl: 'https://your-app.insforge.app', anonKey: 'anon_…' });
      const platform = createRealtimePlatformClient({ url: 'http://localhost:3000', token: 'eyJ…', applicationId: 'app_demo' });
      const codeOf = (failure: { code: string; message: string }) => failure.code + (failure.message.includes('npm install socket.io-client') ? '!' : '');
      console.log(await Promise.all([insforge.connect(), platform.channel('a').join()].map((each) => each.then(() => 'none', codeOf))));
      const plain = createRealtimePlatformClient({ url: 'http://localhost:3000', token: 'eyJ…', transport: 'ws' });
      await plain.connect();
      console.log(await createInsforgeAdmin({ baseUrl: 'https://your-app.insforge.app', apiKey: 'ik_…' }).channels.list().then((all) => all.length));
      for (const client of [insforge, platform, plain]) await client.close();
    `),
  );
  const { stdout, stderr } = await run('without.mts');
  expect({ stdout, stderr }).toEqual({ stdout: "[ 'DEPENDENCY_MISSING!', 'DEPENDENCY_MISSING!' ]\n1\n", stderr: '' });
});
