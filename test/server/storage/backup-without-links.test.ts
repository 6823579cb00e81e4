// Backups to a file system that has no hard links, as that of most memory sticks.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';

vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  linkSync: () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  },
}));

const root = mkdtempSync(join(tmpdir(), 'triplane-no-links-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a copy is made there too, and replaces no file', async () => {
  const storage = await sqlite(join(root, 'data'));
  const file = join(root, 'copy.db');
  await storage.backup?.(file);
  expect(readFileSync(file).subarray(0, 15).toString()).toBe('SQLite format 3');
  writeFileSync(join(root, 'mine.db'), 'mine');
  await expect(storage.backup?.(join(root, 'mine.db'))).rejects.toMatchObject({ code: 'config-invalid' });
  expect(readFileSync(join(root, 'mine.db'), 'utf8')).toBe('mine');
  expect(readdirSync(root).sort()).toEqual(['copy.db', 'data', 'mine.db']);
  await storage.close();
});
