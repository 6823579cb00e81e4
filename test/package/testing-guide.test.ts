// The tests of docs/testing.md, as a reader takes them over: they compile in a strict project, and pass.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { complaints } from '../support/complaints.ts';
import { packedProject, type Project, root } from '../support/packed.ts';

const guide = readFileSync(join(root, 'docs/testing.md'), 'utf8');
const files = [...guide.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => ({ name, code }));

const run = promisify(execFile);
let project: Project;

beforeAll(() => {
  project = packedProject();
  for (const { name, code } of files) project.write(name, code);
});
afterAll(() => project.remove());

test('they are there', () => {
  expect(files.map(({ name }) => name)).toEqual(['notes.test.mts', 'shop.test.mts', 'bookings.test.mts']);
});

test('they compile', () => {
  const names = files.map(({ name }) => join(project.folder, name));
  expect(complaints(project.folder, names)).toEqual([]);
});

test('they pass', async () => {
  const tsx = join(root, 'node_modules/tsx/dist/loader.mjs');
  const args = ['--import', tsx, '--test', '--test-reporter', 'tap', ...files.map(({ name }) => name)];
  const { stdout } = await run(process.execPath, args, { cwd: project.folder, timeout: 60_000 });
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBe(6);
  expect(stdout).toMatch(/^# (fail|skipped|cancelled) 0$/m);
});
