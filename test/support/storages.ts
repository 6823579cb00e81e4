// Every storage a server can have, for tests that must hold on each. PostgreSQL is started once per file, and each server gets a
// schema of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { memory } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/storage.ts';
import { postgres } from '../../src/server/storage/postgres/postgres.ts';
import { sqlite } from '../../src/server/storage/sqlite/sqlite.ts';
import { startPostgres } from './postgres.ts';

/** A storage with nothing in it. */
export type NewStorage = () => Promise<Storage>;

export interface StorageSource {
  readonly fresh: NewStorage;
  stop(): Promise<void>;
}

export const storageSources: Readonly<Record<string, () => Promise<StorageSource>>> = {
  memory: async () => ({ fresh: async () => memory(), stop: async () => {} }),
  async SQLite() {
    const root = mkdtempSync(join(tmpdir(), 'triplane-storages-'));
    let made = 0;
    return { fresh: () => sqlite(join(root, String(++made))), stop: async () => rmSync(root, { recursive: true, force: true }) };
  },
  async PostgreSQL() {
    const server = await startPostgres();
    let made = 0;
    return { fresh: () => postgres(server.url, { schema: `s${++made}` }), stop: () => server.stop() };
  },
};

/** The same tests on each of them. */
export function onEachStorage(tests: (fresh: NewStorage, name: string) => void): void {
  describe.each(Object.keys(storageSources))('on %s', (name) => {
    let source: StorageSource | undefined;
    beforeAll(async () => {
      source = await storageSources[name]?.();
    }, 180_000);
    afterAll(() => source?.stop());
    tests(async () => {
      if (!source) throw new Error('no storage before the tests begin');
      return source.fresh();
    }, name);
  });
}
