// Whatever a server and the command line write that holds data, keys or tokens can be read by their own user only.

import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { openDataDir } from '../../../src/server/cli/data-dir.ts';
import { createServer, diskFiles, memory, sqlite } from '../../../src/server/index.ts';
import { exportApp } from '../../../src/server/move/export.ts';
import { Mirror } from '../../../src/server/move/remote/mirror.ts';
import { WorkFolder } from '../../../src/server/move/remote/work-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'triplane-modes-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What others than the owner may do something with. */
function openToOthers(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name));
  expect(paths.length).toBeGreaterThan(0);
  return [folder, ...paths]
    .filter((path) => !path.endsWith('.gitignore') && (statSync(path).mode & 0o077) !== 0)
    .map((path) => relative(root, path));
}

test('the data folder of a server, with database, write-ahead log, files, tokens and backups', async () => {
  const folder = join(root, 'deep/data');
  const { storage, identity } = await openDataDir({ data: folder }, silent);
  const server = await createServer({ storage, ...identity });
  const headers = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
  const answer = await fetch(`${server.url}/admin/storage/upload`, { method: 'PUT', headers: { ...headers, path: 'a' }, body: 'text' });
  expect(answer.status).toBe(200);
  await server.backup(join(folder, 'copy.db'));
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['triplane.db', 'triplane.db-wal', 'server.json', 'files', 'copy.db']));
  expect(openToOthers(folder)).toEqual([]);
  await server.close();
  expect(openToOthers(folder)).toEqual([]);
});

test('a database in a folder that others may enter', async () => {
  const storage = await sqlite(root);
  await (await storage.open('a9900000-0000-4000-8000-000000000001')).load();
  expect(statSync(root).mode & 0o777).toBe(0o700);
  expect(openToOthers(root)).toEqual([]);
  await storage.close();
});

test('files in a folder of their own', async () => {
  const files = diskFiles(join(root, 'own'));
  const body = async function* () {
    yield Buffer.from('text');
  };
  await files.write('app', 'location', body());
  expect(openToOthers(join(root, 'own'))).toEqual([]);
});

test('an exported archive, also in place of one that others may read', async () => {
  const storage = memory();
  const appId = 'a9900000-0000-4000-8000-000000000001';
  await storage.open(appId);
  const out = join(root, 'app.zip');
  for (const name of [out, `${out}.unfinished`]) writeFileSync(name, 'old', { mode: 0o644 });
  await exportApp({ storage, appId, out });
  expect(openToOthers(root)).toEqual([]);
});

test('what an import keeps so that it can be resumed', async () => {
  const folder = await WorkFolder.open(join(root, 'import'), 'app', {});
  await folder.save({ token: 't' });
  (await Mirror.open(folder.file('mirror.db'))).close();
  expect(openToOthers(folder.path)).toEqual([]);
});
