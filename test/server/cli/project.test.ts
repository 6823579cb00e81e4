// Schema and rules from files: taken up, changed, pulled back.

import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { projectEnv } from '../../../src/server/cli/project-env.ts';
import { readProject } from '../../../src/server/cli/project-files.ts';
import { watchProject } from '../../../src/server/cli/project-paths.ts';
import { partOf, pushOnChange, pullProject, pushProject, targetOf } from '../../../src/server/cli/project-commands.ts';
import { eventually } from '../../support/eventually.ts';

let folder: string;
let server: TriplaneServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'triplane-project-'));
  server = await createServer();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

// As `i.schema` gives it, without a package to import.
const schema = (
  attrs: string,
): string => `const entities: Record<string, unknown> = { todos: { attrs: { ${attrs} } }, $users: { attrs: {} } };
export default { entities, links: { owner: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: '$users', has: 'many', label: 'todos' } } } };`;
const text = "text: { valueType: 'string', required: false, config: { indexed: true, unique: false } }";
const done = "done: { valueType: 'boolean', required: false, config: { indexed: false, unique: false } }";

test('the files are pushed at the start and after each change', async () => {
  const [printed, problems]: [string[], string[]] = [[], []];
  await writeFile(join(folder, 'instant.schema.ts'), schema(text));
  await writeFile(join(folder, 'instant.perms.ts'), "export default { todos: { allow: { view: 'auth.id != null' } } };");
  const stop = await pushOnChange(
    server,
    folder,
    (line) => printed.push(line),
    (line) => problems.push(line),
  );
  expect(printed.sort()).toEqual(['+ todos.id', '+ todos.owner', '+ todos.text', '~ rules']);
  printed.length = 0;
  await writeFile(join(folder, 'instant.schema.ts'), schema(`${text.replace('true', 'false')}, ${done}`));
  await eventually(() => expect(printed.sort()).toEqual(['+ todos.done', '~ todos.text: index false']));
  await writeFile(join(folder, 'instant.perms.ts'), "export default { todos: { allow: { view: 'nope' } } };");
  await eventually(() => expect(problems.join()).toMatch(/todos\.allow\.view: .*nope/));
  stop();
});

test.each([
  ['export const rules = {};', 'there is none'],
  ['export default () => ({});', 'is a function'],
  ['export default [];', 'is a list'],
  ['export default null;', 'is null'],
  ["export default new Map([['todos', {}]]);", 'is a Map, whose content JSON does not have'],
])('rules as `%s` are rejected, and nothing is pushed', async (source, problem) => {
  await writeFile(join(folder, 'instant.perms.ts'), source);
  const printed: string[] = [];
  const pushed = pushProject(server, folder, (line) => void printed.push(line));
  const message = `instant.perms.ts: the default export must be an object, and ${problem}`;
  await expect(pushed).rejects.toMatchObject({ code: 'config-invalid', message });
  expect(printed).toEqual([]);
});

test('push prints that nothing has changed; pull writes files with the same content', async () => {
  const printed: string[] = [];
  const print = (line: string): void => void printed.push(line);
  await expect(pushProject(server, folder, print)).rejects.toMatchObject({ code: 'config-invalid' });
  await writeFile(join(folder, 'instant.schema.ts'), schema(`${text}, ${done}`));
  await pushProject(server, folder, print);
  printed.length = 0;
  await pushProject(server, folder, print);
  expect(printed).toEqual(['No changes']);
  await pullProject(server, folder, print);
  const pulled = await readFile(join(folder, 'instant.schema.ts'), 'utf8');
  expect(pulled).toContain('text: i.string().indexed().optional()');
  expect(pulled).toContain('done: i.boolean().optional()');
  expect(pulled).toContain('forward: { on: "todos", has: \'one\', label: "owner" }');
  expect((await readProject(folder).catch(() => undefined))?.rules ?? {}).toEqual({});
  expect((await readdir(folder)).sort()).toEqual(['instant.perms.ts', 'instant.schema.ts']);
});

