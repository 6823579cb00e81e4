// `triplane push`, `triplane pull` and `triplane query` as they are called. What instant-cli has under the same name means the same.

import { TriplaneError } from '../../errors.ts';
import { defaultFolder } from './data-dir.ts';
import { partOf, pullProject, pushProject, targetOf, type TargetFlags } from './project-commands.ts';
import { projectEnv } from './project-env.ts';
import { readRenames } from './project-renames.ts';
import { queryCommand } from './query-command.ts';

export const projectOptions = {
  token: { type: 'string', short: 't' },
  env: { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
  rename: { type: 'string', multiple: true },
  'skip-check-types': { type: 'boolean' },
  receipts: { type: 'boolean' },
  admin: { type: 'boolean' },
  'as-email': { type: 'string' },
  'as-guest': { type: 'boolean' },
  'as-token': { type: 'string' },
} as const;

export const projectHelp = `  --url <url>               Server for push, pull and query. Default: INSTANT_CLI_API_URI, also in .env; else http://127.0.0.1:4747
  -t, --token <token>       With it instead of the admin token: the operator's, or a personal access token. Default: INSTANT_CLI_AUTH_TOKEN
  --env <file>              File to read in place of .env.
  --rename <old>:<new> …    Attributes that push renames before it looks for changes, such as posts.author:posts.creator
  --skip-check-types        Push a schema without its types.
  --receipts                Push the namespace and the rule of receipts too (docs/exactly-once.md).
  --admin, --as-guest, --as-email <address>, --as-token <refresh token>
                            Whose eyes query sees with.
  -y, --yes                 Changes nothing: there are no questions.`;

export interface ProjectFlags extends TargetFlags {
  readonly env?: string | undefined;
  readonly rename?: string[] | undefined;
  readonly 'skip-check-types'?: boolean | undefined;
  readonly receipts?: boolean | undefined;
  readonly admin?: boolean | undefined;
  readonly 'as-email'?: string | undefined;
  readonly 'as-guest'?: boolean | undefined;
  readonly 'as-token'?: string | undefined;
}

/** Undefined if the arguments are those of no such command. */
export function projectCommand(
  [command, ...given]: readonly string[],
  flags: ProjectFlags,
  print: (line: string) => void,
): (() => Promise<void>) | undefined {
  // More than one may follow the flag.
  const isRename = (argument: string): boolean => flags.rename !== undefined && argument.includes(':');
  const [argument, ...others] = command === 'push' ? given.filter((each) => !isRename(each)) : given;
  const part = partOf(argument);
  if (others.length > 0) return undefined;
  if (command === 'query' && argument !== undefined) return async () => queryCommand(await target(flags), argument, flags, print);
  if (!part || (command !== 'push' && command !== 'pull')) return undefined;
  if (command === 'pull') return async () => pullProject(await target(flags), process.cwd(), print, part);
  const renames = readRenames([...(flags.rename ?? []), ...given.filter(isRename)]);
  const options = { part, receipts: flags.receipts, renames, skipsTypes: flags['skip-check-types'] };
  return async () => pushProject(await target(flags), process.cwd(), print, options);
}

async function target(flags: ProjectFlags): ReturnType<typeof targetOf> {
  return targetOf(flags, await envOf(flags), defaultFolder);
}

/** @throws TriplaneError 'config-invalid' if the named file cannot be read */
export const envOf = ({ env }: ProjectFlags): ReturnType<typeof projectEnv> =>
  projectEnv(process.cwd(), process.env, env).catch((cause: unknown) => {
    throw new TriplaneError('config-invalid', `Cannot read ${env ?? '.env'}`, { cause });
  });
