// What replaces a log by a snapshot, if the log is another one than the replica was built from.

import { expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { IdempotencyKeys } from '../../../src/server/data/idempotency.ts';
import { LogFollower } from '../../../src/server/data/log-follower.ts';
import { Replica } from '../../../src/server/data/replica.ts';
import { type AppLog, emptySnapshot, type Snapshot } from '../../../src/server/storage/storage.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';

const answered = (id: string) => ({ id, by: '', txId: 2, at: 2 });
const logWith = (lastId: string, event: string): Snapshot => ({ ...emptySnapshot, txId: 2, at: 2, lastId, events: [answered(event)] });

async function compacted(before: Snapshot, later: Snapshot): Promise<Snapshot | undefined> {
  let [current, stored]: [Snapshot, Snapshot | undefined] = [before, undefined];
  const log: AppLog = {
    load: async () => ({ snapshot: current, entries: [] }),
    since: async () => [],
    append: async () => 'appended',
    compact: async (snapshot) => void (stored = snapshot),
    subscribe: () => () => {},
  };
  const clock = new VirtualClock();
  const replica = new Replica(new IdempotencyKeys(Infinity, 1_000_000, () => clock.monotonicNow()));
  const follower = new LogFollower({ log, clock, logger: silent, committed: () => {} }, replica);
  await follower.load();
  current = later;
  await follower.compact();
  return stored;
}

test('a snapshot of another log with the same number has the results of its own writes, not of those that are lost', async () => {
  const stored = await compacted(logWith('ours', 'lost'), logWith('of another log', 'theirs'));
  expect(stored).toMatchObject({ lastId: 'of another log', events: [{ id: 'theirs' }] });
});

test('a snapshot of the same log has the results that the replica knows', async () => {
  const stored = await compacted(logWith('ours', 'known'), { ...logWith('ours', 'known'), events: [] });
  expect(stored?.events).toMatchObject([{ id: 'known' }]);
});