test('pull writes every trait of a link, and links whose names would be the same', async () => {
  const link = (label: string, more: object, back: object): object => ({
    forward: { on: 'todos', has: 'one', label, ...more },
    reverse: { on: '$users', has: 'many', label: `todosOf${label}`, ...back },
  });
  const links = {
    a: link('owner', { required: true, onDelete: 'cascade' }, {}),
    b: link('Owner', {}, { has: 'one', onDelete: 'cascade' }),
    c: link("it's", { has: 'many', required: true }, {}),
  };
  const attrs = { 'a "b"': { valueType: 'string', required: true, config: { indexed: true, unique: true } } };
  const wanted = { entities: { todos: { attrs }, $users: { attrs: {} } }, links };
  await writeFile(join(folder, 'instant.schema.ts'), `export default ${JSON.stringify(wanted)};`);
  const printed: string[] = [];
  const print = (line: string): void => void printed.push(line);
  await pushProject(server, folder, print);
  await pullProject(server, folder, print);
  printed.length = 0;
  await pushProject(server, folder, print);
  expect(printed).toEqual(['No changes']);
  const pulled = (await readProject(folder)).schema as typeof wanted;
  expect(Object.values(pulled.links)).toEqual(expect.arrayContaining(Object.values(links)));
});

test('the app is selected by flags, by the environment, or by the data folder', async () => {
  const { appId, adminToken } = server;
  await writeFile(join(folder, 'server.json'), JSON.stringify({ appId, adminToken }));
  expect(await targetOf({}, {}, folder)).toMatchObject({ appId, adminToken, url: 'http://127.0.0.1:4747' });
  expect(await targetOf({ url: 'x', 'app-id': adminToken }, { INSTANT_APP_ADMIN_TOKEN: appId }, '/nowhere')).toEqual({
    url: 'x',
    appId: adminToken,
    adminToken: appId,
  });
  await expect(targetOf({}, {}, '/nowhere')).rejects.toMatchObject({ code: 'config-invalid' });
});

test('a link to an entity that the file does not have is rejected with its place, and nothing is pushed', async () => {
  await writeFile(join(folder, 'instant.schema.ts'), schema(text).replace("on: '$users'", "on: 'people'"));
  const pushed = pushProject(server, folder, () => {}, { part: 'schema' });
  await expect(pushed).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(/instant\.schema\.ts:2: links\.owner\.reverse\.on: the schema has no entity 'people'/) as string,
  });
  await pullProject(server, folder, () => {}, 'schema');
  expect(await readFile(join(folder, 'instant.schema.ts'), 'utf8')).not.toContain('todos');
});

test.each([
  ["onDelete: 'cascade'", 'links.owner.reverse.onDelete: $users->todos: Cascade delete'],
  ['required: true', 'links.owner.reverse.required: $users->todos: required is'],
  ["has: 'some'", "links.owner.reverse.has: $users->todos: has must be 'one' or 'many'"],
])('the fault of a link with %s is told with its line', async (trait, fault) => {
  const faulty = schema(text).replace("label: 'todos'", `label: 'todos', ${trait}`).replace('reverse: {', '\nreverse: {');
  await writeFile(join(folder, 'instant.schema.ts'), faulty);
  const pushed = pushProject(server, folder, () => {});
  await expect(pushed).rejects.toMatchObject({ message: expect.stringContaining(`instant.schema.ts:3: ${fault}`) as string });
});

test('the fault of an attribute is told with its line', async () => {
  await writeFile(join(folder, 'instant.schema.ts'), schema(`${text},\ndone: 'boolean'`));
  const pushed = pushProject(server, folder, () => {});
  const message = expect.stringContaining('instant.schema.ts:2: entities.todos.attrs.done: must be an attribute') as string;
  await expect(pushed).rejects.toMatchObject({ message });
});

test.each([
  ['() => true', 'is a function'],
  ['1n', 'is a bigint'],
  ['/^a/', 'is a RegExp'],
])('a rule that is %s is refused with its line, instead of vanishing', async (rule, problem) => {
  await writeFile(join(folder, 'instant.perms.ts'), `export default {\n todos: { allow: {\n view: ${rule} } } };`);
  const pushed = pushProject(server, folder, () => {});
  const message = expect.stringContaining(`instant.perms.ts:3: todos.allow.view: ${problem}`) as string;
  await expect(pushed).rejects.toMatchObject({ code: 'config-invalid', message });
});

test('what contains itself is refused with its file', async () => {
  await writeFile(join(folder, 'instant.schema.ts'), 'const a: Record<string, unknown> = {};\na.entities = a;\nexport default a;');
  const pushed = pushProject(server, folder, () => {});
  await expect(pushed).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringMatching(/^instant\.schema\.ts/) as string });
});

