// `simulate` with two small apps: one that is right, and the same with its safeguard removed, which must be found.

import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { i, id, tx } from '../../src/index.ts';
import { simulate, SimulationError, type SimulationOptions } from '../../src/testing/index.ts';

const stock = i.schema({ entities: { items: i.entity({ count: i.number() }) } });
const itemId = '00000000-0000-4000-8000-000000000001';

/** A shop that must not sell what it does not have. */
const shop = (rule: string): SimulationOptions<typeof stock> => ({
  schema: stock,
  rules: { items: { allow: { update: rule } } },
  setup: (app) => app.run(app.admin.transact(app.admin.tx.items[itemId]!.create({ count: 2 }))),
  actions: {
    buy: ({ db, read }) => {
      const count = read({ items: {} })?.items[0]?.count;
      return count === undefined ? undefined : db.transact(db.tx.items[itemId]!.update({ count: count - 1 }));
    },
  },
  invariants: { 'the count is not negative': ({ read }) => read({ items: {} }).items.every(({ count }) => count >= 0) },
});

interface Reading {
  read(query: object): Readonly<Record<string, readonly unknown[]>>;
}

const slots = ['9:00', '10:00', '11:00'];

/** Bookings of rooms by the hour. */
function bookings(isUnique: boolean) {
  const slot = i.string();
  const schema = i.schema({ entities: { bookings: i.entity({ slot: isUnique ? slot.unique() : slot, by: i.string() }) } });
  const options: SimulationOptions<typeof schema> = {
    schema,
    actions: {
      book: ({ db, user, random, read }) => {
        const taken = read({ bookings: {} })?.bookings.map((booking) => booking.slot);
        const free = slots.filter((each) => taken && !taken.includes(each));
        const wanted = random.pick(free);
        return wanted && db.transact(db.tx.bookings[random.uuid()]!.create({ slot: wanted, by: user.id }));
      },
    },
    invariants: {
      'one booking per slot': ({ read }) => {
        const booked = read({ bookings: {} }).bookings.map((booking) => booking.slot);
        return new Set(booked).size === booked.length;
      },
    },
  };
  return options;
}

const failureOf = async (run: Promise<unknown>): Promise<SimulationError> => {
  const error: unknown = await run.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(SimulationError);
  return error as SimulationError;
};

