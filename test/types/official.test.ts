// The type tests once more: with the official client's declarations in the place of ours, so that a program written for one is accepted,
// or refused, by the other; and under the looser settings that most programs have. With our own settings `tsc -p .` checks them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

const here = import.meta.dirname;
const ours = /'(\.\.\/)+src\/[^']+'/g;
const ourReact = /'(\.\.\/)+src\/react\/index\.ts'/g;
const all = readdirSync(here).filter((name) => name.endsWith('.test-d.ts'));
/** They speak of both, or of what only ours has. */
const comparing = new Set(['equivalence', 'both-ways', 'tables-streams', 'react', 'rooms-of-backends'].map((name) => `${name}.test-d.ts`));
const loose = { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false };

function toOfficial(text: string): string {
  return text.replaceAll(ourReact, "'@instantdb/react'").replaceAll(ours, "'@instantdb/core'");
}

/** What the compiler says of our type tests, each of which it reads as `rewrite` gives it. */
function complaints(names: readonly string[], settings: ts.CompilerOptions, rewrite: (text: string) => string): string[] {
  const config = ts.readConfigFile(join(here, '../../tsconfig.json'), (path) => ts.sys.readFile(path));
  const options = { ...ts.parseJsonConfigFileContent(config.config, ts.sys, join(here, '../..')).options, ...settings };
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  host.readFile = (path) => (path.startsWith(here) ? rewrite(read(path) ?? '') : read(path));
  const files = names.map((name) => join(here, name));
  return ts
    .getPreEmitDiagnostics(ts.createProgram(files, options, host))
    .filter(({ file }) => file?.fileName.startsWith(here))
    .map((found) => ts.formatDiagnostic(found, host));
}

test('every row holds for the official declarations', { timeout: 180_000 }, () => {
  const rows = all.filter((name) => !comparing.has(name));
  expect(complaints(rows, {}, toOfficial)).toEqual([]);
});

test('every row holds under loose settings', { timeout: 180_000 }, () => {
  const rows = all.filter((name) => !comparing.has(name) || name === 'equivalence.test-d.ts');
  expect(complaints(rows, loose, (text) => text)).toEqual([]);
});

test('festival-official.ts is festival.ts with the import changed', () => {
  const body = (name: string) => readFileSync(join(here, name), 'utf8').replace(/^\/\/.*\n/gm, '');
  expect(body('festival-official.ts')).toBe(toOfficial(body('festival.ts')));
});
