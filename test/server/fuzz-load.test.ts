// Whatever is asked for, the server lives, answers, and serves others. `npm run fuzz` runs the same for longer.

import { expect, test } from 'vitest';
import { fuzzEventStreams } from '../support/fuzz-event-streams.ts';
import { fuzzBytes, fuzzQueries, fuzzUpgrades } from '../support/fuzz-load.ts';
import { fuzzRules } from '../support/fuzz-rules.ts';
import { fuzzStreams } from '../support/fuzz-streams.ts';
import { fuzzTraffic } from '../support/fuzz-traffic.ts';
import { patience, runs, seed } from '../support/runs.ts';

test.each([
  ['upgrade requests', 500, fuzzUpgrades],
  ['connections of HTTP, as bytes', 300, fuzzTraffic],
  ['queries of any cost', 200, fuzzQueries],
  ['rules that are expressions of any kind', 1000, fuzzRules],
  ['clients that make the server hold much data', 1000, fuzzBytes],
  ['streams that are written and read', 300, fuzzStreams],
  ['sessions over event streams', 300, fuzzEventStreams],
] as const)(
  '%s',
  async (_, count, fuzz) => {
    const { faults, isAlive } = await fuzz(runs(count), seed);
    expect(faults.slice(0, 3)).toEqual([]);
    expect(isAlive).toBe(true);
  },
  patience,
);
