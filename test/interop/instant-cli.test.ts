// The official command line tool, unmodified, against our server.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = join(root, 'node_modules/instant-cli/bin/index.js');
const timeout = 120_000;
let server: TriplaneServer;
let folder: string;

beforeAll(async () => {
  server = await createServer();
  folder = await mkdtemp(join(tmpdir(), 'triplane-instant-cli-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'p', type: 'module', dependencies: { '@instantdb/core': '1.0.67' } }),
  );
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

function run(args: readonly string[], token?: string): Promise<Ended> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [tool, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH, HOME: folder, NO_COLOR: '1', CI: '1', INSTANT_CLI_API_URI: server.url },
      ...(token !== undefined && { INSTANT_CLI_AUTH_TOKEN: token }),
    },
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (out += String(data)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}

const schema = (attrs: string): string => `import { i } from '@instantdb/core';
export default i.schema({ entities: { todos: i.entity({ ${attrs} }) }, links: {}, rooms: {} });
`;

test('info tells who is logged in, and that a wrong token is nobody', { timeout }, async () => {
  const { code, out } = await run(['info'], server.operatorToken);
  expect(out).toContain('Logged in as operator@triplane.local');
  expect(code).toBe(0);
  expect((await run(['info'], crypto.randomUUID())).out).not.toContain('Logged in as');
});

test.each(['operatorToken', 'adminToken'] as const)('push and pull with the %s', { timeout }, async (which) => {
  const { appId, [which]: token } = server;
  const label = which.toLowerCase();
  await writeFile(join(folder, 'instant.schema.ts'), schema(`text: i.string().indexed(), ${label}: i.number().optional()`));
  await writeFile(join(folder, 'instant.perms.ts'), `export default { todos: { allow: { view: 'data.${label} != 1' } } };`);
  const pushed = await run(['push', 'all', '--yes', '--app', appId], token);
  expect(pushed, pushed.out).toMatchObject({ code: 0 });
  await rm(join(folder, 'instant.schema.ts'));
  await rm(join(folder, 'instant.perms.ts'));
  const pulled = await run(['pull', 'all', '--yes', '--app', appId], token);
  expect(pulled, pulled.out).toMatchObject({ code: 0 });
  const text = await readFile(join(folder, 'instant.schema.ts'), 'utf8');
  expect(text).toContain('text: i.string().indexed()');
  expect(text).toContain(`${label}: i.number().optional()`);
  expect(await readFile(join(folder, 'instant.perms.ts'), 'utf8')).toContain(`data.${label} != 1`);
});

test('data that does not allow a push is shown as what it is', { timeout }, async () => {
  const { appId, adminToken } = server;
  const headers = { authorization: `Bearer ${adminToken}`, 'app-id': appId, 'content-type': 'application/json' };
  const steps = [['update', 'todos', crypto.randomUUID(), { text: 'not a number' }]];
  await fetch(`${server.url}/admin/transact`, { method: 'POST', headers, body: JSON.stringify({ steps }) });
  await writeFile(join(folder, 'instant.schema.ts'), schema('text: i.number().indexed()'));
  const { out } = await run(['push', 'schema', '--yes', '--app', appId], adminToken);
  expect(out).toContain('not a number');
  expect(out).not.toContain('undefined');
});

test('query', { timeout }, async () => {
  const { out, code } = await run(['query', '{ todos: {} }', '--admin', '--app', server.appId], server.adminToken);
  expect(out).toContain('not a number');
  expect(code).toBe(0);
});

test('init-without-files makes an app, of the operator or for a while', { timeout }, async () => {
  const before = (await listed()).length;
  const made = await run(['init-without-files', '--title', 'Made by the tool'], server.operatorToken);
  expect(made, made.out).toMatchObject({ code: 0 });
  expect(await listed()).toContain('Made by the tool');
  const temporary = await run(['init-without-files', '--title', 'For a while', '--temp']);
  expect(temporary, temporary.out).toMatchObject({ code: 0 });
  expect(await listed()).toContain('For a while');
  expect((await listed()).length).toBe(before + 2);
});

test('init writes the files of an app', { timeout }, async () => {
  await rm(join(folder, 'instant.schema.ts'), { force: true });
  await rm(join(folder, 'instant.perms.ts'), { force: true });
  const { out } = await run(['init', '--yes', '--app', server.appId], server.operatorToken);
  expect([existsSync(join(folder, 'instant.schema.ts')), existsSync(join(folder, 'instant.perms.ts'))], out).toEqual([true, true]);
});

async function listed(): Promise<string[]> {
  const answer = await fetch(`${server.url}/dash/apps`, { headers: { authorization: `Bearer ${server.operatorToken}` } });
  return ((await answer.json()) as { apps: { title: string }[] }).apps.map(({ title }) => title);
}

test('backup list shows the backups that the server has made', { timeout }, async () => {
  const { appId, adminToken } = server;
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  const path = `${server.url}/dash/apps/${appId}/backups`;
  await fetch(path, { method: 'POST', headers, body: JSON.stringify({ description: 'Before the move' }) });
  await expect
    .poll(async () => (await (await fetch(path, { headers })).json()) as unknown, { timeout: 15_000 })
    .toMatchObject({
      backups: [{ description: 'Before the move' }],
    });
  const { code, out } = await run(['backup', 'list', '--json', '--app', appId], adminToken);
  expect([code, out]).toEqual([0, expect.stringContaining('"description": "Before the move"')]);
});
