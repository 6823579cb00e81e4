// The entries stand once, in tsup.config.ts; package.json says the same, and every entry has its size.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { commands, entries, outputName } from '../../tsup.config.ts';
import { outputs } from '../support/build.ts';
import { manifest, root } from '../support/packed.ts';

/** What `exports` has to say of an entry. */
function conditions(entry: string): unknown {
  const file = `./dist/${outputName(entry)}`;
  return {
    import: { types: `${file}.d.ts`, default: `${file}.js` },
    require: { types: `${file}.d.cts`, default: `${file}.cjs` },
  };
}

test('exports are the entries, and package.json', () => {
  const wanted = Object.keys(entries).map((entry) => [entry.replace(/^triplane/, '.'), conditions(entry)]);
  expect(manifest.exports).toEqual({ ...Object.fromEntries(wanted), './package.json': './package.json' });
});

test('`typesVersions` has the types of every entry: `moduleResolution: node` knows no `exports`', () => {
  const named = Object.keys(entries).filter((entry) => entry !== 'triplane');
  const wanted = named.map((entry) => [entry.replace('triplane/', ''), [`./dist/${outputName(entry)}.d.ts`]]);
  expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(wanted) });
});

test('in `exports` and its conditions, `types` comes before `default`, or TypeScript never sees it', () => {
  const order = Object.values(manifest.exports)
    .filter((value) => typeof value === 'object' && value !== null)
    .flatMap((value) => Object.values(value).map((condition: unknown) => Object.keys(condition as object)));
  for (const keys of order) expect(keys).toEqual(['types', 'default']);
});

test('every entry has a size limit', () => {
  expect([...new Set(manifest.sizes.map(({ from }) => from))].sort()).toEqual(Object.keys(entries).sort());
});

test('the build writes every output', () => {
  expect(outputs().filter((name) => !existsSync(join(root, 'dist', name)))).toEqual([]);
});

test('each command has a bin entry and a hashbang', () => {
  expect(Object.values(manifest.bin)).toEqual(Object.keys(commands).map((name) => `./dist/${name}.js`));
  for (const path of Object.values(manifest.bin)) expect(readFileSync(join(root, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

/** The file, and what it imports. `keyword`: all imports, or those that are loaded with it. */
function loadedBy(name: string, keyword = 'from|import|require', seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(join(root, 'dist', name), 'utf8');
  const imports = new RegExp(`\\b(?:${keyword})[\\s(]*["'](\\.\\.?/[\\w/-]+\\.c?js)["']`, 'g');
  for (const [, path = ''] of text.matchAll(imports)) loadedBy(join(dirname(name), path), keyword, seen);
  return seen;
}

test.each([['cli.js'], ['server.js'], ['server.cjs']])('%s is ASCII: other characters make Node hold it in twice the memory', (name) => {
  const others = [...loadedBy(name)].map((file) => [file, readFileSync(join(root, 'dist', file), 'utf8').match(/[^\x00-\x7f]/g)] as const);
  expect(others.filter(([, found]) => found)).toEqual([]);
});

test('a started server has not loaded the HTTP routes, nor what only they use: it holds no memory for them', () => {
  const all = loadedBy('cli.js');
  const atStart = loadedBy('cli.js', 'from');
  const withHttp2 = [...all].filter((file) => /["']node:http2["']/.test(readFileSync(join(root, 'dist', file), 'utf8')));
  expect(withHttp2).toHaveLength(1);
  expect(withHttp2.filter((file) => atStart.has(file))).toEqual([]);
});
