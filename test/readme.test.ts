// The programs in README.md, as a reader runs them: each is type-checked against the packed package and run, and must print what the README
// says it prints, which is the `text` block right after it.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { entries } from '../tsup.config.ts';
import { complaints } from './support/complaints.ts';
import { manifest, packedProject, type Project, root } from './support/packed.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)];
const programs = blocks.map(([, code = '', prints], at) => ({ name: `program-${at + 1}.mts`, code, prints }));

const run = promisify(execFile);
let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

test('there is a program, short enough to be read at once', () => {
  expect(programs.length).toBeGreaterThan(0);
  expect(programs[0]?.code.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(15);
  for (const { prints } of programs) expect(prints).toBeDefined();
});

test.each(programs)('$name compiles, runs by itself to its end, and prints what is said', async ({ name, code, prints }) => {
  const file = project.write(name, code);
  expect(complaints(project.folder, [file])).toEqual([]);
  const { stdout, stderr } = await run(join(root, 'node_modules/.bin/tsx'), [file], { cwd: project.folder, timeout: 30_000 });
  expect({ stdout, stderr }).toEqual({ stdout: prints, stderr: '' });
});

test('every entry is in the table with its sizes, which are the limits in package.json', () => {
  for (const entry of Object.keys(entries)) expect(readme).toContain(`| \`${entry}\` |`);
  for (const { import: names, from, limit } of manifest.sizes) {
    const what = names === '*' ? 'everything' : `\`${names}\``;
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${from}\` |`)) ?? '';
    expect(row).toContain(`${what} ≤ ${limit / 1000} kB`);
  }
});

test('the commands a reader is told exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const told = [...readme.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, script, named]) => script ?? named ?? '');
  expect(told.filter((name) => !(name in scripts))).toEqual([]);
  expect(told).toEqual(expect.arrayContaining(['demo', 'test']));
});
