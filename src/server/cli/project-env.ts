// Which app a project is for: its `.env`, below the environment of the process. No other name is read, so that nothing else in the file
// changes how a server runs.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

const names = ['INSTANT_APP_ID', 'INSTANT_APP_ADMIN_TOKEN', 'INSTANT_CLI_API_URI'] as const;

export type ProjectEnv = Readonly<Partial<Record<(typeof names)[number], string>>>;

export async function projectEnv(folder: string, env: NodeJS.ProcessEnv): Promise<ProjectEnv> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '');
  const file = parseEnv(text);
  const given = names.map((name) => [name, env[name] ?? file[name]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''));
}
