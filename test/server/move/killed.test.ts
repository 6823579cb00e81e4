// Imports by the command line that are killed in the middle: nothing of the app is there until --resume has finished it.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { createServer } from '../../../src/server/server.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { postgres } from '../../../src/server/storage/postgres/postgres.ts';
import { sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import { type Postgres, query, startPostgres } from '../../support/postgres.ts';
import { type Command, runCommand, startCommand } from './command.ts';
import { adminToken, appId, attr, configOf, contentsOf, importFrom, recorded, temporaryFolder, writeZip } from './support.ts';

const folder = temporaryFolder();
const rowCount = 20_000;
const idOf = (at: number): string => `e0000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
const recordedApp = 'c9f86b3b-9c3c-4858-9777-67e60a882270';
let archive = '';
let database: Postgres;

beforeAll(async () => {
  const goals = { title: attr('string', { unique: true, indexed: true }), n: attr('number'), text: attr('string') };
  archive = await writeZip(join(folder, 'large.zip'), {
    'config.json': configOf({ goals }),
    'entities/goals.jsonl': Array.from({ length: rowCount }, (_, at) => ({
      entity: { id: idOf(at), title: `goal ${at}`, n: at, text: `${at} `.repeat(20) },
      createdAt: 1_700_000_000_000 + at,
    })),
  });
  database = await startPostgres();
}, 180_000);

afterAll(() => database?.stop());

function newFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** Kills the process as soon as `isHalfway`. */
async function killed(command: Command, isHalfway: () => boolean | Promise<boolean>): Promise<void> {
  let isOver = false;
  void command.ended.then(() => (isOver = true));
  while (!(await isHalfway())) {
    if (isOver) throw new Error(`it was over too soon: ${JSON.stringify(await command.ended)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  command.process.kill('SIGKILL');
  expect((await command.ended).code).toBe(null);
}

test('a killed import into SQLite is resumed', { timeout: 120_000 }, async () => {
  const cwd = newFolder('sqlite');
  const log = join(cwd, '.triplane/triplane.db-wal');
  await killed(startCommand(cwd, ['import', archive]), () => existsSync(log) && statSync(log).size > 2_000_000);
  const storage = await sqlite(join(cwd, '.triplane'));
  expect(await storage.apps()).toEqual([]);
  await storage.close();
  expect(await runCommand(cwd, ['import', archive])).toMatchObject({
    code: 1,
    err: expect.stringContaining('Add --resume to continue') as string,
  });
  const { code, out } = await runCommand(cwd, ['import', archive, '--resume']);
  expect([code, out]).toEqual([0, expect.stringMatching(/goals {2}\s+20000 rows {2}[0-9a-f]{16} {2}same/)]);
  const again = await sqlite(join(cwd, '.triplane'));
  expect((await contentsOf(again, appId)).triples).toHaveLength(rowCount * 4);
  await again.close();
});

test('a killed import into PostgreSQL is resumed', { timeout: 120_000 }, async () => {
  const cwd = newFolder('postgres');
  const url = await database.createDatabase('killed');
  const staged = async (): Promise<boolean> => {
    const tables = await query(url, `SELECT table_schema FROM information_schema.tables WHERE table_name = 'snapshots'`);
    const [table] = tables as { table_schema: string }[];
    if (!table) return false;
    const [found] = await query(url, `SELECT count(*)::int AS parts FROM ${table.table_schema}.snapshots`);
    return Number(found?.['parts']) >= 3;
  };
  await killed(startCommand(cwd, ['import', archive, '--database', url]), staged);
  const storage = await postgres(url);
  expect(await storage.apps()).toEqual([]);
  await storage.close();
  const { code, out, err } = await runCommand(cwd, ['import', archive, '--database', url, '--resume']);
  expect([code, out, err]).toEqual([0, expect.stringMatching(/goals {2}\s+20000 rows {2}[0-9a-f]{16} {2}same/), expect.any(String)]);
  const again = await postgres(url);
  const server = await createServer({ storage: again, appId, adminToken });
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  // The token of the folder, not one given here, is the app's.
  const { goals } = await db.query({ goals: { $: { where: { title: 'goal 19999' } } } });
  expect(goals).toMatchObject([{ id: idOf(19_999), n: 19_999 }]);
  await server.close();
});

test('a recorded backup is imported into PostgreSQL and exported as the same archive', { timeout: 120_000 }, async () => {
  const cwd = newFolder('recorded');
  const url = await database.createDatabase('recorded');
  const given = ['--database', url, '--files', 'files'];
  expect(await runCommand(cwd, ['import', recorded('backup-3'), ...given])).toMatchObject({
    code: 0,
    out: expect.stringContaining('149 triples and 4 files are as in the source') as string,
  });
  const exported = await runCommand(cwd, ['export', 'out.zip', ...given, '--app-id', recordedApp]);
  expect(exported).toMatchObject({ code: 0, out: expect.stringContaining('191 triples, 4 files') as string });
  const [theirs, ours] = [memory(), memory()];
  await importFrom(recorded('backup-3'), { storage: theirs });
  await importFrom(join(cwd, 'out.zip'), { storage: ours });
  expect(await contentsOf(ours, recordedApp)).toEqual(await contentsOf(theirs, recordedApp));
});

test('a killed import from a server is resumed', { timeout: 120_000 }, async () => {
  const cwd = newFolder('server');
  const first = memory();
  await importFrom(archive, { storage: first });
  const server = await createServer({ storage: first, appId, adminToken });
  const given = ['import', '--from', server.url, '--app-id', appId, '--admin-token', adminToken, '--live'];
  const log = join(cwd, '.triplane/moving', appId, 'mirror.db-wal');
  await killed(startCommand(cwd, given), () => existsSync(log) && statSync(log).size > 1_000_000);
  expect(existsSync(join(cwd, '.triplane/triplane.db'))).toBe(false);
  expect(await runCommand(cwd, given)).toMatchObject({ code: 1, err: expect.stringContaining('Add --resume to continue') as string });
  const { code, out, err } = await runCommand(cwd, [...given, '--resume']);
  expect([code, err, out]).toEqual([
    0,
    expect.any(String),
    expect.stringContaining('The copy equals what the source answers: 20000 rows in 1 namespaces'),
  ]);
  expect(existsSync(join(cwd, '.triplane/moving', appId))).toBe(false);
  const second = await sqlite(join(cwd, '.triplane'));
  expect((await contentsOf(second, appId)).triples).toEqual((await contentsOf(first, appId)).triples);
  await second.close();
  await server.close();
});

test('an import followed in the terminal switches on Enter, and leaves no files on Ctrl-C', { timeout: 120_000 }, async () => {
  const cwd = newFolder('terminal');
  const server = await createServer({ storage: memory(), appId, adminToken });
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  await db.transact(db.tx['goals']![idOf(1)]!.create({ title: 'first' }));
  const given = ['import', '--from', server.url, '--app-id', appId, '--admin-token', adminToken, '--follow'];
  const stopped = startCommand(cwd, given);
  await expect.poll(stopped.printed, { timeout: 60_000 }).toContain('It is safe to switch');
  stopped.process.kill('SIGINT');
  expect((await stopped.ended).code).toBe(130);
  expect(existsSync(join(cwd, '.triplane/moving', appId))).toBe(false);
  expect(existsSync(join(cwd, '.triplane/triplane.db'))).toBe(false);
  const followed = startCommand(cwd, given);
  await expect.poll(followed.printed, { timeout: 60_000 }).toContain('It is safe to switch');
  await db.transact(db.tx['goals']![idOf(2)]!.create({ title: 'second' }));
  followed.process.stdin?.write('\n');
  const { code, out } = await followed.ended;
  expect([code, out]).toEqual([0, expect.stringMatching(/goals {2}\s+2 rows {2}[0-9a-f]{16} {2}same/)]);
  await server.close();
});
