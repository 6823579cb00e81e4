// `triplane …` as a process of its own, in a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const pathTo = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

export interface Ended {
  /** Null if it was killed. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Command {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was printed so far. */
  readonly printed: () => string;
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const each of running) each.kill('SIGKILL');
});

export function startCommand(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const node = ['--import', pathTo('node_modules/tsx/dist/loader.mjs'), pathTo('src/server/cli/cli.ts'), ...args];
  const child = spawn(process.execPath, node, { cwd: folder, env: { ...process.env, ...env } });
  running.add(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err += String(data)));
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, out, err });
    }),
  );
  return { process: child, ended, printed: () => out };
}

export const runCommand = (folder: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> =>
  startCommand(folder, args, env).ended;
