// The state of an app under construction, on every storage: durable, invisible until it is published, and then all of the app.

import { expect, test } from 'vitest';
import { chunksOf } from '../../../src/server/storage/snapshot-chunks.ts';
import { emptySnapshot, type Snapshot, type Stage, type Storage } from '../../../src/server/storage/storage.ts';
import { entryOf } from '../../conformance/storage.ts';
import { onEachStorage } from '../../support/storages.ts';

const app = 'a9900000-0000-4000-8000-000000000001';
const other = 'a9900000-0000-4000-8000-000000000002';

const snapshotOf = (txId: number, triples: number): Snapshot => ({
  ...emptySnapshot,
  txId,
  lastId: `staged ${txId}`,
  triples: Array.from({ length: triples }, (_, at) => [`e${at}`, 'a', at, at] as const),
});

async function stageOf(storage: Storage): Promise<Stage> {
  if (!storage.stage) throw new Error('the storage has no stage');
  return storage.stage(app);
}

async function fill(stage: Stage, snapshot: Snapshot): Promise<void> {
  for (const chunk of chunksOf(snapshot)) await stage.add(chunk);
}

onEachStorage((fresh) => {
  test('a stage is invisible until it is published as the state of the app', async () => {
    const storage = await fresh();
    const stage = await stageOf(storage);
    const snapshot = snapshotOf(1, 25_000);
    await fill(stage, snapshot);
    expect([stage.txId, await storage.apps()]).toEqual([0, []]);
    expect(await stage.publish(1)).toBe('appended');
    expect(await storage.apps()).toEqual([app]);
    const log = await storage.open(app);
    expect(await log.load()).toEqual({ snapshot, entries: [] });
    expect(await log.append([entryOf(2)])).toBe('appended');
    expect((await log.load()).entries.map(({ txId }) => txId)).toEqual([2]);
    await storage.close();
  });

  test('a stage that is opened again has its chunks, and can be discarded', async () => {
    const storage = await fresh();
    const stage = await stageOf(storage);
    await stage.add('one');
    await stage.add('two');
    const again = await stageOf(storage);
    expect([again.length, await again.read(0), await again.read(1), await again.read(2)]).toEqual([2, 'one', 'two', undefined]);
    await again.discard();
    expect([again.length, (await stageOf(storage)).length]).toEqual([0, 0]);
    await storage.close();
  });

  test('publishing a stage replaces the snapshot and the log of its app only', async () => {
    const storage = await fresh();
    for (const each of [app, other]) {
      const log = await storage.open(each);
      await log.append([entryOf(1), entryOf(2)]);
      await log.compact(snapshotOf(2, 3));
      await log.append([entryOf(3)]);
    }
    const stage = await stageOf(storage);
    expect(stage.txId).toBe(3);
    await fill(stage, snapshotOf(4, 1));
    expect(await stage.publish(4)).toBe('appended');
    const log = await storage.open(app);
    expect(await log.load()).toEqual({ snapshot: snapshotOf(4, 1), entries: [] });
    expect(await log.since(2)).toBeUndefined();
    expect((await (await storage.open(other)).load()).entries.map(({ txId }) => txId)).toEqual([3]);
    await storage.close();
  });

  test('publish returns behind if the app was written to after the stage was opened', async () => {
    const storage = await fresh();
    const log = await storage.open(app);
    await log.append([entryOf(1)]);
    const stage = await stageOf(storage);
    await fill(stage, snapshotOf(2, 1));
    await log.append([entryOf(2)]);
    await log.compact(snapshotOf(2, 7));
    expect(await stage.publish(2)).toBe('behind');
    expect((await log.load()).snapshot?.triples).toHaveLength(7);
    const again = await stageOf(storage);
    expect([again.txId, again.length > 0]).toEqual([2, true]);
    expect(await again.publish(3)).toBe('appended');
    await storage.close();
  });
});
