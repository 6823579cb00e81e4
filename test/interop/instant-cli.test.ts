// The official command line tool, unmodified, against our server.

import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memory } from '../../src/server/storage/memory.ts';
import { contentsOf, importFrom } from '../server/move/support.ts';
import { installTimeout, nodeWithZstd } from '../support/npm-package.ts';
import { type InstantCli, instantCli, schemaWith as schema } from './instant-cli-runs.ts';

const timeout = 120_000;
const storage = memory();
let server: TriplaneServer;
let folder: string;
let run: InstantCli['run'];

beforeAll(async () => {
  server = await createServer({ storage, allowPrivateAddresses: true });
  ({ folder, run } = await instantCli(server.url));
});
afterAll(() => server.close());

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

test('push --rename keeps the data', { timeout }, async () => {
  const { appId, adminToken } = server;
  await writeFile(join(folder, 'instant.schema.ts'), schema('label: i.string().indexed()'));
  const renamed = await run(['push', 'schema', '--rename', 'todos.text:todos.label', '--yes', '--app', appId], adminToken);
  expect(renamed, renamed.out).toMatchObject({ code: 0 });
  const { out } = await run(['query', '{ todos: {} }', '--admin', '--app', appId], adminToken);
  expect(out).toContain('"label": "not a number"');
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
  const { out, code } = await run(['login', '--headless'], undefined, {
    onOutput(text) {
      const [, ticket] = /ticket=([0-9a-f-]{36})/.exec(text) ?? [];
      if (ticket !== undefined) accepted ??= accept(ticket);
    },
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
  expect(clients).toContain('https://app.example.com/back');
  expect(clients).not.toContain('a-secret');
  expect((await as('auth', 'email', 'status')).out).toContain('No custom magic code email');
  const pulled = await as('auth', 'email', 'pull');
  expect(pulled, pulled.out).toMatchObject({ code: 0 });
  expect(await readFile(join(folder, 'instant.email.ts'), 'utf8')).toContain('{code}');
  const pushed = await as('auth', 'email', 'push');
  expect(pushed, pushed.out).toMatchObject({ code: 0 });
  expect((await as('auth', 'email', 'status')).out).toContain('Custom Magic Code Email');
});

test('a backup is listed and downloaded, and its archive is the app', { timeout: installTimeout }, async () => {
  const { appId, adminToken } = server;
  const headers = { authorization: `Bearer ${adminToken}`, 'app-id': appId, 'content-type': 'application/json' };
  const steps = [['update', 'notes', crypto.randomUUID(), { text: 'to be kept' }]];
  await fetch(`${server.url}/admin/transact`, { method: 'POST', headers, body: JSON.stringify({ steps }) });
  const backups = `${server.url}/dash/apps/${appId}/backups`;
  expect((await fetch(backups, { method: 'POST', headers, body: '{"description":"nightly"}' })).status).toBe(200);
  await expect
    .poll(async () => ((await (await fetch(backups, { headers })).json()) as { backups: object[] }).backups, { timeout: 60_000 })
    .toHaveLength(1);
  expect((await run(['backup', 'list', '--app', appId], adminToken)).out).toContain('nightly');
  const archive = join(folder, 'backup.zip');
  const node = await nodeWithZstd();
  const downloaded = await run(['backup', 'download', '--latest', '--yes', '-o', archive, '--app', appId], adminToken, { node });
  expect(downloaded, downloaded.out).toMatchObject({ code: 0 });
  const moved = memory();
  await importFrom(archive, { storage: moved });
  const [before, after] = [await contentsOf(storage, appId), await contentsOf(moved, appId)];
  expect(before.triples.some((triple) => triple.includes('to be kept'))).toBe(true);
  expect(after.triples).toEqual(before.triples);
  // An archive does not tell the traits of ids.
  const namesOf = ({ attrs }: typeof before): unknown[] => attrs.filter((attr) => !JSON.stringify(attr).includes('"id"],'));
  expect(namesOf(after)).toEqual(namesOf(before));
});

test('webhooks are listed, disabled, enabled and deleted', { timeout }, async () => {
  const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ url: 'http://127.0.0.1:9/hook', namespaces: ['$users'], actions: ['create'] });
  const made = await fetch(`${server.url}/dash/apps/${server.appId}/webhooks`, { method: 'POST', headers, body });
  const { webhook } = (await made.json()) as { webhook: { id: string } };
  const as = (...args: string[]) => run(['webhook', ...args, '--app', server.appId], server.adminToken);
  const { out, code } = await as('list');
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('http://127.0.0.1:9/hook') });
  expect((await as('disable', '--id', webhook.id, '--reason', 'for now')).out).toContain('Disabled reason: for now');
  expect((await as('enable', '--id', webhook.id)).out).toContain('Status: active');
  expect((await as('delete', '--id', webhook.id, '--yes')).out).toContain('Webhook deleted');
});
