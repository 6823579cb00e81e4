// An import that ends half-way: the app is untouched, and the next attempt continues; at every chunk there is.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import type { Stage, Storage } from '../../../src/server/storage/storage.ts';
import { appId, attr, configOf, contentsOf, importFrom, recorded, temporaryFolder, writeZip } from './support.ts';

const folder = temporaryFolder();
const recordedApp = 'c9f86b3b-9c3c-4858-9777-67e60a882270';

/** The storage, whose stage fails after so many chunks. */
function failing(storage: Storage, after: number): Storage {
  let left = after;
  const cut = (stage: Stage): Stage => ({
    txId: stage.txId,
    get length() {
      return stage.length;
    },
    read: (at) => stage.read(at),
    discard: () => stage.discard(),
    publish: (txId) => stage.publish(txId),
    add: async (chunk) => {
      if (left-- === 0) throw new Error('the power failed');
      await stage.add(chunk);
    },
  });
  return { ...storage, stage: async (app) => cut(await storage.stage!(app)) };
}

test('an import interrupted after any number of chunks is resumed to the same app', async () => {
  const whole = memory();
  await importFrom(recorded('backup-3'), { storage: whole });
  const expected = await contentsOf(whole, recordedApp);
  let after = 0;
  for (; ; after++) {
    const storage = memory();
    const failed = await importFrom(recorded('backup-3'), { storage: failing(storage, after) }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    if (!failed) break;
    expect(failed.message).toBe('the power failed');
    expect(await storage.apps()).toEqual([]);
    if (after > 0) await expect(importFrom(recorded('backup-3'), { storage })).rejects.toThrow('Add --resume to continue it, or --restart');
    const report = await importFrom(recorded('backup-3'), { storage, resume: true });
    expect(report.isSame).toBe(true);
    expect(await contentsOf(storage, recordedApp), `after ${after}`).toEqual(expected);
  }
  expect(after).toBeGreaterThan(5);
});

test('an interrupted import on disk is resumed, also after a second interruption', async () => {
  const place = join(folder, 'disk');
  for (const after of [2, 3]) {
    const storage = await sqlite(place);
    await expect(importFrom(recorded('backup-3'), { storage: failing(storage, after), resume: true })).rejects.toThrow('the power failed');
    await storage.close();
  }
  const storage = await sqlite(place);
  expect(await importFrom(recorded('backup-3'), { storage, resume: true })).toMatchObject({ isSame: true, files: 4 });
  await storage.close();
});

test('an import cannot be resumed with another archive', async () => {
  const storage = memory();
  const other = await writeZip(join(folder, 'other.zip'), {
    'config.json': configOf({ goals: {} }, {}, { appId: recordedApp }),
    'entities/goals.jsonl': [],
  });
  await expect(importFrom(recorded('backup-3'), { storage: failing(storage, 2) })).rejects.toThrow('the power failed');
  await expect(importFrom(other, { storage, resume: true })).rejects.toThrow('had another source or other options');
  expect(await importFrom(other, { storage, restart: true })).toMatchObject({ isSame: true, files: 0 });
});

test('an existing app is replaced only with replace, and stays if the new one is rejected', async () => {
  const storage = memory();
  await importFrom(recorded('backup-3'), { storage });
  const before = await contentsOf(storage, recordedApp);
  await expect(importFrom(recorded('backup-3'), { storage })).rejects.toThrow('is there already, with data. Add --replace');
  const bad = await writeZip(join(folder, 'bad.zip'), {
    'config.json': configOf({ goals: { title: attr('string', { required: true }) } }, {}, { appId: recordedApp }),
    'entities/goals.jsonl': [{ entity: { id: appId }, createdAt: 1 }],
  });
  await expect(importFrom(bad, { storage, replace: true })).rejects.toThrow('goals.title is required');
  expect(await contentsOf(storage, recordedApp)).toEqual(before);
  expect(await importFrom(recorded('backup-1'), { storage, replace: true })).toMatchObject({ isSame: true });
  expect((await contentsOf(storage, recordedApp)).triples).not.toEqual(before.triples);
});

test('a write made during an import is not overwritten', async () => {
  const storage = memory();
  await importFrom(recorded('backup-3'), { storage });
  const log = await storage.open(recordedApp);
  const meanwhile = async (): Promise<void> => {
    await log.append([{ id: 'other', txId: 3, at: Date.now(), changes: [] }]);
  };
  await expect(importFrom(recorded('backup-1'), { storage, replace: true, ready: meanwhile })).rejects.toThrow(
    'was written to during the import',
  );
  const { snapshot, entries } = await log.load();
  expect([snapshot?.txId, entries.map(({ txId }) => txId)]).toEqual([1, [2, 3]]);
});
