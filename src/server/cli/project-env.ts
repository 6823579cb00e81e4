// Which app a project is for: its `.env`, below the environment of the process. No other name is read, so that nothing else in the file
// changes how a server runs.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';

/** Frameworks give pages only names that begin as theirs do. */
const frameworks = ['NEXT_PUBLIC_', 'PUBLIC_', 'VITE_', 'NUXT_PUBLIC_', 'EXPO_PUBLIC_', 'BUN_PUBLIC_'];

const names = {
  INSTANT_APP_ID: ['INSTANT_APP_ID', ...frameworks.map((prefix) => `${prefix}INSTANT_APP_ID`)],
  INSTANT_APP_ADMIN_TOKEN: ['INSTANT_APP_ADMIN_TOKEN'],
  INSTANT_CLI_API_URI: ['INSTANT_CLI_API_URI'],
  INSTANT_CLI_AUTH_TOKEN: ['INSTANT_CLI_AUTH_TOKEN'],
} as const;

export type ProjectEnv = Readonly<Partial<Record<keyof typeof names, string>>>;

/** `named`: another file than `.env`. Rejects if that one cannot be read. */
export async function projectEnv(folder: string, env: NodeJS.ProcessEnv, named?: string): Promise<ProjectEnv> {
  const text =
    named === undefined ? await readFile(join(folder, '.env'), 'utf8').catch(() => '') : await readFile(resolve(folder, named), 'utf8');
  const file = parseEnv(text);
  const given = Object.entries(names).map(([name, all]) => [name, all.map((each) => env[each] || file[each]).find(Boolean)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}
