// Backups of a server that is written to: complete, and a server can be started from them.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { init as initAdmin } from '../../../src/admin/index.ts';
import { createServer, memory, sqlite, type TriplaneServer } from '../../../src/server/index.ts';
import { id } from '../../../src/lib/uuid.ts';
import { fileName } from '../../../src/server/storage/sqlite/sqlite.ts';

const root = mkdtempSync(join(tmpdir(), 'triplane-backup-'));
const cli = fileURLToPath(new URL('../../../src/server/cli/cli.ts', import.meta.url));
const open: TriplaneServer[] = [];
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  for (const child of running.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
function folderIn(name: string): string {
  const folder = join(root, `${name}-${++made}`);
  mkdirSync(folder);
  return folder;
}

async function serverIn(folder: string, given: object = {}): Promise<TriplaneServer> {
  const server = await createServer({ port: 0, storage: await sqlite(folder), ...given });
  open.push(server);
  return server;
}

const adminOf = ({ appId, adminToken, url }: Pick<TriplaneServer, 'appId' | 'adminToken' | 'url'>) =>
  initAdmin({ appId, adminToken, apiURI: url });

/** Starts a server over a copy of the file, as somebody does who lost the original, and reads everything. */
async function restored(file: string, { appId, adminToken }: TriplaneServer): Promise<TriplaneServer> {
  const folder = folderIn('restored');
  copyFileSync(file, join(folder, fileName));
  return serverIn(folder, { appId, adminToken });
}

test('server.backup() has every write acknowledged before it, only whole transactions, and a server starts from it', async () => {
  const server = await serverIn(folderIn('source'));
  const db = adminOf(server);
  const write = (n: number) =>
    db.transact([db.tx['lists']![id()]!.update({ n }), db.tx['items']![id()]!.update({ n }), db.tx['items']![id()]!.update({ n })]);
  for (let n = 0; n < 20; n++) await write(n);
  let acknowledged = 20;
  let isOver = false;
  const writing = (async () => {
    for (; !isOver; acknowledged++) await write(acknowledged);
  })();
  const copies: { readonly file: string; readonly atLeast: number }[] = [];
  for (let n = 0; n < 3; n++) {
    const file = join(folderIn('copy'), 'copy.db');
    const atLeast = acknowledged;
    await server.backup(file);
    copies.push({ file, atLeast });
    await write(1000 + n);
  }
  isOver = true;
  await writing;
  for (const { file, atLeast } of copies) {
    const copy = await restored(file, server);
    const { lists, items } = await adminOf(copy).query({ lists: {}, items: {} });
    const ofRun = (rows: readonly object[] | undefined): number[] =>
      (rows ?? []).map((row) => (row as { n: number }).n).sort((a, b) => a - b);
    const numbers = ofRun(lists);
    expect(numbers).toEqual(expect.arrayContaining(Array.from({ length: atLeast }, (_, n) => n)));
    expect(ofRun(items)).toEqual(numbers.flatMap((n) => [n, n]));
    await adminOf(copy).transact(db.tx['lists']![id()]!.update({ n: 5000 }));
  }
});

describe('server.backup() is rejected', () => {
  test('for data in memory', async () => {
    const server = await createServer({ port: 0, storage: memory() });
    open.push(server);
    const file = join(folderIn('none'), 'copy.db');
    await expect(server.backup(file)).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('pg_dump') });
  });

  test('for a file that exists, and a failed copy leaves no file', async () => {
    const server = await serverIn(folderIn('source'));
    const folder = folderIn('taken');
    writeFileSync(join(folder, 'copy.db'), 'mine');
    await expect(server.backup(join(folder, 'copy.db'))).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(server.backup(join(folder, 'no-folder', 'copy.db'))).rejects.toMatchObject({ code: 'storage-failed' });
    expect(readdirSync(folder)).toEqual(['copy.db']);
  });

  test.for([
    ['a zero byte', 'a\0b'],
    ['a name that is too long', 'x'.repeat(300)],
    ['a folder', '.'],
  ])('for %s', async ([, name]) => {
    const server = await serverIn(folderIn('source'));
    const folder = folderIn('odd');
    await expect(server.backup(`${folder}/${name}`)).rejects.toMatchObject({
      code: expect.stringMatching(/config-invalid|storage-failed/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('for a symbolic link to nothing', async () => {
    const server = await serverIn(folderIn('source'));
    const link = join(folderIn('dangling'), 'link.db');
    symlinkSync('nowhere.db', link);
    await expect(server.backup(link)).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('replaces none') });
  });
});

test('a copy may have the longest name that the file system allows', async () => {
  const server = await serverIn(folderIn('source'));
  const file = join(folderIn('long'), 'x'.repeat(255));
  await server.backup(file);
  await restored(file, server);
});

interface Ended {
  readonly code: number;
  readonly text: string;
}

function triplane(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { DATABASE_URL: _, ...own } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), cli, ...args],
      { cwd, env: { ...own, ...env } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, text: out + err }),
    );
  });
}