// Each shortens what it finds by many runs: on a busy machine that takes a while.
describe('a simulation', { timeout: 60_000 }, () => {
  test('of a shop whose rule keeps the count from going below zero finds no violation', async () => {
    const { seeds, writes, rejected, faults } = await simulate({ ...shop('newData.count >= 0'), seeds: 5 });
    expect(seeds).toBe(5);
    for (const count of [writes, rejected, faults]) expect(count).toBeGreaterThan(10);
  });

  test('of the same shop without the rule finds that it oversells, and how', async () => {
    const error = await failureOf(simulate({ ...shop('true'), seeds: 50, steps: 30 }));
    expect(error.violations).toEqual(["invariant 'the count is not negative' is violated"]);
    expect(error.message).toContain(`seeds: [${error.seed}]`);
    const again = await failureOf(simulate({ ...shop('true'), seeds: [error.seed], steps: 30 }));
    expect(again.story).toEqual(error.story);
  });

  test('of bookings with a unique slot finds no violation, and without it a double booking in a few steps', async () => {
    await simulate({ ...bookings(true), seeds: 5 });
    const error = await failureOf(simulate({ ...bookings(false), seeds: 50, steps: 30 }));
    expect(error.violations).toEqual(["invariant 'one booking per slot' is violated"]);
    expect(error.story.length).toBeLessThan(8);
    expect(error.story.filter((line) => line.endsWith('book')).length).toBeGreaterThanOrEqual(2);
  });

  test('is reported as the guide shows it', async () => {
    const shown = /```text\n([\s\S]*?)\n```/.exec(await readFile('docs/testing.md', 'utf8'))?.[1] ?? '';
    const seed = Number(/seeds: \[(\d+)\]$/.exec(shown)?.[1]);
    const story = shown.split('\n').flatMap((line) => /^ {2}(\d+ ms: device .*)$/.exec(line)?.[1] ?? []);
    expect(new SimulationError(seed, ["invariant 'one booking per slot' is violated"], story).message).toBe(shown);
    const { message } = await failureOf(simulate({ ...bookings(false), seeds: [seed] }));
    expect(message.split('\n')[1]).toBe(shown.split('\n')[1]);
  });

  test('reports an action that throws, and one that rejects', async () => {
    const broken = { actions: { fail: () => Promise.reject(new Error('a fault of the program')) } };
    expect((await failureOf(simulate({ ...broken, seeds: 1 }))).violations).toEqual(["action 'fail' failed: a fault of the program"]);
    const invalid: SimulationOptions<typeof stock> = {
      schema: stock,
      actions: {
        write: ({ db }) =>
          db.transact((tx as unknown as typeof db.tx & { nothing: typeof db.tx.items }).nothing[itemId]!.update({ count: 1 })),
      },
    };
    expect((await failureOf(simulate({ ...invalid, seeds: 1 }))).violations[0]).toMatch(
      /action 'write' failed: The schema has no entity 'nothing'/,
    );
  });

  test('without faults injects none', async () => {
    const { faults, writes } = await simulate({ ...shop('newData.count >= 0'), seeds: 3, faults: false });
    expect(faults).toBe(0);
    expect(writes).toBeGreaterThan(0);
  });

  test.each([{ users: [] }, { actions: {} }, { seeds: 0 }, { seeds: [] }, { devices: 0 }, { steps: 0 }])(
    'in which nothing can happen is rejected: %j',
    async (nothing) => {
      await expect(simulate({ ...shop('true'), ...nothing })).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringMatching(`^simulate: ${Object.keys(nothing)[0]} must`) as unknown,
      });
    },
  );

  test('reports an invariant that cannot be checked, and an action that reads missing data', async () => {
    const check = async (changes: object): Promise<SimulationError> => failureOf(simulate({ ...shop('true'), seeds: 1, ...changes }));
    const misspelled = await check({ invariants: { none: ({ read }: Reading) => read({ item: {} })['item']?.length === 0 } });
    expect(misspelled.violations[0]).toContain("invariant 'none' is violated: At path 'item': The schema has no entity 'item'");
    expect(misspelled.message).toContain('at the start, before any step');
    const slow = await check({
      invariants: { slow: async ({ read }: Reading) => Promise.resolve(read({ items: {} })['items']?.length === 7) },
    });
    expect(slow.violations[0]).toContain("invariant 'slow' returned a promise");
    const reading = await check({ actions: { look: ({ read }: Reading) => read({ items: { $: { where: { cuont: 1 } } } }) } });
    expect(reading.violations).toEqual([expect.stringContaining("action 'look' failed: At path 'items.$.where.cuont'")]);
  });

  test('is shortened to steps that cause the original violation, not another one', async () => {
    let runs = 0;
    const fail = (): never => {
      throw new Error('a fault of the program');
    };
    const error = await failureOf(
      simulate({
        setup: () => Promise.resolve((runs += 1)),
        // Only the first run, which is not shortened yet, has the fault of `early`.
        actions: { early: () => (runs === 1 ? fail() : undefined), late: () => fail() },
        ...{ seeds: 1, steps: 10, devices: 1 },
      }),
    );
    expect(error.violations).toContain("action 'early' failed: a fault of the program");
    expect(runs).toBeGreaterThan(2);
  });

  test('reports its progress', async () => {
    const progress: string[] = [];
    await simulate({ ...bookings(true), seeds: [7, 9], onProgress: (done, all) => progress.push(`${done}/${all}`) });
    expect(progress).toEqual(['1/2', '2/2']);
  });
});

test('a seed replays actions that take their choices, times and ids from the platform, and nobody else has those', async () => {
  const schema = i.schema({ entities: { votes: i.entity({ by: i.string(), at: i.number() }) } });
  const run = async (seeds: number | readonly number[]): Promise<{ readonly error: SimulationError; readonly drawn: string }> => {
    const drawn: unknown[] = [];
    const vote: SimulationOptions<typeof schema>['actions'][string] = async ({ db, user }) => {
      await Promise.resolve();
      const [at, byte] = [Date.now(), crypto.getRandomValues(new Uint8Array(1))[0]];
      drawn.push(at, byte, new Date().getTime() - at);
      if (Math.random() < 0.3) return db.transact(db.tx.votes[id()]!.create({ by: user.id, at: at + Math.random() }));
      return undefined;
    };
    const options: SimulationOptions<typeof schema> = {
      ...{ schema, seeds, actions: { vote }, steps: 30, devices: 2 },
      invariants: { few: ({ read }) => read({ votes: {} }).votes.length < 3 },
    };
    return { error: await failureOf(simulate(options)), drawn: JSON.stringify(drawn) };
  };
  const before = [Date, Math.random, Reflect.get(crypto, 'randomUUID')];
  const first = run(5);
  // Meanwhile, outside of it.
  const year = new Date().getFullYear();
  const second = await run(5);
  expect(second.error.message).toBe((await first).error.message);
  expect(second.drawn).toBe((await first).drawn);
  expect((await run([second.error.seed])).error.message).toBe(second.error.message);
  expect(second.drawn.slice(1, 6)).toBe('17828'); // July 2026, where virtual time begins
  expect(year).toBe(new Date().getFullYear());
  expect([Date, Math.random, Reflect.get(crypto, 'randomUUID')]).toEqual(before);
});
