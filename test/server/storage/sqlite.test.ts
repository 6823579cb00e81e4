// The storage in a file: the suite for all storages, and what only a file can get wrong.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileName, sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import { type Connection, loadSqlite } from '../../../src/server/storage/sqlite/binding.ts';
import { SqliteFile } from '../../../src/server/storage/sqlite/file.ts';
import { prepare } from '../../../src/server/storage/sqlite/schema.ts';
import { emptySnapshot } from '../../../src/server/storage/storage.ts';
import { entryOf, storageConformance } from '../../conformance/storage.ts';
import { bench, blob, newId, type TestPeer } from '../bench.ts';

const root = mkdtempSync(join(tmpdir(), 'triplane-sqlite-'));
const app = 'a9900000-0000-4000-8000-000000000001';

afterAll(() => rmSync(root, { recursive: true, force: true }));

storageConformance('sqlite', { open: (name) => sqlite(join(root, name)), outlivesHandle: true, isShared: false });

test('is one file in a folder with a .gitignore that excludes everything', async () => {
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

test('opens with 10,000 entries', async () => {
  const folder = join(root, 'much');
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  for (let at = 0; at < 10; at++) await log.append(Array.from({ length: 1000 }, (_, n) => entryOf(at * 1000 + n + 1)));
  await storage.close();
  const again = await sqlite(folder);
  expect((await (await again.open(app)).load()).entries.length).toBe(10_000);
  await again.close();
});

test('a file that cannot be opened is named in the error', async () => {
  const noFile = join(root, 'garbage');
  await (await sqlite(noFile)).close();
  writeFileSync(join(noFile, fileName), 'this is no database, and never was one. '.repeat(100));
  await expect(sqlite(noFile)).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining(fileName) });
  await expect(sqlite(join(noFile, fileName, 'below'))).rejects.toMatchObject({ code: 'storage-failed' });
});

test('a file of a later version is rejected', async () => {
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

test('a write after the folder was removed, or the file was replaced, is rejected', async () => {
  for (const harm of ['remove', 'replace'] as const) {
    const folder = join(root, harm);
    const storage = await sqlite(folder);
    const log = await storage.open(app);
    await log.append([entryOf(1)]);
    rmSync(folder, { recursive: true, force: true });
    if (harm === 'replace') {
      const other = await sqlite(folder);
      await (await other.open(app)).append([entryOf(1)]);
      await other.close();
    }
    await expect(log.append([entryOf(2)])).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(/deleted or replaced/),
    });
    await expect(log.since(0)).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(storage.open('a9900000-0000-4000-8000-000000000002')).rejects.toMatchObject({ code: 'storage-failed' });
    await storage.close();
  }
});

test('a write after the write-ahead log was removed or replaced is rejected, and what was acknowledged before is in the file', async () => {
  for (const harm of ['removed', 'replaced'] as const) {
    const folder = join(root, `log-${harm}`);
    const storage = await sqlite(folder);
    const log = await storage.open(app);
    await log.append([entryOf(1)]);
    const wal = join(folder, `${fileName}-wal`);
    rmSync(wal);
    if (harm === 'replaced') writeFileSync(wal, '');
    await expect(log.append([entryOf(2)])).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('write-ahead log'),
    });
    await expect(log.since(0)).rejects.toMatchObject({ code: 'storage-failed' });
    // As after a kill: nothing but the file is left.
    const copy = join(root, `log-${harm}-copy`);
    mkdirSync(copy);
    copyFileSync(join(folder, fileName), join(copy, fileName));
    const again = await sqlite(copy);
    expect((await (await again.open(app)).load()).entries).toEqual([entryOf(1)]);
    await again.close();
    await storage.close();
  }
});

test('a server whose folder was removed rejects writes, and still shows the acknowledged ones', async () => {
  const folder = join(root, 'served');
  const world = bench({ storage: await sqlite(folder) });
  const goalsId = blob('goals', 'id');
  const peer = await world.open();
  const [kept, lost] = [newId(), newId()];
  await settledRequest(peer, {
    op: 'transact',
    'tx-steps': [
      ['add-attr', goalsId],
      ['add-triple', kept, goalsId.id, kept],
    ],
  });
  rmSync(folder, { recursive: true, force: true });
  for (let n = 0; n < 5; n++) {
    const [answer] = await settledRequest(peer, { op: 'transact', 'tx-steps': [['add-triple', lost, goalsId.id, lost]] });
    expect(answer).toMatchObject({ op: 'error', status: 500 });
  }
  const answer = JSON.stringify(await settledRequest(await world.open(), { op: 'add-query', q: { goals: {} } }));
  expect([answer.includes(kept), answer.includes(lost)]).toEqual([true, false]);
  await world.hub.close();
});

async function settledRequest(peer: TestPeer, message: object): Promise<unknown[]> {
  await peer.request(message);
  await expect.poll(() => peer.heard.length).toBeGreaterThan(0);
  return peer.heard.slice();
}

test('can be closed although the disk is full, and opens again with everything that was written', async () => {
  const folder = join(root, 'full');
  await (await sqlite(folder)).close();
  const open = await loadSqlite();
  const connection = open(join(folder, fileName));
  prepare(connection, fileName);
  let isFull = false;
  const full: Connection = {
    exec(sql) {
      if (isFull && /journal_mode = DELETE|INSERT|COMMIT/.test(sql)) throw new Error('database or disk is full');
      return connection.exec(sql);
    },
    prepare: (sql) => connection.prepare(sql),
    close: () => connection.close(),
  };
  const file = new SqliteFile(full, 'full.db');
  await file.write(() => file.prepared('INSERT INTO heads (app, tx) VALUES (?, 0)').run(app));
  isFull = true;
  await expect(file.write(() => 1)).rejects.toMatchObject({ code: 'storage-failed' });
  await file.close();
  const again = await sqlite(folder);
  expect(await again.apps()).toEqual([app]);
  await again.close();
});

test('a backup made during a write has all acknowledged entries, and overwrites no file', async () => {
  const folder = join(root, 'original');
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  await log.append(Array.from({ length: 50 }, (_, n) => entryOf(n + 1)));
  const target = join(root, "copy's folder");
  mkdirSync(target);
  const copy = join(target, fileName);
  const writing = log.append([entryOf(51)]);
  await storage.backup?.(copy);
  await writing;
  await log.append([entryOf(52)]);
  await expect(storage.backup?.(copy)).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(storage.backup?.(join(root, 'nowhere', 'x.db'))).rejects.toMatchObject({ code: 'storage-failed' });
  const restored = await sqlite(target);
  const { entries } = await (await restored.open(app)).load();
  expect(entries.map(({ txId }) => txId)).toEqual(Array.from({ length: entries.length }, (_, n) => n + 1));
  expect([50, 51]).toContain(entries.length);
  await restored.close();
  expect((await log.load()).entries).toHaveLength(52);
  await storage.close();
});

test('the write-ahead log stays small however much is written', async () => {
  const folder = join(root, 'wal');
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  const text = 'x'.repeat(1024 * 1024);
  let largest = 0;
  for (let n = 1; n <= 100; n++) {
    await log.append([{ ...entryOf(n), records: { text } }]);
    if (n % 40 === 0) await log.compact({ ...emptySnapshot, txId: n });
    largest = Math.max(largest, statSync(join(folder, `${fileName}-wal`)).size);
  }
  expect(largest).toBeLessThan(24 * 1024 * 1024);
  await storage.close();
});
