// Files of a project: in TypeScript where Node does not read it, by a package that the project has; split over files; in CommonJS.

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
  // Where the package has its entry.
  writeFileSync(join(root, 'index.js'), "export const i = { string: () => 'a string' };");
  writeFileSync(join(root, 'index.cjs'), "exports.i = { string: () => 'a string' };");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
type Files = Readonly<Record<string, string>>;

/** What the first file exports, or the message of the error, in a Node that reads no TypeScript; after each change once more. */
function load(given: string | Files, packages: readonly string[], ...changes: readonly Files[]): Promise<string> {
  const folder = join(root, `project-${++made}`);
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const name of packages) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(modules, name), join(folder, 'node_modules', name), 'dir');
  }
  const files = typeof given === 'string' ? { 'instant.schema.ts': given } : given;
  const [name = ''] = Object.keys(files);
  const program = `
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const { dirname, join } = await import('node:path');
    const { loadFile } = await import(${JSON.stringify(pathToFileURL(loader).href)});
    for (const files of ${JSON.stringify([files, ...changes])}) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(${JSON.stringify(folder)}, name)), { recursive: true });
        writeFileSync(join(${JSON.stringify(folder)}, name), text);
      }
      await loadFile(join(${JSON.stringify(folder)}, ${JSON.stringify(name)}))
        .then((value) => console.log(JSON.stringify(value)), (error) => console.log(error.code + ' ' + error.message));
    }`;
  const flags = process.allowedNodeEnvironmentFlags.has('--no-experimental-strip-types') ? ['--no-experimental-strip-types'] : [];
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, '--input-type=module', '-e', program], (_error, out, err) => resolve((out + err).trim()));
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

const split = {
  'instant.schema.ts':
    "import { a } from './parts';\nimport { b } from './b.js';\nimport { c } from './c.ts';\nexport default { a, b, c };",
  'parts/index.ts': "import { i } from '@instantdb/react';\nexport const a: string = i.string();",
  'b.ts': 'interface B {}\n\nexport const b: number = 1;',
  'c.ts': 'export const c: number = 1;',
};

test('a file may be split: imports are relative, with or without an ending, and read again', async () => {
  const changed = { 'parts/index.ts': "export const a: string = 'changed';" };
  expect(await load(split, ['typescript'], changed)).toBe('{"a":"a string","b":1,"c":1}\n{"a":"changed","b":1,"c":1}');
});

test('an error in an imported file is reported with that file and the line', async () => {
  const bad = { 'b.ts': `${split['b.ts']}\nconst bad = {;` };
  const failing = { 'b.ts': `${split['b.ts']}\nthrow new Error('mine');` };
  const missing = { 'b.ts': "import { x } from './nowhere';\nexport const b = x;" };
  const [first, ...others] = (await load(split, ['typescript'], bad, failing, missing)).split('\n');
  expect(first).toBe('{"a":"a string","b":1,"c":1}');
  expect(others).toEqual([
    expect.stringMatching(/^config-invalid b\.ts:4: \S/),
    'config-invalid b.ts:4: mine',
    expect.stringMatching(/^config-invalid b\.ts:1: .*nowhere/),
  ]);
});

test.each([
  ['{ code: 1 }', 'threw { code: 1 }, which is not an Error'],
  ['{ code: "ENV", message: "no key" }', "threw { code: 'ENV', message: 'no key' }, which is not an Error"],
  ['Object.create(null)', 'threw [Object: null prototype] {}, which is not an Error'],
  ['undefined', 'threw undefined, which is not an Error'],
  ['"no key"', 'no key'],
])('what is thrown is told, whatever it is: %s', async (thrown, told) => {
  expect(await load(`throw ${thrown};\nexport default {};`, ['typescript'])).toBe(`config-invalid instant.schema.ts: ${told}`);
});

test.each(['zod-nope', './nowhere', '@/lib/alias', '../up.js', '#own'])(
  'an import that is not found is reported with its line: %s',
  async (name) => {
    const text = `import { i } from '@instantdb/core';\nimport type { Z } from '${name}';\n\nimport { z } from '${name}';\nexport default { z };\n`;
    expect(await load(text, ['typescript'])).toMatch(/^config-invalid instant\.schema\.ts:4: /);
  },
);

test.each(['platform', 'webhooks', 'version', 'nextjs', 'a-later-one', 'react/nextjs'])(
  '@instantdb/%s need not be installed',
  async (name) => {
    expect(await load(`import { i } from '@instantdb/${name}';\nexport default { a: i.string() };`, ['typescript'])).toBe(
      '{"a":"a string"}',
    );
  },
);

test.each(['typescript', 'esbuild'])('parts may be in .tsx files, with %s', async (name) => {
  const files = {
    'instant.schema.ts': "import { a } from './parts';\nimport { b } from './b.jsx';\nexport default { a, b };",
    'parts.tsx': "import { i } from '@instantdb/react';\nexport const a: string = i.string();\nexport const Icon = () => <b>icon</b>;",
    'b.jsx': 'export const b = 1;',
  };
  expect(await load(files, [name, 'react'])).toBe('{"a":"a string","b":1}');
});

test.each([
  ['instant.schema.cjs', "const { i } = require('@instantdb/core');\nmodule.exports = { a: i.string(), b: require('./b').b };"],
  [
    'instant.schema.cts',
    "import { i } from '@instantdb/core';\nimport { b } from './b.cjs';\nexport default { a: i.string() as string, b };",
  ],
])('CommonJS (%s) requires the package where it is not installed, and is read again', async (name, text) => {
  const files = { [name]: text, 'b.cjs': 'exports.b = 1;', 'b/index.js': 'exports.b = 1;' };
  const changed = { 'b.cjs': 'exports.b = 2;', 'b/index.js': 'exports.b = 2;' };
  expect(await load(files, ['typescript'], changed)).toBe('{"a":"a string","b":1}\n{"a":"a string","b":2}');
});

test('without either, a warning says that nothing is applied', async () => {
  expect(await load(typed, [])).toMatch(/^dependency-missing WARNING: .*neither schema nor rules.*npm install -D typescript$/);
});
