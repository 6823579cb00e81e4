// An example as it is run: the command that its `npm start` is, without npm around it, so that a signal reaches it.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Run {
  readonly process: ChildProcess;
  /** Resolves when it has printed this. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly ended: Promise<{ readonly status: number | null; readonly out: string; readonly err: string }>;
}

type Env = Readonly<Record<string, string>>;

export function runExample(name: string, ...given: readonly (string | Env)[]): Run {
  const args = given.filter((each) => typeof each === 'string');
  const env = Object.assign({}, process.env, ...given.filter((each) => typeof each !== 'string')) as Env;
  const folder = join(root, 'examples', name);
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [tsx, ...rest] = scripts.start.split(' ');
  if (tsx !== 'tsx') throw new Error(`${name} is started by something else: ${scripts.start}`);
  const command = [join(root, 'node_modules/tsx/dist/cli.mjs'), ...rest, ...args];
  const child = spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += String(text)));
  child.stderr.on('data', (text) => (err += String(text)));
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => child.on('close', (status) => resolve({ status, out, err })));
  const printed = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = out.match(pattern);
        if (found) resolve(found);
      };
      child.stdout.on('data', look);
      void ended.then(() => reject(new Error(`It ended without printing ${pattern}:\n${out}${err}`)));
      look();
    });
  return { process: child, printed, ended };
}
