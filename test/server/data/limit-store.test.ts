// What is spent of rate limits: kept, shared, and never forgotten because of what strangers do.

import { expect, test } from 'vitest';
import { LimitStore } from '../../../src/server/data/limit-store.ts';
import { Bucket } from '../../../src/server/rules/rate-limits.ts';
import type { Records } from '../../../src/server/storage/storage.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';

const hourly = [{ capacity: 20, amount: 20, periodMs: 3_600_000, isGreedy: false }];
const limited = expect.objectContaining({ body: expect.objectContaining({ type: 'rate-limited' }) });

interface World {
  readonly clock: VirtualClock;
  readonly records: Map<string, unknown>;
  /** What the log does to the next transaction; as a rule it is appended. */
  next: 'append' | 'fail' | 'append and fail' | 'make again';
  open(clock?: VirtualClock): LimitStore;
  crash(store: LimitStore): void;
}

/** Processes on one log. */
function shared(most?: number): World {
  const clock = new VirtualClock();
  const records = new Map<string, unknown>();
  const stores = new Set<LimitStore>();
  let last = 0;
  let opened = 0;
  const append = (changes: Records): void => {
    for (const [name, value] of Object.entries(JSON.parse(JSON.stringify(changes)) as Records)) {
      if (value === null) records.delete(name);
      else records.set(name, value);
    }
    for (const store of stores) store.committed(changes);
  };
  const world: World = {
    clock,
    records,
    next: 'append',
    open(own = clock) {
      const save = async (make: (at: number) => Records): Promise<void> => {
        const { next } = world;
        world.next = 'append';
        const at = (): number => (last = Math.max(last + 1, own.now()));
        if (next === 'make again') make(at());
        const changes = make(at());
        if (next !== 'fail') append(changes);
        if (next.endsWith('fail')) throw new Error('away');
      };
      const store = new LimitStore(own, { clock: own, save, id: `p${++opened}` }, most);
      store.load(records);
      stores.add(store);
      return store;
    },
    crash: (store) => void stores.delete(store),
  };
  return world;
}

/** Spends one by one until it is refused. */
function spendAll(bucket: Bucket, key = 'k', most = 1000): number {
  for (let spent = 0; spent < most; spent++) {
    try {
      bucket.limit(key, 1);
    } catch {
      return spent;
    }
  }
  return most;
}

const outcome = (taking: Promise<void>): Promise<string> =>
  taking.then(
    () => 'taken',
    (error: { body?: { type: string } }) => error.body?.type ?? 'failed',
  );

test('what each process spent is spent in all, and after a restart', async () => {
  const { clock, records, open } = shared();
  const [a, b] = [open(), open()];
  const [atA, atB] = [new Bucket(hourly, clock, a, 'n'), new Bucket(hourly, clock, b, 'n')];
  atB.limit('k', 5);
  atA.limit('k', 10);
  await a.save();
  await b.save();
  expect(() => atA.limit('k', 6)).toThrow(limited);
  expect(() => atB.limit('k', 6)).toThrow(limited);
  expect(spendAll(atB)).toBe(5);
  await b.save();
  expect(spendAll(atA)).toBe(0);
  const later = new Bucket(hourly, clock, open(), 'n');
  expect(() => later.limit('k', 1)).toThrow(limited);
  expect(later.limit('other', 1)).toBe(true);
  expect([...records.keys()].join()).not.toContain('k\n');
});

test('three processes that spend at once owe what was too much', async () => {
  const { clock, open } = shared();
  const stores = [open(), open(), open()];
  const buckets = stores.map((store) => new Bucket(hourly, clock, store, 'n'));
  for (const bucket of buckets) bucket.limit('k', 10);
  for (const store of stores) await store.save();
  const balances = stores.map((store) => store.buckets(`n ${JSON.stringify(hourly)}`, 'k', hourly)[0]?.tokens);
  expect(balances).toEqual([-10, -10, -10]);
});

test.for([1, 2, 3])('%i processes take 20 in all, also if one is restarted in the middle', async (count) => {
  const { clock, open, crash } = shared();
  const stores = Array.from({ length: count }, () => open());
  const takeAt = (store: LimitStore): Promise<string> => outcome(Bucket.take([[new Bucket(hourly, clock, store, 'n'), 'k']]));
  const takers = (most: number): Promise<string[]> => Promise.all(Array.from({ length: most }, (_, n) => takeAt(stores[n % count]!)));
  const first = await takers(15);
  crash(stores[0]!);
  stores[0] = open();
  const all = [...first, ...(await takers(15))];
  expect(all.filter((each) => each === 'taken')).toHaveLength(20);
  expect(all.filter((each) => each === 'rate-limited')).toHaveLength(10);
});

