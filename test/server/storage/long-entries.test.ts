// Long log entries and snapshots in a file: SQLite works while everybody waits, so that they are written and read in parts.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { chunksOf } from '../../../src/server/storage/snapshot-chunks.ts';
import { loadSqlite } from '../../../src/server/storage/sqlite/binding.ts';
import { fileName, sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import { emptySnapshot, type LogEntry, type Snapshot } from '../../../src/server/storage/storage.ts';
import { entryOf } from '../../conformance/storage.ts';

const root = mkdtempSync(join(tmpdir(), 'triplane-long-entries-'));
const app = 'a9900000-0000-4000-8000-000000000001';
const otherApp = 'a9900000-0000-4000-8000-000000000002';

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** How often others could be served before it resolved. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let [turns, isDone] = [0, false];
  const done = work.finally(() => (isDone = true));
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await done;
  return turns;
}

async function countOf(folder: string, sql: string): Promise<number> {
  const connection = (await loadSqlite())(join(folder, fileName));
  const { count } = connection.prepare(sql).get() as { count: number };
  connection.close();
  return count;
}

/** Characters of two units, which no part may cut, at even and odd places. */
const long = (start: string): string => start + '🎈'.repeat(2_500_000);

test('a long value is written and read in parts, and is the same afterwards', async () => {
  const folder = join(root, 'value');
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  const entries = [entryOf(1, long('')), entryOf(2), entryOf(3, long('x'))];
  for (const entry of entries) {
    const turns = await turnsOf(log.append([entry]));
    if (entry.txId !== 2) expect(turns).toBeGreaterThanOrEqual(5);
  }
  const since = log.since(1);
  expect(await turnsOf(since)).toBeGreaterThanOrEqual(5);
  expect(await since).toEqual(entries.slice(1));
  await storage.close();
  const again = await sqlite(folder);
  const loaded = (await again.open(app)).load();
  expect(await turnsOf(loaded)).toBeGreaterThanOrEqual(10);
  expect((await loaded).entries).toEqual(entries);
  await again.close();
});

test('many entries of one append, and one with very many changes', async () => {
  const storage = await sqlite(join(root, 'many'));
  const log = await storage.open(app);
  const some = Array.from({ length: 30 }, (_, at) => entryOf(at + 1, 'a'.repeat(100_000)));
  expect(await turnsOf(log.append(some))).toBeGreaterThanOrEqual(3);
  const [change] = entryOf(31).changes;
  const vast: LogEntry = { ...entryOf(31), changes: Array.from({ length: 50_000 }, () => change).filter((one) => one !== undefined) };
  await log.append([vast]);
  expect((await log.load()).entries).toEqual([...some, vast]);
  await storage.close();
});

test('a long append takes effect with its last part, and others are stored meanwhile', async () => {
  const storage = await sqlite(join(root, 'meanwhile'));
  const [log, other] = [await storage.open(app), await storage.open(otherApp)];
  let isDone = false;
  const appending = log.append([entryOf(1, long(''))]).finally(() => (isDone = true));
  await other.append([entryOf(1)]);
  expect(isDone).toBe(false);
  expect(await log.since(0)).toEqual([]);
  expect(await appending).toBe('appended');
  expect(await log.since(0)).toHaveLength(1);
  expect(await log.append([entryOf(1, long(''))])).toBe('behind');
  expect(await log.since(1)).toEqual([]);
  await storage.close();
});

test('an append that was cut off leaves nothing that is read, and the next one is stored', async () => {
  const folder = join(root, 'cut');
  const storage = await sqlite(folder);
  const appending = (await storage.open(app)).append([entryOf(1, long('cut'))]);
  const rejected = expect(appending).rejects.toMatchObject({ code: 'closed' });
  await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
  await storage.close();
  await rejected;
  expect(await countOf(folder, 'SELECT count(*) AS count FROM entry_parts')).toBeGreaterThan(0);
  const again = await sqlite(folder);
  const log = await again.open(app);
  expect((await log.load()).entries).toEqual([]);
  const entries = [entryOf(1, long('')), entryOf(2)];
  for (const entry of entries) expect(await log.append([entry])).toBe('appended');
  expect((await log.load()).entries).toEqual(entries);
  await again.close();
});

const snapshotOf = (txId: number, values: readonly string[]): Snapshot => ({
  ...emptySnapshot,
  txId,
  triples: values.map((value, n) => [`e${n}`, 'a', value, 1]),
  records: { long: long('record') },
});

test('a snapshot is in chunks of limited length, and of parts where one value is longer', async () => {
  const folder = join(root, 'snapshot');
  const storage = await sqlite(folder);
  const log = await storage.open(app);
  await log.append([entryOf(1, long('')), entryOf(2)]);
  const snapshot = snapshotOf(1, [...Array.from({ length: 40 }, () => 'v'.repeat(100_000)), long('x'), 'last']);
  for (const chunk of chunksOf(
    snapshotOf(
      1,
      snapshot.triples.slice(0, 40).map(([, , value]) => value as string),
    ),
  ))
    if (!chunk.includes('record')) expect(chunk.length).toBeLessThan(1_200_000);
  expect(await turnsOf(log.compact(snapshot))).toBeGreaterThanOrEqual(14);
  expect(await log.load()).toEqual({ snapshot, entries: [entryOf(2)] });
  await storage.close();
  expect(await countOf(folder, 'SELECT count(*) AS count FROM entry_parts WHERE tx = 1')).toBe(0);
  expect(await countOf(folder, 'SELECT max(length(body)) AS count FROM snapshots')).toBeLessThan(1_200_000);
});

test('a file of the first version is used on', async () => {
  const folder = join(root, 'first');
  const storage = await sqlite(folder);
  await (await storage.open(app)).append([entryOf(1)]);
  await storage.close();
  const connection = (await loadSqlite())(join(folder, fileName));
  connection.exec('DROP TABLE entry_parts; PRAGMA user_version = 1');
  connection.close();
  const again = await sqlite(folder);
  const log = await again.open(app);
  await log.append([entryOf(2, long(''))]);
  expect((await log.load()).entries).toEqual([entryOf(1), entryOf(2, long(''))]);
  await again.close();
});
