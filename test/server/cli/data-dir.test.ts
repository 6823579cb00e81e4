// Where a server keeps its data, and who it is.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { type Identity, identityIn, openDataDir } from '../../../src/server/cli/data-dir.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triplane-place-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('servers that start in one folder at once get the same identity', async () => {
  const data = join(folder, 'data');
  const found = await Promise.all(Array.from({ length: 20 }, () => identityIn(data)));
  expect(new Set(found.map(({ appId, adminToken }) => `${appId} ${adminToken}`)).size).toBe(1);
  expect(readdirSync(data)).toEqual(['.gitignore', 'server.json']);
  expect(JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')) as Identity).toEqual(found[0]);
  expect(await identityIn(data)).toEqual(found[0]);
});

test('a server.json without an identity is rejected and not changed', async () => {
  writeFileSync(join(folder, 'server.json'), '{}');
  await expect(identityIn(folder)).rejects.toMatchObject({ code: 'config-invalid' });
  expect(readFileSync(join(folder, 'server.json'), 'utf8')).toBe('{}');
});

test('an in-memory server has no identity of a folder', async () => {
  expect(await openDataDir({ memory: true }, silent)).toMatchObject({ where: 'in memory only', identity: undefined });
  await expect(openDataDir({ memory: true, data: folder }, silent)).rejects.toMatchObject({ code: 'config-invalid' });
});
