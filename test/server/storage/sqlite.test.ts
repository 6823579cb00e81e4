// The storage in a file: the suite for all storages, and what only a file can get wrong.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileName, sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import { loadSqlite } from '../../../src/server/storage/sqlite/binding.ts';
import { entryOf, storageConformance } from '../../conformance/storage.ts';

const root = mkdtempSync(join(tmpdir(), 'triplane-sqlite-'));
const app = 'a9900000-0000-4000-8000-000000000001';

afterAll(() => rmSync(root, { recursive: true, force: true }));

storageConformance('sqlite', { open: (name) => sqlite(join(root, name)), outlivesHandle: true, isShared: false });

test('is one file in the folder, which no repository takes', async () => {
  const folder = join(root, 'one', 'file');
  const storage = await sqlite(folder);
  await (await storage.open(app)).append([entryOf(1)]);
  await storage.close();
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', fileName]);
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
});

test('has one user at a time', async () => {
  const folder = join(root, 'shared');
  const first = await sqlite(folder);
  await expect(sqlite(folder)).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining('another server uses it'),
  });
  await first.close();
  await (await sqlite(folder)).close();
});

test('opens in well under a second, also when it holds much', async () => {
  const folder = join(root, 'much');
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  for (let at = 0; at < 10; at++) await log.append(Array.from({ length: 1000 }, (_, n) => entryOf(at * 1000 + n + 1)));
  await storage.close();
  const before = performance.now();
  const again = await sqlite(folder);
  expect((await (await again.open(app)).load()).entries.length).toBe(10_000);
  expect(performance.now() - before).toBeLessThan(1000);
  await again.close();
});

test('what it cannot open it names', async () => {
  const noFile = join(root, 'garbage');
  await (await sqlite(noFile)).close();
  writeFileSync(join(noFile, fileName), 'this is no database, and never was one. '.repeat(100));
  await expect(sqlite(noFile)).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining(fileName) });
  await expect(sqlite(join(noFile, fileName, 'below'))).rejects.toMatchObject({ code: 'storage-failed' });
});

test('a file of a later version is left alone', async () => {
  const folder = join(root, 'later');
  await (await sqlite(folder)).close();
  const connection = (await loadSqlite())(join(folder, fileName));
  connection.exec('PRAGMA user_version = 99');
  connection.close();
  await expect(sqlite(folder)).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining('later version') });
});

test('without a binding, the error says what to install', async () => {
  const empty = async (name: string): Promise<unknown> => Promise.reject(new Error(`Cannot find ${name}`));
  await expect(loadSqlite(empty)).rejects.toMatchObject({
    code: 'dependency-missing',
    message: expect.stringContaining('npm install libsql'),
  });
});