describe('triplane backup', () => {
  test('copies the data of a running server and of a stopped one; the copy is served under the same app id', async () => {
    const folder = folderIn('project');
    const dev = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), cli, 'dev', '--data', 'data', '--port', '0', '--json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(dev);
    const line = await new Promise<string>((resolve) => dev.stdout.once('data', (data) => resolve(String(data))));
    const server = JSON.parse(line) as { url: string; appId: string; adminToken: string };
    const db = adminOf(server);
    const row = id();
    await db.transact(db.tx['lists']![row]!.update({ n: 1 }));
    const online = await triplane(folder, ['backup', 'online.db', '--data', 'data', '--url', server.url]);
    expect(online).toEqual({ code: 0, text: `Written: ${join(folder, 'online.db')}\n` });
    const ended = new Promise((resolve) => dev.once('exit', resolve));
    dev.kill('SIGTERM');
    await ended;
    expect(await triplane(folder, ['backup', 'offline.db', '--data', 'data', '--url', 'http://127.0.0.1:1'])).toMatchObject({ code: 0 });
    for (const name of ['online.db', 'offline.db']) {
      const target = folderIn('restored');
      copyFileSync(join(folder, name), join(target, fileName));
      const copy = await serverIn(target, { appId: server.appId, adminToken: server.adminToken });
      expect(await adminOf(copy).query({ lists: {} })).toEqual({ lists: [{ id: row, n: 1 }] });
    }
  });

  test('copies the folder although a server of another project answers at the URL', async () => {
    const folder = folderIn('mine');
    const mine = await serverIn(join(folder, '.triplane'));
    const row = id();
    await adminOf(mine).transact(adminOf(mine).tx['lists']![row]!.update({ n: 1 }));
    await mine.close();
    writeFileSync(join(folder, '.triplane', 'server.json'), JSON.stringify({ appId: mine.appId, adminToken: mine.adminToken }));
    const other = await serverIn(folderIn('other'));
    expect(await triplane(folder, ['backup', 'copy.db', '--url', other.url])).toMatchObject({ code: 0 });
    expect(await adminOf(await restored(join(folder, 'copy.db'), mine)).query({ lists: {} })).toEqual({ lists: [{ id: row, n: 1 }] });
    await serverIn(join(folder, '.triplane'));
    const used = await triplane(folder, ['backup', 'copy2.db', '--url', other.url]);
    expect(used).toMatchObject({ code: 1, text: expect.stringMatching(/another server uses it.*--url/s) });
  });

  test('creates no file if there is nothing to copy', async () => {
    const folder = folderIn('empty');
    const nothing = await triplane(folder, ['backup', 'copy.db', '--url', 'http://127.0.0.1:1']);
    expect(nothing).toMatchObject({ code: 1, text: expect.stringContaining('nothing to copy') });
    const postgres = await triplane(folder, ['backup', 'copy.db'], { DATABASE_URL: 'postgres://127.0.0.1:1/none' });
    expect(postgres).toMatchObject({ code: 1, text: expect.stringContaining('pg_dump') });
    expect(readdirSync(folder)).toEqual([]);
  });
});

const otherProcess = `
  const opened = (() => {
    try { return new (require('node:sqlite').DatabaseSync)(process.argv[1]); } catch { return new (require('libsql'))(process.argv[1]); }
  })();
  try { opened.exec('BEGIN IMMEDIATE'); console.log('opened'); } catch (error) { console.log(error.message); }
`;

test('while a large file is copied writes continue, the copy has the state at its start, and the file stays locked', async () => {
  const folder = folderIn('large');
  const storage = await sqlite(folder);
  const appId = id();
  const log = await storage.open(appId);
  const entry = (txId: number, bytes: number) => ({
    txId,
    at: txId,
    changes: [{ action: 'added', triple: [id(), id(), 'x'.repeat(bytes), txId] }],
  });
  for (let txId = 1; txId <= 10; txId++) await log.append([entry(txId, 2_000_000)] as never);
  const target = join(root, 'large.db');
  let isCopied = false;
  let writtenMeanwhile = 0;
  const copying = storage.backup?.(target).then(() => (isCopied = true));
  for (let txId = 11; !isCopied; txId++) {
    await log.append([entry(txId, 1000)] as never);
    if (!isCopied) writtenMeanwhile++;
  }
  await copying;
  expect(writtenMeanwhile).toBeGreaterThan(1);
  // A handle of the file that is closed would end the lock.
  const other = await promisify(execFile)(process.execPath, ['-e', otherProcess, join(folder, fileName)], { cwd: import.meta.dirname });
  expect(other.stdout).toMatch(/locked|busy/i);
  await storage.close();
  const copy = folderIn('copy');
  copyFileSync(target, join(copy, fileName));
  const restoredStorage = await sqlite(copy);
  const { entries } = await (await restoredStorage.open(appId)).load();
  expect(entries.slice(0, 10).map(({ txId }) => txId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await restoredStorage.close();
});
