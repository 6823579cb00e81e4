// The size of what an app stores: the same whether it was counted write by write, by another server, after a failed append, or when loaded.

import { expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import { Ledger } from '../../../src/server/data/ledger.ts';
import { StoredSize } from '../../../src/server/data/stored-size.ts';
import { submit } from '../../../src/server/data/submit.ts';
import { serverActor } from '../../../src/server/data/system-rules.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import type { AppLog, Records } from '../../../src/server/storage/storage.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';
import { appId, blob, newId, rest } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');

async function open(log: AppLog, size: StoredSize): Promise<Ledger> {
  const clock = new VirtualClock();
  const remember = { rememberMs: 1e9, rememberBytes: 1e9 };
  return Ledger.open({ log, clock, random: systemRandom, logger: silent, ...remember, size, committed: () => {} });
}

const write = (ledger: Ledger, steps: readonly (readonly unknown[])[], records?: Records): Promise<number> =>
  submit(ledger, { steps: () => ({ steps, records }), event: undefined, actor: serverActor });

test('is counted the same in every way, and back to where it was when all is deleted', async () => {
  const storage = memory();
  const log = await storage.open(appId);
  let fails = false;
  const append: AppLog['append'] = async (entries) => {
    if (fails) throw new Error('away');
    return log.append(entries);
  };
  const [own, others] = [new StoredSize(), new StoredSize()];
  const ledger = await open({ ...log, append, load: () => log.load(), since: (txId) => log.since(txId) }, own);
  await open(log, others);
  const counted = async (): Promise<number> => {
    await rest();
    const loaded = new StoredSize();
    await open(log, loaded);
    expect([others.bytes, loaded.bytes]).toEqual([own.bytes, own.bytes]);
    return own.bytes;
  };
  await write(ledger, [
    ['add-attr', goalsId],
    ['add-attr', title],
  ]);
  const empty = await counted();
  const goals = Array.from({ length: 20 }, newId);
  for (const goal of goals)
    await write(ledger, [
      ['add-triple', goal, goalsId.id, goal],
      ['add-triple', goal, title.id, 'x'.repeat(1000)],
    ]);
  await write(ledger, [], { 'file a': { key: 'k', size: 5000 }, other: 'y'.repeat(500) });
  const full = await counted();
  expect(full - empty).toBeGreaterThan(25_000);
  fails = true;
  await write(ledger, [['add-triple', goals[0], title.id, 'z'.repeat(100_000)]], { third: 'z' }).catch(() => {});
  fails = false;
  await rest();
  expect(await counted()).toBe(full);
  await write(ledger, [['add-triple', goals[0], title.id, '']], { other: 'y' });
  expect(await counted()).toBe(full - 1000 - 499);
  await write(
    ledger,
    goals.map((goal) => ['delete-entity', goal, 'goals']),
    { 'file a': null, other: null },
  );
  expect(await counted()).toBe(empty);
});
