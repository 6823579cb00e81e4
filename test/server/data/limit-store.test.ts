// What is spent of rate limits: kept, shared, and never forgotten because of what strangers do.

import { expect, test } from 'vitest';
import { LimitStore } from '../../../src/server/data/limit-store.ts';
import { Bucket } from '../../../src/server/rules/rate-limits.ts';
import type { Records } from '../../../src/server/storage/storage.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';

const hourly = [{ capacity: 20, amount: 20, periodMs: 3_600_000, isGreedy: false }];
const limited = expect.objectContaining({ body: expect.objectContaining({ type: 'rate-limited' }) });

/** Two processes on one log. */
function shared(most?: number) {
  const clock = new VirtualClock();
  const records = new Map<string, unknown>();
  const stores: LimitStore[] = [];
  const save = async (changes: Records): Promise<void> => {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) records.delete(name);
      else records.set(name, value);
    }
    for (const store of stores) store.committed(changes);
  };
  const open = (): LimitStore => {
    const store = new LimitStore(clock, { clock, save }, most);
    store.load(records);
    stores.push(store);
    return store;
  };
  return { clock, records, open };
}

test('tokens spent in one process are spent in the other, and after a restart', async () => {
  const { clock, records, open } = shared();
  const [a, b] = [open(), open()];
  const [atA, atB] = [new Bucket(hourly, clock, a, 'n'), new Bucket(hourly, clock, b, 'n')];
  atB.limit('k', 5);
  for (let n = 0; n < 15; n++) atA.limit('k', 1);
  await a.save();
  atB.limit('k', 5);
  expect(() => atB.limit('k', 1)).toThrow(limited);
  await b.save();
  const later = new Bucket(hourly, clock, open(), 'n');
  expect(() => later.limit('k', 1)).toThrow(limited);
  expect(later.limit('other', 1)).toBe(true);
  expect([...records.keys()].join()).not.toContain('k\n');
});

test('a bucket refills while no process runs, and a full bucket is deleted', async () => {
  const { clock, records, open } = shared();
  const first = open();
  const bucket = new Bucket(hourly, clock, first, 'n');
  for (let n = 0; n < 20; n++) bucket.limit('k', 1);
  await first.save();
  expect(records.size).toBe(1);
  clock.elapse(3_600_000);
  const next = open();
  const later = new Bucket(hourly, clock, next, 'n');
  expect(later.limit('k', 20)).toBe(true);
  clock.elapse(3_600_000);
  await next.save();
  expect(records.size).toBe(0);
});

test('a wall clock that was set back does not refill a bucket', async () => {
  const { clock, open } = shared();
  const first = open();
  const bucket = new Bucket(hourly, clock, first, 'n');
  for (let n = 0; n < 20; n++) bucket.limit('k', 1);
  await first.save();
  clock.jump(-7_200_000);
  expect(() => new Bucket(hourly, clock, open(), 'n').limit('k', 1)).toThrow(limited);
});

test('many other keys do not evict a spent bucket', () => {
  const { clock, open } = shared(100);
  const bucket = new Bucket(hourly, clock, open(), 'n');
  for (let n = 0; n < 20; n++) bucket.limit('victim', 1);
  for (let n = 0; n < 2000; n++) bucket.limit(`stranger ${n}`, 1);
  expect(() => bucket.limit('victim', 1)).toThrow(limited);
});

test('a save that failed is retried', async () => {
  const clock = new VirtualClock();
  let fails = true;
  const saved: Records[] = [];
  const save = async (records: Records): Promise<void> => {
    if (fails) throw new Error('away');
    saved.push(records);
  };
  const store = new LimitStore(clock, { clock, save });
  new Bucket(hourly, clock, store, 'n').limit('k', 1);
  await store.save();
  expect(saved).toEqual([]);
  fails = false;
  await store.save();
  expect(saved).toHaveLength(1);
});
