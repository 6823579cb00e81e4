// The programs in README.md, as a reader runs them: each is type-checked against the packed package and run beside `triplane dev`. A Node program
// must print the `text` block that follows it; the React component must work in Chromium.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { entries } from '../tsup.config.ts';
import { launchBrowser } from './support/browser.ts';
import { complaints } from './support/complaints.ts';
import { manifest, packedProject, type Project, root } from './support/packed.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)];
const programs = blocks.map(([, code = '', prints], at) => ({ name: `program-${at + 1}.mts`, code, prints }));
const [component = ''] = [...readme.matchAll(/```tsx\n(.*?)```/gs)].map(([, code = '']) => code);

const run = promisify(execFile);
let project: Project;
let server: ChildProcess;
let url: string;

/** As the README starts the server. */
const appFlags = /npx triplane dev (--app-id \S+)/.exec(readme)?.[1]?.split(' ') ?? [];

beforeAll(async () => {
  project = packedProject();
  const args = [
    join(project.folder, 'node_modules/triplane', manifest.bin['triplane'] ?? ''),
    'dev',
    '--memory',
    '--port',
    '0',
    '--json',
    ...appFlags,
  ];
  server = spawn(process.execPath, args, { cwd: project.folder, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: server.stdout! })) {
    ({ url } = JSON.parse(line) as { url: string });
    break;
  }
});

afterAll(async () => {
  server.kill();
  await once(server, 'exit');
  project.remove();
});

/** The program with the address of this test's server in place of the default one. */
const addressed = (code: string): string => code.replaceAll('http://127.0.0.1:4747', url);

test('the first screen has a component and a Node program, both short', () => {
  expect(programs.length).toBeGreaterThan(1);
  for (const code of [component, programs[0]?.code ?? '']) {
    expect(code).toContain('http://127.0.0.1:4747');
    expect(code.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(20);
    expect(readme.slice(0, readme.indexOf(code)).split('\n').length).toBeLessThanOrEqual(50);
  }
  for (const { prints } of programs) expect(prints).toBeDefined();
});

test.each(programs)('$name compiles, runs to its end, and prints what the README says', async ({ name, code, prints }) => {
  const file = project.write(name, addressed(code));
  expect(complaints(project.folder, [file])).toEqual([]);
  const { stdout, stderr } = await run(join(root, 'node_modules/.bin/tsx'), [file], { cwd: project.folder, timeout: 30_000 });
  expect({ stdout, stderr }).toEqual({ stdout: prints, stderr: '' });
});

/** Serves one script in an empty page. */
async function serve(script: string): Promise<{ readonly origin: string; readonly close: () => void }> {
  const pages = createServer((request, response) => {
    const isScript = request.url === '/app.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><div id="root"></div><script type="module" src="/app.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  return { origin: `http://127.0.0.1:${(pages.address() as AddressInfo).port}`, close: () => void pages.close() };
}

test('the component compiles; what one window adds appears in another', async () => {
  const file = project.write('films.tsx', addressed(component));
  expect(complaints(project.folder, [file])).toEqual([]);
  const main = "import { createRoot } from 'react-dom/client'; import { createElement } from 'react'; import { Films } from './films.tsx';";
  const { outputFiles } = await build({
    stdin: {
      contents: `${main} createRoot(document.getElementById('root')).render(createElement(Films));`,
      resolveDir: project.folder,
    },
    alias: { 'react-dom': join(root, 'node_modules/react-dom') },
    jsx: 'automatic',
    bundle: true,
    write: false,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const page = await serve(outputFiles[0]?.text ?? '');
  const browser = await launchBrowser();
  try {
    const [mine, theirs] = await Promise.all([browser.newContext(), browser.newContext()]);
    const [here, there] = await Promise.all([mine.newPage(), theirs.newPage()]);
    await Promise.all([here.goto(page.origin), there.goto(page.origin)]);
    await here.getByRole('button', { name: 'Add' }).click();
    await there.getByText('Sans Soleil').waitFor();
    expect(await here.locator('li', { hasText: 'Sans Soleil' }).count()).toBe(1);
  } finally {
    await browser.close();
    page.close();
  }
});

test('every entry is in the table with its sizes, which are the limits in package.json', () => {
  for (const entry of Object.keys(entries)) expect(readme).toContain(`| \`${entry}\` |`);
  for (const { import: names, from, limit } of manifest.sizes) {
    const what = names === '*' ? 'everything' : `\`${names}\``;
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${from}\` |`)) ?? '';
    expect(row).toContain(`${what} ≤ ${limit / 1000} kB`);
  }
});

test('the npm scripts that the README names exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, script, test]) => script ?? test ?? '');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  expect(named).toEqual(expect.arrayContaining(['demo', 'test']));
});
