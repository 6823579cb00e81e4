// `triplane dev` in a project as people have it: nothing installed, a schema that imports the official package, mistakes in files.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const cli = fileURLToPath(new URL('../../../src/server/cli/cli.ts', import.meta.url));
let folder: string;
let child: ChildProcess;
let [out, err] = ['', ''];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'triplane-dev-'));
  await write('package.json', '{"type":"module"}');
});
afterEach(async () => {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true });
});

function dev(): void {
  [out, err] = ['', ''];
  const args = ['--import', import.meta.resolve('tsx'), cli, 'dev', '--memory', '--port', '0'];
  child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: undefined },
  });
  child.stdout?.on('data', (data) => (out += String(data)));
  child.stderr?.on('data', (data) => (err += String(data)));
}

const schema = (attrs: string, from: string): string => `import { i } from '${from}';
const _schema = i.schema({
  entities: {
    todos: i.entity({
      ${attrs}
    }),
  },
});
type _AppSchema = typeof _schema;
interface AppSchema extends _AppSchema {}
const schema: AppSchema = _schema;
export type { AppSchema };
export default schema;
`;
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const timeout = 50_000;

test.each(['@instantdb/react', '@instantdb/core', 'triplane', 'triplane/react'])(
  'dev pushes a schema that imports %s, which is not installed',
  { timeout: 120_000 },
  async (from) => {
    await write('instant.schema.ts', schema('text: i.string().indexed(), done: i.boolean().optional(),', from));
    dev();
    await expect.poll(() => out + err, { timeout }).toContain('+ todos.text');
    expect(out).toMatch(/const db = init\({ appId: '[0-9a-f-]{36}', apiURI: 'http:\/\/127\.0\.0\.1:\d+' }\);/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(out)?.[0] ?? '';
    expect(await (await fetch(url)).text()).toContain('const db = init({ appId:');
    await write('instant.schema.ts', schema('text: i.string().indexed(),', from));
    await expect.poll(() => out, { timeout }).toContain('! todos.done: no longer in the schema');
  },
);

test('dev reports errors in schema and rules with file and line', { timeout: 120_000 }, async () => {
  await write('instant.schema.ts', schema('text: i.nothing(),', 'triplane'));
  dev();
  await expect.poll(() => err, { timeout }).toMatch(/instant\.schema\.ts:5: .*nothing/);
  await write('instant.schema.ts', schema('text: i.string(),', 'triplane'));
  await expect.poll(() => out, { timeout }).toContain('+ todos.text');
  await write('instant.perms.ts', "export default {\n  todos: {\n    allow: {\n      view: 'data.',\n    },\n  },\n};\n");
  await expect.poll(() => err, { timeout }).toMatch(/instant\.perms\.ts:4: todos\.allow\.view: /);
  await write('instant.schema.ts', schema('text: i.string(', 'triplane'));
  await expect.poll(() => err, { timeout }).toMatch(/instant\.schema\.ts(:\d+)?: /);
});
