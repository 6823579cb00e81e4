// The flags of push, pull and query that instant-cli has too, each on the command as it is called.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { projectEnv } from '../../../src/server/cli/project-env.ts';
import { envOf, projectCommand, type ProjectFlags } from '../../../src/server/cli/project-flags.ts';
import { readRenames } from '../../../src/server/cli/project-renames.ts';
import { readQuery } from '../../../src/server/cli/query-command.ts';

let folder: string;
let server: TriplaneServer;
let before: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'triplane-flags-'));
  server = await createServer();
  before = process.cwd();
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(before);
  await server.close();
  await rm(folder, { recursive: true });
});

/** What a command prints. */
async function run(args: readonly string[], flags: ProjectFlags = {}): Promise<string[]> {
  const printed: string[] = [];
  const named = { url: server.url, 'app-id': server.appId, 'admin-token': server.adminToken, ...flags };
  const command = projectCommand(args, named, (line) => printed.push(line));
  if (!command) throw new Error('no such command');
  await command();
  return printed;
}

const attr = (valueType: string): object => ({ valueType, required: false, config: { indexed: true, unique: false } });

async function writeSchema(posts: Readonly<Record<string, object>>, back = 'posts'): Promise<void> {
  const link = { forward: { on: 'posts', has: 'one', label: 'owner' }, reverse: { on: 'people', has: 'many', label: back } };
  const schema = { entities: { posts: { attrs: posts }, people: { attrs: { name: attr('string') } } }, links: { owner: link } };
  await writeFile(join(folder, 'instant.schema.ts'), `export default ${JSON.stringify(schema)};`);
}

const db = (): ReturnType<typeof init> => init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });

test('--rename keeps the data of an attribute and of a link, and may stay in a script', async () => {
  await writeSchema({ author: attr('string') });
  await run(['push', 'schema']);
  const [post, person] = [id(), id()];
  await db().transact([
    db().tx['people']![person]!.update({ name: 'Ann' }),
    db().tx['posts']![post]!.update({ author: 'Ann' }).link({ owner: person }),
  ]);
  await writeSchema({ creator: attr('string') }, 'written');
  const push = () => run(['push', 'schema', 'people.posts:people.written'], { rename: ['posts.author:posts.creator'] });
  expect(await push()).toEqual(['~ posts.author: now posts.creator', '~ people.posts: now people.written']);
  expect(await db().query({ posts: {}, people: { written: {} } })).toMatchObject({
    posts: [{ id: post, creator: 'Ann' }],
    people: [{ id: person, written: [{ id: post }] }],
  });
  expect(await push()).toEqual(['No changes']);
});

test('a rename of what is not there, to a taken name, or to another namespace is refused before anything is pushed', async () => {
  await writeSchema({ author: attr('string'), title: attr('string') });
  await run(['push', 'schema']);
  await writeSchema({ author: attr('string'), title: attr('string'), fresh: attr('string') });
  const failure = (rename: string) => run(['push'], { rename: [rename] }).catch((error: Error) => error.message);
  expect(await failure('posts.nope:posts.other')).toContain('no posts.nope');
  expect(await failure('posts.author:posts.title')).toContain('posts.title is there already');
  expect(() => readRenames(['posts.author:people.author'])).toThrow(/one namespace/);
  expect(() => readRenames(['author'])).toThrow(/one namespace/);
  expect(readRenames(['a.b:a.c d.e:d.f'])).toEqual([
    { etype: 'a', from: 'b', to: 'c' },
    { etype: 'd', from: 'e', to: 'f' },
  ]);
  expect(await run(['push', 'schema'])).toEqual(['+ posts.fresh']);
});

test('--skip-check-types pushes a schema whose types the data does not have', async () => {
  await writeSchema({ author: attr('string') });
  await run(['push', 'schema']);
  await db().transact(db().tx['posts']![id()]!.update({ author: 'Ann' }));
  await writeSchema({ author: attr('number'), age: attr('number') });
  await expect(run(['push', 'schema'])).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('"Ann"') as string });
  expect(await run(['push', 'schema'], { 'skip-check-types': true })).toEqual(['No changes']);
});

test('--token opens the app in place of its admin token: the one of the operator, or a personal one', async () => {
  await writeSchema({ author: attr('string') });
  const flags = { 'admin-token': undefined };
  await expect(run(['push'], flags)).rejects.toMatchObject({ code: 'config-invalid' });
  expect(await run(['push'], { ...flags, token: server.operatorToken })).toContain('+ posts.author');
  const answer = await fetch(`${server.url}/dash/personal_access_tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ci' }),
  });
  const { data } = (await answer.json()) as { data: { token: string } };
  expect(data.token).toMatch(/^per_/);
  expect(await run(['push'], { ...flags, token: data.token })).toEqual(['No changes']);
  await writeFile(join(folder, '.env'), `INSTANT_CLI_AUTH_TOKEN=${data.token}\n`);
  expect(await run(['push'], flags)).toEqual(['No changes']);
});

test('--env names another file than .env, which must be there', async () => {
  await writeFile(join(folder, '.env'), `INSTANT_APP_ID=${id()}\n`);
  await writeFile(join(folder, 'test.env'), `INSTANT_APP_ID=${server.appId}\n`);
  expect(await projectEnv(folder, {}, 'test.env')).toEqual({ INSTANT_APP_ID: server.appId });
  await expect(envOf({ env: 'none.env' })).rejects.toMatchObject({ code: 'config-invalid', message: 'Cannot read none.env' });
});

test('query prints what the admin, a guest or a user sees', async () => {
  await writeFile(join(folder, 'instant.perms.ts'), "export default { posts: { allow: { view: 'auth.email == data.author' } } };");
  await run(['push', 'perms']);
  const post = id();
  await db().transact(db().tx['posts']![post]!.update({ author: 'ann@example.com' }));
  const token = await db().auth.createToken({ email: 'ann@example.com' });
  const found = async (flags: ProjectFlags) =>
    JSON.parse((await run(['query', '{ posts: { $: { limit: 5 }, }, }'], flags)).join('')) as unknown;
  const rows = { posts: [{ id: post, author: 'ann@example.com' }] };
  expect(await found({ admin: true })).toEqual(rows);
  expect(await found({ 'as-guest': true })).toEqual({ posts: [] });
  expect(await found({ 'as-email': 'ann@example.com' })).toEqual(rows);
  expect(await found({ 'as-token': token })).toEqual(rows);
  await expect(found({})).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(found({ admin: true, 'as-guest': true })).rejects.toMatchObject({ code: 'config-invalid' });
});

test('a query is JSON, or an object as it stands in a program', () => {
  expect(readQuery('{"a": {"$": {"where": {"b.c": "x: y, }"}}}}')).toEqual({ a: { $: { where: { 'b.c': 'x: y, }' } } } });
  expect(readQuery("{ a: { $: { where: { 'b.c': 'it\\'s \"x\"', d: [1, null, true,] } } } }")).toEqual({
    a: { $: { where: { 'b.c': 'it\'s "x"', d: [1, null, true] } } },
  });
  expect(() => readQuery('{ a: process.exit() }')).toThrow(/no query/);
  expect(() => readQuery('')).toThrow(/no query/);
});
