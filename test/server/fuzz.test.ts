// Whatever comes in is answered, or the connection is closed; nothing is thrown, and the next client is served, whatever the storage.
// `npm run fuzz` runs the same for longer.

import { expect, test } from 'vitest';
import { fuzzServer } from '../support/fuzz.ts';
import { patience, runs, seed } from '../support/runs.ts';
import { onEachStorage } from '../support/storages.ts';

onEachStorage((fresh) => {
  test(
    '5,000 mutated frames',
    async () => {
      const { unanswered, isAlive } = await fuzzServer(runs(5000), seed, () => {}, fresh);
      expect(unanswered).toEqual([]);
      expect(isAlive).toBe(true);
      expect(Object.prototype).not.toHaveProperty('polluted');
    },
    patience,
  );
});
