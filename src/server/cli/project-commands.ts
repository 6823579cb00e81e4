// `triplane push`, `triplane pull`, and the file watcher of `triplane dev`.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTriplaneError, TriplaneError } from '../../errors.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { type ProjectFiles, readProject } from './project-files.ts';
import { importedFiles } from './project-imports.ts';
import { pathFor, rulesFile, schemaFile, watchProject } from './project-paths.ts';
import { pull, push, type PushSettings } from './project-push.ts';
import type { Target } from './project-request.ts';
import { receiptsHint, withReceipts } from './project-receipts.ts';
import type { ProjectEnv } from './project-env.ts';
import { rulesText, schemaText } from './project-write.ts';

type Print = (line: string) => void;

/** Pushes the files' content now and after every change. Returns a function that stops it. */
export async function pushOnChange(target: Target, folder: string, print: Print, printError: Print): Promise<() => void> {
  let running: Promise<void> = Promise.resolve();
  let before: ProjectFiles | undefined;
  const once = async (): Promise<void> => {
    try {
      const files = await readProject(folder);
      for (const line of goneLines(before, files)) print(line);
      before = files;
      for (const line of await push(target, files)) print(line);
    } catch (error) {
      printError(isTriplaneError(error) ? error.message : String(error));
    }
    watched.look();
  };
  const again = (): void => void (running = running.then(once));
  // Before the first push, so that no change is missed.
  const watched = watchProject(folder, again, importedFiles);
  again();
  await running;
  return watched.stop;
}

/** A file that was removed changes nothing. */
function goneLines(before: ProjectFiles | undefined, now: ProjectFiles): string[] {
  return [
    ...(before?.schema !== undefined && now.schema === undefined ? ['! the schema file is gone; the app keeps its schema'] : []),
    ...(before?.rules !== undefined && now.rules === undefined ? ['! the rules file is gone; the app keeps its rules'] : []),
  ];
}

/** Which of the two files. */
export type Part = 'schema' | 'perms' | 'all';

/** Undefined = no part has that name. */
export function partOf(given = 'all'): Part | undefined {
  return (['schema', 'perms', 'all'] as const).find((part) => part === given);
}

export interface PushOptions extends PushSettings {
  readonly part?: Part;
  /** Whether the namespace and the rule for receipts are pushed as well. */
  readonly receipts?: boolean | undefined;
}

export async function pushProject(
  target: Target,
  folder: string,
  print: Print,
  { part = 'all', receipts = false, ...settings }: PushOptions = {},
): Promise<void> {
  const project = onlyPart(await readProject(folder), part);
  const files = receipts ? await withReceipts(target, project) : project;
  if (files.schema === undefined && files.rules === undefined) {
    const looked = part === 'all' ? `neither ${schemaFile} nor ${rulesFile}` : `no ${part === 'schema' ? schemaFile : rulesFile}`;
    throw new TriplaneError('config-invalid', `Found ${looked} in ${folder}`);
  }
  const changes = await push(target, files, settings);
  const hint = receiptsHint(files);
  for (const line of [...(changes.length > 0 ? changes : ['No changes']), ...(hint ? [hint] : [])]) print(line);
}

function onlyPart(files: ProjectFiles, part: Part): ProjectFiles {
  return {
    ...files,
    schema: part === 'perms' ? undefined : files.schema,
    rules: part === 'schema' ? undefined : files.rules,
  };
}

export async function pullProject(target: Target, folder: string, print: Print, part: Part = 'all'): Promise<void> {
  const { attrs, rules } = await pull(target);
  for (const [name, own, text] of [
    [schemaFile, 'schema', schemaText(attrs, await packageIn(folder))],
    [rulesFile, 'perms', rulesText(rules)],
  ] as const) {
    if (part !== 'all' && part !== own) continue;
    const path = pathFor(name, folder);
    await writeFile(path, text);
    print(`Written: ${path}`);
  }
}

/** The package the project imports `i` from; Triplane by default. */
async function packageIn(folder: string): Promise<string> {
  const manifest = await readJson(join(folder, 'package.json'));
  const used = { ...Object(manifest.dependencies), ...Object(manifest.devDependencies) } as object;
  const known = ['triplane', '@instantdb/react', '@instantdb/core', '@instantdb/admin'];
  return known.find((name) => Object.hasOwn(used, name)) ?? 'triplane';
}

export interface TargetFlags {
  readonly url?: string | undefined;
  readonly 'app-id'?: string | undefined;
  readonly 'admin-token'?: string | undefined;
  /** In place of the admin token. */
  readonly token?: string | undefined;
  readonly 'operator-token'?: string | undefined;
  readonly data?: string | undefined;
}

/** From flags, the environment and `.env`, or the data folder of a server started here. */
export async function targetOf(flags: TargetFlags, env: ProjectEnv, dataFolder: string): Promise<Target> {
  const saved = await readJson(join(flags.data ?? dataFolder, 'server.json'));
  const appId = flags['app-id'] ?? env.INSTANT_APP_ID ?? saved.appId;
  const own = flags['admin-token'] ?? env.INSTANT_APP_ADMIN_TOKEN ?? env.INSTANT_CLI_AUTH_TOKEN ?? saved.adminToken;
  const adminToken = flags.token ?? own;
  const url = flags.url ?? env.INSTANT_CLI_API_URI ?? 'http://127.0.0.1:4747';
  const operatorToken = flags['operator-token'] ?? saved.operatorToken;
  if (isUuid(appId) && isToken(adminToken)) return { url, appId, adminToken, ...(isUuid(operatorToken) && { operatorToken }) };
  throw new TriplaneError('config-invalid', 'Missing app: pass --app-id and --admin-token, or start triplane dev in this directory first');
}

/** A personal access token has a form of its own. */
const isToken = (given: unknown): given is string => isUuid(given) || (typeof given === 'string' && given.startsWith('per_'));

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}
