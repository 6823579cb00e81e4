// Files of a project in TypeScript where Node does not read it: by a package that the project has.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'triplane-load-'));
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const source = fileURLToPath(new URL('../../../src/server/cli/project-load.ts', import.meta.url));
const loader = join(root, 'project-load.mjs');

beforeAll(async () => {
  await build({ entryPoints: [source], outfile: loader, bundle: true, format: 'esm', platform: 'node', packages: 'external' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;

/** What the file exports, or the message of the error, in a Node that reads no TypeScript. */
function load(text: string, packages: readonly string[]): Promise<string> {
  const folder = join(root, `project-${++made}`);
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const name of packages) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(modules, name), join(folder, 'node_modules', name), 'dir');
  }
  const file = join(folder, 'instant.schema.ts');
  writeFileSync(file, text);
  const program = `import(${JSON.stringify(pathToFileURL(loader).href)})
    .then(({ loadFile }) => loadFile(${JSON.stringify(file)}))
    .then((value) => console.log(JSON.stringify(value)), (error) => console.log(error.code + ' ' + error.message));`;
  const flags = process.allowedNodeEnvironmentFlags.has('--no-experimental-strip-types') ? ['--no-experimental-strip-types'] : [];
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, '-e', program], (_error, out, err) => resolve((out + err).trim()));
  });
}

const typed = `interface Shape { readonly a: number }\nconst shape: Shape = { a: 1 };\nexport default shape;\n`;

describe.each([['typescript'], ['esbuild']])('with %s', (name) => {
  test('types are removed', async () => expect(await load(typed, [name])).toBe('{"a":1}'));

  test('a syntax error is reported with file and line', async () =>
    expect(await load(`${typed}const x = {;\n`, [name])).toMatch(/^config-invalid instant\.schema\.ts:4: \S/));

  test('an error at run time is reported with the file', async () =>
    expect(await load(`const shape: any = {};\nexport default shape.a.b;\n`, [name])).toMatch(
      /^config-invalid instant\.schema\.ts(:\d+)?: .*undefined/,
    ));

  test('the line of an error is that of the file, whatever is removed before it', async () => {
    expect(await load(`interface A {\n  a: 1;\n}\n\n\nthrow new Error('mine');\nexport default {};\n`, [name])).toBe(
      'config-invalid instant.schema.ts:6: mine',
    );
  });
});

test('without either, a warning says that nothing is applied', async () => {
  expect(await load(typed, [])).toMatch(/^dependency-missing WARNING: .*neither schema nor rules.*npm install -D typescript$/);
});
