// The simulator finds bugs that are planted in the sources: each of them, and most within few seeds.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { beforeAll, expect, test } from 'vitest';

import { plantedBugs } from './planted/bugs.ts';
import { type Hunt, hunt } from './planted/hunt.ts';
import { buildSimulator, edited, sourceOf } from './planted/plant.ts';

/** Bug → the first seed that found it when `scripts/planted-bugs.ts` tried them all: it is tried first. */
const foundAt = JSON.parse(readFileSync(new URL('planted/found-at.json', import.meta.url), 'utf8')) as Readonly<Record<string, number>>;
const mostSeeds = 400;
const mostInMedian = 200;
const hunts = new Map<string, Promise<Hunt>>();

beforeAll(() => {
  const queue = [...plantedBugs];
  const clean = buildSimulator();
  // A thread at a time for each core: the rest waits.
  let free = Math.max(1, Math.min(4, availableParallelism()));
  const waiting: (() => void)[] = [];
  const inTurn = async (run: () => Promise<Hunt>): Promise<Hunt> => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    return run().finally(() => {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    });
  };
  for (const bug of queue) {
    const found = inTurn(async () => {
      const hunted = { simulator: await buildSimulator(bug), clean: await clean, profile: bug.profile };
      return hunt(hunted, mostSeeds, foundAt[bug.name]);
    });
    found.catch(() => {});
    hunts.set(bug.name, found);
  }
});

test('there are many, each with a name of its own, and the text that each replaces is there once', () => {
  expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length);
  expect(plantedBugs.length).toBeGreaterThanOrEqual(40);
  for (const { edits } of plantedBugs) for (const edit of edits) expect(() => edited(sourceOf(edit.file), edit)).not.toThrow();
});

test.each(plantedBugs)('$name', { timeout: 600_000 }, async ({ name }) => {
  const found = await hunts.get(name);
  expect(found?.seeds, `nothing was violated in ${mostSeeds} seeds`).toBeDefined();
});

test('the median is found soon', { timeout: 600_000 }, async () => {
  const found = await Promise.all(hunts.values());
  const seeds = found.map((each) => each.seeds ?? Infinity).sort((a, b) => a - b);
  expect(seeds[Math.floor(seeds.length / 2)]).toBeLessThanOrEqual(mostInMedian);
});
