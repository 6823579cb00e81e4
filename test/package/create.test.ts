// `triplane create`, as somebody with an empty folder uses it: the project is checked, its server runs, its program reads what it wrote.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifest, packedProject, type Project, root } from '../support/packed.ts';

let project: Project;
let cli: string;
let folder: string;
const running: ChildProcess[] = [];

beforeAll(() => {
  project = packedProject();
  cli = join(project.folder, 'node_modules/triplane', manifest.bin['triplane'] ?? '');
  folder = join(project.folder, 'My App');
  // What `npm install` would bring.
  symlinkSync(join(root, 'node_modules/typescript'), join(project.folder, 'node_modules/typescript'), 'dir');
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  project.remove();
});

async function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: { ...process.env, ...env }, timeout: 60_000 });
  return stdout;
}

test('S02 a project is created, checked, served, run and pushed', async () => {
  expect(await run([cli, 'create', 'My App'], project.folder)).toContain('npm run dev');
  const names = ['.env', '.gitignore', 'instant.perms.ts', 'instant.schema.ts', 'main.ts', 'package.json', 'tsconfig.json'];
  expect(readdirSync(folder).sort()).toEqual(names);
  expect(statSync(join(folder, '.env')).mode & 0o077).toBe(0);
  const own = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; dependencies: object };
  expect(own).toMatchObject({ name: 'my-app', dependencies: { triplane: `^${manifest.version}` } });
  await run([join(root, 'node_modules/typescript/bin/tsc')], folder);

  const server = spawn(process.execPath, [cli, 'dev', '--port', '0', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(server);
  const line = await new Promise<string>((resolve) => server.stdout.once('data', (data) => resolve(String(data))));
  const { url, appId, adminToken } = JSON.parse(line) as Record<'url' | 'appId' | 'adminToken', string>;
  const env = readFileSync(join(folder, '.env'), 'utf8');
  expect(env).toContain(`INSTANT_APP_ID=${appId}\nINSTANT_APP_ADMIN_TOKEN=${adminToken}\n`);

  const program = ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), '--env-file=.env', 'main.ts'];
  expect(await run(program, folder, { INSTANT_API_URI: url })).toBe('Get fit: Go for a run\n');
  expect(await run([cli, 'push'], folder, { INSTANT_CLI_API_URI: url })).toContain('No changes');
});

test('create leaves a folder that is not empty unchanged', async () => {
  const before = readFileSync(join(folder, '.env'), 'utf8');
  await expect(run([cli, 'create', 'My App'], project.folder)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not empty'),
  });
  expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(before);
});
