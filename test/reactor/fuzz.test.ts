// Whatever the server says, the client lives: nothing is thrown, and what is no message is reported as such.

import { expect, test } from 'vitest';
import { fuzzClient } from '../support/fuzz.ts';
import { patience, runs, seed } from '../support/runs.ts';

test(
  '5,000 mutated frames',
  async () => {
    const { reported, isAlive } = await fuzzClient(runs(5000), seed);
    expect(reported).toEqual([]);
    expect(isAlive).toBe(true);
    expect(Object.prototype).not.toHaveProperty('polluted');
  },
  patience,
);
