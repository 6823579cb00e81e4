// The official client runs through the simulator's schedules; ours comes out of the same ones without a flaw.

import { expect, test } from 'vitest';

import { simulate } from '../simulate.ts';
import { steps } from '../steps.ts';
import { clients, leftOut, settingOf } from './compared.ts';
import { rowOf } from './figures.ts';

test.each([
  ['event ids remembered', 10],
  ['event ids forgotten', 5],
] as const)('both clients run through the same schedules: %s', { timeout: 300_000 }, async (server, seeds) => {
  const ours = await rowOf({ client: 'Triplane', server, mostTabs: 3 }, seeds);
  const theirs = await rowOf({ client: '@instantdb/core', server, mostTabs: 3 }, seeds);
  expect(ours).toMatchObject({ lost: 0, doubled: 0, refused: 0, 'and applied': 0, 'out of order': 0, diverged: 0 });
  for (const { writes, faults } of [ours, theirs]) expect(Math.min(writes, faults)).toBeGreaterThan(seeds * 10);
  // What docs/exactly-once.md says of it comes true: so its writes do arrive, and are counted.
  expect(theirs.doubled > 0).toBe(server === 'event ids forgotten');
});

test.each(Object.keys(clients) as (keyof typeof clients)[])(
  'a seed gives the same run of %s each time',
  { timeout: 120_000 },
  async (client) => {
    const run = async (): Promise<unknown> => {
      const { story, violations, frames } = await simulate({
        seed: 3,
        setting: settingOf({ client, server: 'event ids remembered', mostTabs: 3 }),
      });
      return { story, violations, frames };
    };
    expect(await run()).toEqual(await run());
  },
);

test('only steps that there are can be left out', () => {
  expect(Object.keys(steps)).toEqual(expect.arrayContaining(Object.keys(leftOut)));
});
