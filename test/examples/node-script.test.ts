// The script, run by run: what it kept the last time is there the next.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { runExample } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'triplane-todo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const todo = (...args: readonly string[]) => runExample('node-script', { TODO_DATA: folder }, ...args).ended;

test('adds, finds, completes and lists todos', async () => {
  await todo('add', 'Call the bank', 'money');
  const added = await todo('add', 'Pay the rent', 'money');
  expect(added).toEqual({ status: 0, out: 'money\n  [ ] Call the bank\n  [ ] Pay the rent\n', err: '' });
  expect((await todo('done', 'BANK')).out).toBe('money\n  [x] Call the bank\n  [ ] Pay the rent\n');
  expect(await todo('sing')).toMatchObject({ status: 1, err: expect.stringMatching(/^There is no 'sing'/) });
});
