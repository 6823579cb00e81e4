// The official command line tool, unmodified, against our server.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import zlib from 'node:zlib';
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
  server = await createServer({ allowPrivateAddresses: true });
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

function run(args: readonly string[], token?: string, onOutput: (out: string) => void = () => {}): Promise<Ended> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [tool, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH, HOME: folder, NO_COLOR: '1', CI: '1', INSTANT_CLI_API_URI: server.url, INSTANT_CLI_DASH_URI: server.url },
      ...(token !== undefined && { INSTANT_CLI_AUTH_TOKEN: token }),
    },
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      out += String(data);
      onOutput(out);
    });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}

const schema = (attrs: string): string => `import { i } from '@instantdb/core';
export default i.schema({ entities: { todos: i.entity({ ${attrs} }) }, links: {}, rooms: {} });
`;

test('info shows the signed-in account, and none for a wrong token', { timeout }, async () => {
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

test('a push shows the data that does not allow it', { timeout }, async () => {
  const { appId, adminToken } = server;
  const headers = { authorization: `Bearer ${adminToken}`, 'app-id': appId, 'content-type': 'application/json' };
  const steps = [['update', 'todos', crypto.randomUUID(), { text: 'not a number' }]];
  await fetch(`${server.url}/admin/transact`, { method: 'POST', headers, body: JSON.stringify({ steps }) });
  await writeFile(join(folder, 'instant.schema.ts'), schema('text: i.number().indexed()'));
  const { out } = await run(['push', 'schema', '--yes', '--app', appId], adminToken);
  expect(out).toContain('not a number');
  expect(out).not.toContain('undefined');
});

test('query prints the rows', { timeout }, async () => {
  const { out, code } = await run(['query', '{ todos: {} }', '--admin', '--app', server.appId], server.adminToken);
  expect(out).toContain('not a number');
  expect(code).toBe(0);
});

test('init-without-files creates an app of the operator or a temporary one', { timeout }, async () => {
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

test('login waits until the operator accepts it on a page of the server', { timeout }, async () => {
  const accept = async (ticket: string): Promise<void> => {
    const page = await fetch(`${server.url}/dash?ticket=${ticket}`);
    expect(await page.text()).toContain('Operator token');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const send = (token: string) =>
      fetch(`${server.url}/dash/cli/login`, { method: 'POST', body: new URLSearchParams({ ticket, token }) }).then(({ status }) => status);
    expect(await send(server.adminToken)).toBe(400);
    expect(await send(server.operatorToken)).toBe(200);
    expect(await send(server.operatorToken)).toBe(400);
  };
  let accepted: Promise<void> | undefined;
  const { out, code } = await run(['login', '--headless'], undefined, (text) => {
    const [, ticket] = /ticket=([0-9a-f-]{36})/.exec(text) ?? [];
    if (ticket !== undefined) accepted ??= accept(ticket);
  });
  await accepted;
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('Successfully logged in as operator@triplane.local') });
  expect((await run(['info'])).out).toContain('Logged in as operator@triplane.local');
  await run(['logout']);
});

test('auth origin, client and email', { timeout }, async () => {
  const as = (...args: string[]) => run([...args, '--app', server.appId], server.adminToken);
  const added = await as('auth', 'origin', 'add', '--type', 'website', '--url', 'app.example.com');
  expect(added, added.out).toMatchObject({ code: 0 });
  expect((await as('auth', 'origin', 'list')).out).toContain('app.example.com');
  const settings = ['--client-id', 'an-id', '--client-secret', 'a-secret', '--custom-redirect-uri', 'https://app.example.com/back'];
  const client = await as('auth', 'client', 'add', '--type', 'github', '--name', 'gh', ...settings);
  expect(client, client.out).toMatchObject({ code: 0 });
  const clients = (await as('auth', 'client', 'list')).out;
  expect(clients).toContain('gh');
  expect(clients).not.toContain('a-secret');
  expect((await as('auth', 'email', 'status')).out).toContain('No custom magic code email');
  const pulled = await as('auth', 'email', 'pull');
  expect(pulled, pulled.out).toMatchObject({ code: 0 });
  expect(await readFile(join(folder, 'instant.email.ts'), 'utf8')).toContain('{code}');
  const pushed = await as('auth', 'email', 'push');
  expect(pushed, pushed.out).toMatchObject({ code: 0 });
  expect((await as('auth', 'email', 'status')).out).toContain('Custom Magic Code Email');
});

test('backup list and download', { timeout }, async () => {
  const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' };
  const started = await fetch(`${server.url}/dash/apps/${server.appId}/backups`, {
    method: 'POST',
    headers,
    body: '{"description":"nightly"}',
  });
  expect(started.status).toBe(200);
  const list = () => run(['backup', 'list', '--app', server.appId], server.adminToken);
  await expect.poll(async () => (await list()).out, { timeout: 60_000 }).toContain('nightly');
  const archive = join(folder, 'backup.zip');
  const downloaded = await run(['backup', 'download', '--latest', '--yes', '-o', archive, '--app', server.appId], server.adminToken);
  // The tool needs zstd, which Node has since 22.15.
  const hasZstd = 'createZstdDecompress' in zlib;
  expect({ ...downloaded, isThere: existsSync(archive) }, downloaded.out).toMatchObject({ isThere: hasZstd });
});

test('webhooks are listed', { timeout }, async () => {
  const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ url: 'http://127.0.0.1:9/hook', namespaces: ['$users'], actions: ['create'] });
  expect((await fetch(`${server.url}/dash/apps/${server.appId}/webhooks`, { method: 'POST', headers, body })).status).toBe(200);
  const { out, code } = await run(['webhook', 'list', '--app', server.appId], server.adminToken);
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('http://127.0.0.1:9/hook') });
});