test('of several keys all are taken or none', async () => {
  const { clock, open } = shared();
  const [a, b] = [open(), open()];
  const at = (store: LimitStore, name: string): Bucket => new Bucket(hourly, clock, store, name);
  at(b, 'second').limit('k', 20);
  expect(
    await outcome(
      Bucket.take([
        [at(a, 'first'), 'k'],
        [at(a, 'second'), 'k'],
      ]),
    ),
  ).toBe('taken');
  await b.save();
  expect(
    await outcome(
      Bucket.take([
        [at(a, 'first'), 'k'],
        [at(a, 'second'), 'k'],
      ]),
    ),
  ).toBe('rate-limited');
  expect(spendAll(at(b, 'first'))).toBe(19);
});

test.for(['fail', 'append and fail', 'make again'] as const)('usage is counted once if the log has to %s', async (next) => {
  const world = shared();
  const { clock, open } = world;
  const [a, b] = [open(), open()];
  const [atA, atB] = [new Bucket(hourly, clock, a, 'n'), new Bucket(hourly, clock, b, 'n')];
  atA.limit('k', 8);
  world.next = next;
  await a.save();
  atB.limit('k', 2);
  await b.save();
  await a.save();
  expect([spendAll(atA), spendAll(atB)]).toEqual([10, 10]);
});

test('a write that is checked again spends once', async () => {
  const { clock, open } = shared();
  const store = open();
  const bucket = new Bucket(hourly, clock, store, 'n');
  function* check(): Generator<void, void> {
    bucket.limit('k', 3);
    yield;
    bucket.limit('k', 2);
  }
  const write = {};
  for (const each of [write, write, {}]) {
    // Others spend while it is checked.
    for (const checks = store.once(each, check()); !checks.next().done;) bucket.limit('read', 1);
    await store.save();
  }
  expect(spendAll(bucket)).toBe(10);
  expect(spendAll(bucket, 'read')).toBe(17);
});

test('a balance never grows because of what another process writes, whatever its clock says', async () => {
  const { clock, open } = shared();
  const ahead = new VirtualClock();
  ahead.jump(3_600_000);
  const greedy = [{ ...hourly[0]!, isGreedy: true }];
  const [a, b] = [open(), open(ahead)];
  const [atA, atB] = [new Bucket(greedy, clock, a, 'n'), new Bucket(greedy, ahead, b, 'n')];
  expect(spendAll(atA)).toBe(20);
  await a.save();
  expect(spendAll(atB)).toBe(0);
  atB.limit('other', 1);
  await b.save();
  expect(spendAll(atA)).toBe(0);
  expect(spendAll(atA, 'other')).toBe(19);
});

test('what was refilled before the log could be written is not owed', async () => {
  const world = shared();
  const { clock, open } = world;
  const store = open();
  const bucket = new Bucket(hourly, clock, store, 'n');
  expect(spendAll(bucket)).toBe(20);
  clock.jump(3_600_000);
  clock.elapse(3_600_000);
  bucket.limit('k', 5);
  await store.save();
  expect(spendAll(new Bucket(hourly, clock, open(), 'n'))).toBe(15);
});

test('records of buckets that are full again are deleted, whether or not this process used them', async () => {
  const { clock, records, open } = shared();
  const [a, b] = [open(), open()];
  new Bucket(hourly, clock, a, 'n').limit('k', 1);
  await a.save();
  clock.elapse(26 * 3_600_000);
  const bucket = new Bucket(hourly, clock, b, 'n');
  bucket.limit('other', 1);
  await b.save();
  expect(records.size).toBe(1);
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
  const save = async (make: (at: number) => Records): Promise<void> => {
    if (fails) throw new Error('away');
    saved.push(make(clock.now()));
  };
  const store = new LimitStore(clock, { clock, save, id: 'p' });
  new Bucket(hourly, clock, store, 'n').limit('k', 1);
  await store.save();
  expect(saved).toEqual([]);
  fails = false;
  await store.save();
  expect(saved).toHaveLength(1);
});
