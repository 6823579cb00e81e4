// Every command of docs/moving-from-instantdb.md that needs no network, run as it stands there.

import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { recorded, temporaryFolder } from './support.ts';

const pathTo = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const guide = readFileSync(pathTo('docs/moving-from-instantdb.md'), 'utf8');
const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, text = '']) => text.trim().split('\n'));

function run(folder: string, command: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [npx, name, ...args] = command.split(' ');
  expect([npx, name]).toEqual(['npx', 'triplane']);
  const node = ['--import', pathTo('node_modules/tsx/dist/loader.mjs'), pathTo('src/server/cli/cli.ts'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, node, { cwd: folder }, (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }));
  });
}

test('the commands of the guide', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  copyFileSync(recorded('backup-3'), join(folder, 'backup.zip'));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/db.ts'), `import { init } from '@instantdb/react';\nexport const db = init({ appId: 'a' });\n`);
  const outs = new Map<string, string>();
  for (const command of commands) {
    const { code, out, err } = await run(folder, command);
    expect(code, `${command}\n${out}\n${err}`).toBe(0);
    outs.set(command, out);
  }
  expect([...outs.keys()]).toEqual([
    'npx triplane import backup.zip',
    'npx triplane import backup.zip --resume --replace',
    'npx triplane migrate',
    'npx triplane migrate --write',
    'npx triplane export app.zip',
  ]);
  expect(outs.get('npx triplane import backup.zip')).toContain('149 triples and 4 files are as in the source');
  expect(readFileSync(join(folder, 'src/db.ts'), 'utf8')).toContain("from 'triplane/react'");
  expect(existsSync(join(folder, 'app.zip'))).toBe(true);
});

test('what goes wrong is told on stderr, with an exit code, and leaves no data behind', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'cut.zip'), readFileSync(recorded('backup-3')).subarray(0, 4000));
  const { code, out, err } = await run(folder, 'npx triplane import cut.zip');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^triplane: cut\.zip is no complete zip archive: /);
  expect(existsSync(join(folder, '.triplane'))).toBe(false);
});
