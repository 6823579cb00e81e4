// Whatever the server says and the store holds, the client lives: nothing is thrown, and what is no message is reported as such.

import { expect, test } from 'vitest';
import { fuzzClient } from '../support/fuzz.ts';
import { fuzzStored } from '../support/fuzz-stored.ts';
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

test(
  '200 stores with a record that is not as it was written',
  async () => {
    const { faults, isAlive } = await fuzzStored(runs(200), seed);
    expect(faults.slice(0, 3)).toEqual([]);
    expect(isAlive).toBe(true);
  },
  patience,
);
