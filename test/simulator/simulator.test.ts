// Random schedules of work and faults in virtual time: no write is lost, doubled, reordered or made in another's name, and everybody ends up
// with the same data.

import { expect, test } from 'vitest';

import { Happened, mustHappen } from './happened.ts';
import { profiles } from './profiles.ts';
import { simulate } from './simulate.ts';

test.each(['mixed', 'crowded'] as const)('a seed gives the same run each time: %s', async (profile) => {
  const [first, second] = [await simulate({ seed: 7, profile }), await simulate({ seed: 7, profile })];
  expect(second).toEqual(first);
});

const seeds = Number(process.env['SIMULATOR_SEEDS'] ?? 500);
const first = Number(process.env['SIMULATOR_FIRST'] ?? 1);
test(`${seeds} schedules`, { timeout: 600_000 }, async () => {
  const failed: string[] = [];
  const happened = new Happened();
  let [writes, faults] = [0, 0];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const result = await simulate({ seed });
    writes += result.writes;
    faults += result.faults;
    happened.add(result.happened);
    if (result.violations.length > 0) failed.push(`seed ${seed}: ${result.violations.slice(0, 4).join('; ')}`);
  }
  expect(failed).toEqual([]);
  expect(Math.min(writes, faults)).toBeGreaterThan(seeds);
  const least = Math.floor(seeds / 100);
  const names = Object.entries(profiles.mixed.weights(1)).flatMap(([name, weight]) => (weight > 0 ? [name] : []));
  const counts = [...names, ...mustHappen].map((what) => [what, happened.count(what)] as const);
  expect(counts.filter(([, times]) => times < least)).toEqual([]);
});
