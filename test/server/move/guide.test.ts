// Every command of docs/moving-from-instantdb.md that needs no server to go on running, run as it stands there; the old cloud is one that
// answers as it was recorded.

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectHelp } from '../../../src/server/cli/project-flags.ts';
import { moveHelp } from '../../../src/server/cli/move-flags.ts';
import { type Ended, pathTo, runCommand } from './command.ts';
import { backupHost, recordedApp, recordedToken } from './remote/backup-host.ts';
import { recorded, temporaryFolder } from './support.ts';

const guide = readFileSync(pathTo('docs/moving-from-instantdb.md'), 'utf8');
const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, text = '']) => text.trim().split('\n'));
const env = { INSTANT_APP_ID: recordedApp, INSTANT_APP_ADMIN_TOKEN: recordedToken };

function run(folder: string, command: string, cloud: string): Promise<Ended> {
  const words = command.split(' ').map((word) => {
    const variable = /^\$(\w+)$/.exec(word)?.[1];
    return variable === undefined
      ? word.replace('https://api.instantdb.com', cloud)
      : (Object.entries(env).find(([name]) => name === variable)?.[1] ?? '');
  });
  expect(words.slice(0, 2)).toEqual(['npx', 'triplane']);
  return runCommand(folder, words.slice(2));
}

test('the commands of the guide work', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const { url, asked } = await backupHost();
  copyFileSync(recorded('backup-3'), join(folder, 'backup.zip'));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/db.ts'), `import { init } from '@instantdb/react';\nexport const db = init({ appId: 'a' });\n`);
  const outs = new Map<string, string>();
  for (const command of commands) {
    const { code, out, err } = await run(folder, command, url);
    expect(code, `${command}\n${out}\n${err}`).toBe(0);
    outs.set(command, out);
  }
  expect([...outs.keys()]).toEqual([
    'npx triplane import --from https://api.instantdb.com --app-id $INSTANT_APP_ID --admin-token $INSTANT_APP_ADMIN_TOKEN',
    'npx triplane import backup.zip --replace',
    'npx triplane migrate',
    'npx triplane migrate --write',
    'npx triplane export app.zip',
  ]);
  for (const command of commands.slice(0, 2)) expect(outs.get(command)).toContain('149 triples and 4 files are as in the source');
  expect(asked.filter((each) => each.startsWith('POST'))).toEqual([`POST /dash/apps/${recordedApp}/backups`]);
  expect(JSON.parse(readFileSync(join(folder, '.triplane/server.json'), 'utf8'))).toMatchObject({
    appId: recordedApp,
    adminToken: recordedToken,
  });
  expect(readFileSync(join(folder, 'src/db.ts'), 'utf8')).toContain("from 'triplane/react'");
  expect(existsSync(join(folder, 'app.zip'))).toBe(true);
});

test('the guide and the help name the same options', () => {
  const named = (text: string): string[] => [...new Set([...text.matchAll(/--([a-z][a-z-]+)/g)].map(([, name = '']) => name))].sort();
  const ofServer = ['accept-tokens-from', 'app-id', 'admin-token', 'data', 'database', 'host', 'latest', 'trust-proxy'];
  const known = new Set([...named(moveHelp), ...named(projectHelp), ...ofServer]);
  expect(named(guide).filter((name) => !known.has(name))).toEqual([]);
  expect(named(moveHelp).filter((name) => !named(guide).includes(name))).toEqual([]);
});

test('a failed command writes to stderr, exits with 1, and leaves no data behind', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'cut.zip'), readFileSync(recorded('backup-3')).subarray(0, 4000));
  const { code, out, err } = await runCommand(folder, ['import', 'cut.zip']);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^triplane: cut\.zip is no complete zip archive: /);
  const { url } = await backupHost();
  const from = ['import', '--from', url, '--app-id', recordedApp];
  const faults = [
    [[...from, '--admin-token', recordedApp], `${url} does not accept this admin token for the app ${recordedApp}`],
    [from, '--from needs --app-id and --admin-token, as the old app has them'],
    [['import', '--from', 'api.example.com', ...from.slice(3), '--admin-token', recordedToken], '--from must be the address of a server'],
    [['import', '--follow'], '--follow and --live need --from'],
    [['import', 'a.zip', ...from.slice(1)], 'Import an archive, or --from a server, not both'],
  ] as const;
  const ended = await Promise.all(faults.map(([args]) => runCommand(folder, args)));
  expect(ended.map((each) => [each.code, each.out])).toEqual(faults.map(() => [1, '']));
  for (const [at, [, message]] of faults.entries()) expect(ended[at]?.err).toContain(`triplane: ${message}`);
  expect(existsSync(join(folder, '.triplane'))).toBe(false);
});