test('a file in a folder that is made later is watched, and a file that is imported', async () => {
  const imported = join(folder, 'parts', 'own.txt');
  await mkdir(dirname(imported));
  await writeFile(imported, '1');
  let changes = 0;
  const { stop } = watchProject(
    folder,
    () => void changes++,
    () => [imported],
  );
  const heard = async (change: () => Promise<void>): Promise<void> => {
    const before = changes;
    await change();
    await expect.poll(() => changes).toBeGreaterThan(before);
  };
  await heard(() => writeFile(imported, '2'));
  await heard(async () => {
    await mkdir(join(folder, 'src', 'db'), { recursive: true });
    await writeFile(join(folder, 'src', 'db', 'instant.schema.ts'), schema(text));
  });
  await heard(() => writeFile(join(folder, 'src', 'db', 'instant.schema.ts'), schema(done)));
  stop();
});

test('a change while the files are pushed for the first time is pushed too', async () => {
  await writeFile(join(folder, 'instant.schema.ts'), schema(text));
  const printed: string[] = [];
  const print = (line: string): void => {
    if (line === '+ todos.text') writeFileSync(join(folder, 'instant.schema.ts'), schema(`${text}, ${done}`));
    printed.push(line);
  };
  const stop = await pushOnChange(server, folder, print, print);
  await expect.poll(() => printed).toContain('+ todos.done');
  stop();
});

test('a file that is removed is told: the app keeps what it had', async () => {
  const printed: string[] = [];
  await writeFile(join(folder, 'instant.perms.ts'), "export default { todos: { allow: { view: 'false' } } };");
  const print = (line: string): void => void printed.push(line);
  const stop = await pushOnChange(server, folder, print, print);
  await rm(join(folder, 'instant.perms.ts'));
  await eventually(() => expect(printed).toEqual(['~ rules', '! the rules file is gone; the app keeps its rules']));
  stop();
});

test.each(['instant.perms.mjs', 'instant.perms.js', 'instant.perms.mts', 'src/a/b/instant.perms.ts', 'lib/db/instant.perms.ts'])(
  'the rules may be in %s',
  async (name) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), "export default { todos: { allow: { view: 'false' } } };");
    const printed: string[] = [];
    await pushProject(server, folder, (line) => void printed.push(line));
    expect(printed).toEqual(['~ rules']);
  },
);

test('INSTANT_SCHEMA_FILE_PATH and INSTANT_PERMS_FILE_PATH name other files', async () => {
  await writeFile(join(folder, 'tables.ts'), schema(text));
  await writeFile(join(folder, 'access.ts'), "export default { todos: { allow: { view: 'false' } } };");
  vi.stubEnv('INSTANT_SCHEMA_FILE_PATH', 'tables.ts');
  vi.stubEnv('INSTANT_PERMS_FILE_PATH', 'access.ts');
  const printed: string[] = [];
  await pushProject(server, folder, (line) => void printed.push(line));
  expect(printed).toContain('+ todos.text');
  await pullProject(server, folder, () => {});
  expect((await readdir(folder)).sort()).toEqual(['access.ts', 'tables.ts']);
  vi.unstubAllEnvs();
});

test('each of the two files can be pushed alone, and the schema can be pulled alone', async () => {
  const printed: string[] = [];
  const print = (line: string): void => void printed.push(line);
  await writeFile(join(folder, 'instant.schema.ts'), schema(text));
  await writeFile(join(folder, 'instant.perms.ts'), "export default { todos: { allow: { view: 'auth.id != null' } } };");
  await pushProject(server, folder, print, { part: 'perms' });
  expect(printed).toEqual(['~ rules']);
  printed.length = 0;
  await pushProject(server, folder, print, { part: 'schema' });
  expect(printed.sort()).toEqual(['+ todos.id', '+ todos.owner', '+ todos.text']);
  await rm(join(folder, 'instant.perms.ts'));
  await expect(pushProject(server, folder, print, { part: 'perms' })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('instant.perms.ts') as string,
  });
  await pullProject(server, folder, print, 'schema');
  expect(await readdir(folder)).toEqual(['instant.schema.ts']);
  expect([partOf(), partOf('perms'), partOf('rules')]).toEqual(['all', 'perms', undefined]);
});

test('the app id is read from the environment, else from .env, also with the prefix of a framework', async () => {
  const [mine, other] = [server.appId, server.adminToken];
  expect(await projectEnv(folder, {})).toEqual({});
  await writeFile(join(folder, '.env'), `DATABASE_URL=postgres://x\nVITE_INSTANT_APP_ID="${mine}"\nINSTANT_APP_ADMIN_TOKEN=\n`);
  expect(await projectEnv(folder, {})).toEqual({ INSTANT_APP_ID: mine });
  expect(await projectEnv(folder, { INSTANT_APP_ID: other, INSTANT_APP_ADMIN_TOKEN: mine })).toEqual({
    INSTANT_APP_ID: other,
    INSTANT_APP_ADMIN_TOKEN: mine,
  });
});
