// Requests nobody would send: each is answered in JSON, none takes the server down, and no token is told back, whatever the
// storage. `npm run fuzz` sends more.

import { expect, test } from 'vitest';
import { fuzzHttp } from '../../support/fuzz-http.ts';
import { patience, runs, seed } from '../../support/runs.ts';
import { onEachStorage } from '../../support/storages.ts';

onEachStorage((fresh) => {
  test('1,700 bodies and tokens', { timeout: patience }, async () => {
    const { faults, isAlive } = await fuzzHttp(runs(1700), seed, () => {}, fresh);
    expect(faults).toEqual([]);
    expect(isAlive).toBe(true);
  });
});
