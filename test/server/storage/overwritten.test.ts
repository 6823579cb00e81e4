// A backup is copied over the file of a server, while it runs or after it was killed. The file keeps its inode, and nothing tells SQLite.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileName, sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import type { AppLog, LogEntry, Storage } from '../../../src/server/storage/storage.ts';
import { entryOf } from '../../conformance/storage.ts';

const root = mkdtempSync(join(tmpdir(), 'triplane-overwritten-'));
const app = 'a9900000-0000-4000-8000-000000000001';
const refusal = { code: 'storage-failed', message: expect.stringMatching(/overwritten.*stop the server.*again.*start/) };

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Entries so long that some of them are more than the write-ahead log keeps. */
const longEntry = (txId: number): LogEntry => ({ ...entryOf(txId), records: { text: 'x'.repeat(400_000) } });

interface World {
  readonly storage: Storage;
  readonly log: AppLog;
  readonly file: string;
  /** Made when there was one entry. */
  readonly backup: string;
}

let made = 0;
async function world(): Promise<World> {
  const folder = join(root, `${++made}`);
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  await log.append([entryOf(1)]);
  const backup = join(folder, 'backup.db');
  await storage.backup?.(backup);
  return { storage, log, file: join(folder, fileName), backup };
}

async function entriesIn(file: string): Promise<readonly LogEntry[]> {
  const storage = await sqlite(join(file, '..'));
  const { entries } = await (await storage.open(app)).load();
  await storage.close();
  return entries;
}

test.each([
  ['without a change since', []],
  ['after short writes', [entryOf(2), entryOf(3)]],
  ['after so much that the log was written to the file', Array.from({ length: 30 }, (_, n) => longEntry(n + 2))],
])('a write after a backup was copied over the file is rejected, and closing leaves the copy: %s', async (_, entries) => {
  const { storage, log, file, backup } = await world();
  for (const entry of entries) await log.append([entry]);
  copyFileSync(backup, file);
  await expect(log.append([entryOf(entries.length + 2)])).rejects.toMatchObject(refusal);
  await expect(log.since(0)).rejects.toMatchObject(refusal);
  await expect(storage.backup?.(`${backup} 2`)).rejects.toMatchObject(refusal);
  await storage.close();
  expect(readFileSync(file).equals(readFileSync(backup))).toBe(true);
  expect(await entriesIn(file)).toEqual([entryOf(1)]);
});

test('so is one whose log was deleted with it', async () => {
  const { storage, log, file, backup } = await world();
  await log.append([entryOf(2)]);
  rmSync(`${file}-wal`);
  copyFileSync(backup, file);
  await expect(log.append([entryOf(3)])).rejects.toMatchObject(refusal);
  await storage.close();
  expect(readFileSync(file).equals(readFileSync(backup))).toBe(true);
  expect(await entriesIn(file)).toEqual([entryOf(1)]);
});

test('a copy that has only begun, or comes while a write waits, is noticed', async () => {
  for (const harm of ['begun', 'complete'] as const) {
    const { storage, log, file, backup } = await world();
    const writing = log.append([entryOf(2)]);
    if (harm === 'begun') truncateSync(file);
    else copyFileSync(backup, file);
    await expect(writing).rejects.toMatchObject(refusal);
    // Once noticed, it stays so: the file may be of any time.
    copyFileSync(backup, file);
    await expect(log.append([entryOf(2)])).rejects.toMatchObject(refusal);
    await storage.close();
  }
});

test('own checkpoints, backups and a changed date are no reason', async () => {
  const { storage, log, file, backup } = await world();
  for (let n = 2; n <= 40; n++) {
    await log.append([longEntry(n)]);
    if (n % 10 === 0) utimesSync(file, n, n);
    if (n % 15 === 0) await storage.backup?.(`${backup} ${n}`);
  }
  expect(await log.since(0)).toHaveLength(40);
  await storage.close();
  expect(await entriesIn(file)).toHaveLength(40);
});

test('a backup put in the place of the file of a killed server is not mixed with the log that it left', async () => {
  const { storage, log, file, backup } = await world();
  for (let n = 2; n <= 5; n++) await log.append([longEntry(n)]);
  const killed = join(root, 'killed');
  mkdirSync(killed);
  const after = join(killed, fileName);
  for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, `${after}${suffix}`);
  await storage.close();
  copyFileSync(backup, after);
  expect(await entriesIn(after)).toEqual([entryOf(1)]);
});
